import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { cycles, importsOf, violations } from './support/arrows.ts';

const src = path.join(import.meta.dirname, '../src');
const everyFile = [src, import.meta.dirname].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }),
);
const files = new Map(
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file.split(path.sep).join('/'), readFileSync(path.join(src, file), 'utf8')]),
);

describe('the source', () => {
  it('follows the arrows', () => {
    expect(files.size).toBeGreaterThan(50);
    expect(violations(files)).toEqual([]);
  });

  it('has no file of more than 400 lines', () => {
    expect([...files].filter(([, text]) => text.split('\n').length > 400).map(([file]) => file)).toEqual([]);
  });

  it('has no files that import one another in a circle', () => {
    expect(cycles(files)).toEqual([]);
  });
});

describe('comments', () => {
  const paths = everyFile.map((file) => `/${file.split(path.sep).join('/')}`);
  const isThere = (name: string) => paths.some((file) => file.endsWith(`/${name.replace(/^(\.\/|src\/|test\/)/, '')}`));

  it('name files that are there', () => {
    const named = [...files].flatMap(([file, text]) =>
      [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, name]) => ({ file, name: name! })),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ name }) => !isThere(name))).toEqual([]);
  });
});

describe('the check of the arrows', () => {
  const broken = (file: string, source: string) => violations(new Map([[file, source]]));
  it.each([
    ['render -> cli', 'render/x.ts', "import { run } from '../cli/run.ts';"],
    ['a type', 'render/x.ts', "import type { Io } from '../adapters/store/local-store.ts';"],
    ['an import()', 'view/x.ts', "const x = await import('../render/describe.ts');"],
    ['an export from', 'experiment/x.ts', "export { y } from '../evidence/request-tally.ts';"],
    ['one adapter of another', 'adapters/load/x.ts', "import { y } from '../store/local-store.ts';"],
    ['the drive of an adapter', 'drive/x.ts', "import { y } from '../adapters/store/local-store.ts';"],
    ['a dependency outside its home', 'judge/x.ts', "import * as z from 'zod';"],
    ['process below main', 'cli/x.ts', 'export const x = () => process.exit(1);'],
    ['a barrel', 'text/index.ts', ''],
    ['an unknown room', 'utils/x.ts', ''],
  ])('sees %s', (_, file, source) => expect(broken(file, source)).toHaveLength(1));

  it.each([
    ['cli of anything', 'cli/x.ts', "import { y } from '../adapters/store/local-store.ts';"],
    ['an adapter of a port', 'adapters/load/x.ts', "import type { LoadRun } from '../../drive/ports.ts';"],
    ['a comment about process.exit', 'cli/x.ts', '// process.exit(1) would lose output'],
  ])('lets %s pass', (_, file, source) => expect(broken(file, source)).toEqual([]));

  it('sees a circle, of types and over several files', () => {
    const circle = new Map([
      ['judge/a.ts', "import type { B } from './b.ts';"],
      ['judge/b.ts', "import { c } from './limits/c.ts';"],
      ['judge/limits/c.ts', "import { a } from '../a.ts';"],
      ['judge/d.ts', "import { a } from './a.ts';"],
    ]);
    expect(cycles(circle)).toEqual(['judge/a.ts -> judge/b.ts -> judge/limits/c.ts -> judge/a.ts']);
  });

  it('reads imports over several lines', () => {
    expect(importsOf("import {\n  a,\n  b,\n} from './x.ts';\nimport './y.ts';")).toEqual(['./x.ts', './y.ts']);
  });
});
