/** The commands and files of a Markdown page, in their order, so that a test can do what the page says. */

export interface PageCommand {
  readonly kind: 'command';
  /** As it stands in the page, without its comment. */
  readonly line: string;
  /** What a comment behind it says ("exit code 3"); 0 without one. */
  readonly code: number;
  /** Lines of standard output that the page shows for it. */
  readonly shown: readonly string[];
}
export interface PageFile {
  readonly kind: 'file';
  readonly name: string;
  readonly text: string;
}
export interface PageSection {
  readonly title: string;
  readonly steps: readonly (PageCommand | PageFile)[];
}

const COMMENT = / +# (.*)$/;
const EXIT_CODE = /exit code (\d+)/;

/** Throws where a block belongs to nothing, so that no block of a page stays untried. */
export function sectionsOfPage(markdown: string): PageSection[] {
  return markdown.split(/^## /m).slice(1).map(section);
}

function section(text: string): PageSection {
  const [title = ''] = text.split('\n', 1);
  const steps: (PageCommand | PageFile)[] = [];
  for (const [, language, body] of text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
    if (language === 'bash') steps.push(...commandsOf(body!));
    else if (language === 'yaml') steps.push(fileOf(body!, title));
    else if (language === 'text') {
      const last = steps.at(-1);
      if (last?.kind !== 'command') throw new Error(`${title}: a text block stands behind no command`);
      steps[steps.length - 1] = { ...last, shown: body!.trimEnd().split('\n') };
    } else throw new Error(`${title}: a block of ${language === '' ? 'no language' : language} is not run`);
  }
  return { title, steps };
}

function commandsOf(body: string): PageCommand[] {
  return body
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const comment = COMMENT.exec(line)?.[1] ?? '';
      return {
        kind: 'command',
        line: line.replace(COMMENT, ''),
        code: Number(EXIT_CODE.exec(comment)?.[1] ?? 0),
        shown: [],
      };
    });
}

function fileOf(body: string, title: string): PageFile {
  const name = /^# file: ([\w.-]+)\n/.exec(body)?.[1];
  if (name === undefined) throw new Error(`${title}: a yaml block does not begin with "# file: NAME"`);
  return { kind: 'file', name, text: body };
}

/** Whether the lines stand in the output one behind the other; `…` is any text within a line. */
export function shows(output: string, lines: readonly string[]): boolean {
  const pattern = lines.map((line) =>
    line
      .split('…')
      .map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`))
      .join('.*'),
  );
  return new RegExp(`^${pattern.join('\n')}`, 'm').test(output);
}
