/** The commands on the pages are valid, and their links lead to something. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsed, wordsOf } from '../support/hints.ts';

const root = path.join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const pages = [
  'README.md',
  ...readdirSync(path.join(root, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];
const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };

/** Lines of bash blocks, without comments; a line that goes on after `\` is one. */
function typed(page: string): string[] {
  return [...page.matchAll(/^```bash\n([\s\S]*?)^```$/gm)].flatMap(([, body]) =>
    body!
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .map((line) => line.replace(/(^|\s+)# .*$/, ''))
      .filter((line) => line !== ''),
  );
}

/** Calls of iter8ctl: first in a line, or behind `&&`, `|` or `<(`. */
const calls = (line: string): string[] =>
  [...line.matchAll(/(?:^|&& |\| |<\()(iter8ctl (?:'[^']*'|[^|&>)'])*)/g)].map(([, call]) => call!);

describe.each(pages)('%s', (file) => {
  const text = read(file);

  it('has commands that can be typed', async () => {
    for (const line of typed(text)) {
      for (const call of calls(line)) {
        const words = wordsOf(call).slice(1);
        if (words[0]?.startsWith('-') !== true) await expect(parsed(words), `${file}: ${line}`).resolves.toBeDefined();
      }
      const [, script] = /npm run (?:--silent )?([\w:-]+)/.exec(line) ?? [];
      if (script !== undefined) expect(Object.keys(scripts), line).toContain(script);
    }
  });

  it('links to files that are there', () => {
    const links = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(
      ([, to]) => to!,
    );
    const missing = links.filter((to) => !/^\w+:/.test(to) && !existsSync(path.join(root, path.dirname(file), to)));
    expect(missing).toEqual([]);
  });
});

describe('README.md', () => {
  it('comes to the first verdict on the first screen', () => {
    const lines = read('README.md').split('\n');
    const verdict = lines.findIndex((line) => line.startsWith('promote hello-candidate'));
    expect(verdict).toBeGreaterThan(0);
    expect(verdict).toBeLessThan(45);
    expect(lines.indexOf('```', verdict)).toBeLessThan(45);
    expect(lines.slice(0, 45).filter((line) => line.length > 120)).toEqual([]);
  });
});
