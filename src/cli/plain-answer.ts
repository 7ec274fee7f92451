/** An answer that is no experiment, in the format that is asked for; in files and to a CI server as well. */
import { jsonText } from '../report/json-text.ts';
import type { CiAnswer } from './ci-report.ts';

export interface PlainAnswer {
  /** For programs. */
  readonly plain: () => object;
  /** For people. */
  readonly text: () => string;
}

/** With reports: each made when it is asked for. */
export interface ReportedAnswer extends PlainAnswer {
  readonly markdown: () => Promise<string>;
  readonly html: () => Promise<string>;
  readonly junit: () => Promise<string>;
  readonly ci: () => CiAnswer;
}

export const REPORTED_FORMATS = ['html', 'markdown', 'junit', 'json', 'yaml', 'ndjson'] as const;

export async function plainAnswerText(format: string, { plain, text }: PlainAnswer): Promise<string> {
  switch (format) {
    case 'json':
      return `${jsonText(plain(), 2)}\n`;
    case 'yaml': {
      const { writeYaml } = await import('../adapters/manifest/write-yaml.ts');
      return writeYaml(plain());
    }
    default:
      return `${text()}\n`;
  }
}

export async function reportedAnswerText(format: string, answer: ReportedAnswer): Promise<string> {
  switch (format) {
    case 'html':
      return answer.html();
    case 'markdown':
      return answer.markdown();
    case 'junit':
      return answer.junit();
    case 'ndjson':
      return `${jsonText(answer.plain())}\n`; // one answer, one line: for a file that others are appended to
    default:
      return plainAnswerText(format, answer);
  }
}
