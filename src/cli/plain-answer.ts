/** An answer that is no experiment, in the format that is asked for. */
import { jsonText } from '../report/json-text.ts';

export interface PlainAnswer {
  /** For programs. */
  readonly plain: () => object;
  readonly markdown?: () => string;
  /** For people. */
  readonly text: () => string;
}

export async function plainAnswerText(format: string, { plain, markdown, text }: PlainAnswer): Promise<string> {
  switch (format) {
    case 'json':
      return `${jsonText(plain(), 2)}\n`;
    case 'yaml': {
      const { writeYaml } = await import('../adapters/manifest/write-yaml.ts');
      return writeYaml(plain());
    }
    case 'markdown':
      return markdown!();
    default:
      return `${text()}\n`;
  }
}
