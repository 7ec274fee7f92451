/** What lists keep between runs: found by the whole text and the build alone, and not believed where others may write. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createFileStore } from '../../../src/adapters/store/local-store.ts';
import { TextCache } from '../../../src/adapters/store/text-cache.ts';
import { openListLineCache } from '../../../src/cli/list-line-cache.ts';
import type { Experiment } from '../../../src/experiment/experiment.ts';
import { outlineOf } from '../../../src/experiment/list-outline.ts';
import { listRow, type ListRow } from '../../../src/view/experiment-view.ts';

const home = () => mkdtempSync(path.join(tmpdir(), 'iter8ctl-known-'));
const cacheOf = (place: string) => path.join(place, '.cache/iter8ctl');
const open = (place: string, change: { build?: string | undefined; dir?: string; off?: string } = {}) =>
  new TextCache({
    env: { HOME: place, NODE_DISABLE_COMPILE_CACHE: change.off },
    build: 'build' in change ? change.build : 'b1',
    dir: change.dir ?? '/shop/.iter8',
    pid: 7,
  });

/** A place where `sum` is known to be `value`. */
function learned(): { readonly place: string; readonly file: string } {
  const place = home();
  const known = open(place);
  known.learn('sum', 'value');
  known.save();
  const [name] = readdirSync(cacheOf(place));
  return { place, file: path.join(cacheOf(place), name!) };
}

it('keeps what was made of a text, for the same build and folder alone', () => {
  const { place } = learned();
  expect(open(place).of('sum')).toBe('value');
  expect(open(place).of('other')).toBeUndefined();
  expect(open(place, { build: 'b2' }).of('sum')).toBeUndefined();
  expect(open(place, { dir: '/other/.iter8' }).of('sum')).toBeUndefined();
  expect(open(place, { off: '1' }).of('sum')).toBeUndefined();
});

it('keeps nothing where the program runs from source', () => {
  const place = home();
  const known = open(place, { build: undefined });
  known.learn('sum', 'value');
  known.save();
  expect(readdirSync(place)).toEqual([]);
});

it.each<[string, (file: string) => void]>([
  ['a byte of it is damaged', (file) => writeFileSync(file, readFileSync(file, 'utf8').replace('value', 'valuf'))],
  ['it is cut off', (file) => writeFileSync(file, readFileSync(file, 'utf8').slice(0, -3))],
  ['it is empty', (file) => writeFileSync(file, '')],
  ['others may write it', (file) => chmodSync(file, 0o666)],
  ['others may write its folder', (file) => chmodSync(path.dirname(file), 0o777)],
  [
    'it is a link',
    (file) => {
      renameSync(file, `${file}.real`);
      symlinkSync(`${file}.real`, file);
    },
  ],
  [
    'it is a folder',
    (file) => {
      renameSync(file, `${file}.real`);
      mkdirSync(file);
    },
  ],
])('believes nothing, and fails nowhere, when %s', (_, harm) => {
  const { place, file } = learned();
  harm(file);
  const known = open(place);
  expect(known.of('sum')).toBeUndefined();
  known.learn('more', 1);
  expect(() => known.save()).not.toThrow();
});

/** A folder of experiments, and lists of it as `get --local` makes them. */
function folder() {
  const dir = path.join(home(), '.iter8');
  const place = home();
  mkdirSync(path.join(dir, 'experiments/default'), { recursive: true });
  const fileOf = (name: string) => path.join(dir, 'experiments/default', `${name}.yaml`);
  const template = JSON.parse(
    readFileSync(new URL('../../../bench/experiment.json', import.meta.url), 'utf8'),
  ) as object;
  const put = (name: string, change: object = {}) =>
    writeFileSync(fileOf(name), JSON.stringify({ ...template, metadata: { name, labels: { app: name } }, ...change }));
  /** `fileMs`: what each look at the clock says has passed since the last one. */
  const list = async (build?: string, { selector, fileMs = 0 }: { selector?: string; fileMs?: number } = {}) => {
    const rows = new Map<Experiment, ListRow>();
    let read = 0;
    let ms = 0;
    const refused: unknown[] = [];
    const known =
      build === undefined ? undefined : openListLineCache({ env: { HOME: place }, pid: 7 }, dir, rows, build);
    const clock = { now: () => 0, monotonicMs: () => (ms += fileMs), sleep: () => Promise.reject(new Error('waits')) };
    const store = createFileStore({ dir, clock, pid: 7, onUnreadable: (error) => refused.push(error) });
    const found = await store.list({
      selector,
      known,
      trim: (experiment) => {
        read += 1;
        const outline = outlineOf(experiment);
        rows.set(outline, listRow(experiment));
        return outline;
      },
    });
    known?.save();
    const lines = found.map((outline) => ({ outline, row: rows.get(outline) }));
    return {
      read,
      lines: lines.toSorted((a, b) => (a.outline.metadata.name < b.outline.metadata.name ? -1 : 1)),
      refused: refused.map((error) => `${error as Error}`).toSorted((a, b) => (a < b ? -1 : 1)),
    };
  };
  return { put, list, fileOf };
}

it('lists what did not change without reading it, and says the same', async () => {
  const { put, list } = folder();
  for (const name of ['a', 'b', 'c']) put(name);
  const plain = await list();
  expect(plain.lines[0]!.row!.headline).toContain('promote');
  expect(await list('b1')).toEqual({ ...plain, read: 3 });
  expect(await list('b1')).toEqual({ ...plain, read: 0 });
  expect((await list('b2')).read).toBe(3);
  expect(await list('b1', { selector: 'app=b' })).toEqual({ ...plain, read: 0, lines: plain.lines.slice(1, 2) });
});

it('reads again what was edited, even to a text that another object has', async () => {
  const { put, list, fileOf } = folder();
  for (const name of ['a', 'b']) put(name);
  await list('b1');
  put('a', { status: { stage: 'Running' } });
  const edited = await list('b1');
  expect(edited.read).toBe(1);
  expect(edited.lines.map(({ row }) => row!.stage)).toEqual(['Running', 'Completed']);
  put('a');
  expect((await list('b1')).read).toBe(0);
  // The name in the text no longer agrees with the path: it cannot be read, and is not shown as what it was.
  writeFileSync(fileOf('a'), readFileSync(fileOf('b')));
  expect((await list('b1')).lines.map(({ outline }) => outline.metadata.name)).toEqual(['b']);
});

/** Names of files that are none, or none of an experiment, and what makes them. */
const ODD: Readonly<Record<string, (file: string) => void>> = {
  'a-folder': (file) => mkdirSync(file),
  'a-link': (file) => symlinkSync('good-1.yaml', file),
  'a-pipe': (file) => execFileSync('mkfifo', [file]),
  'a-large-file': (file) => {
    writeFileSync(file, '');
    truncateSync(file, 16 * 1024 * 1024 + 1);
  },
  'no-utf-8': (file) => writeFileSync(file, Buffer.from([0x61, 0xff])),
  empty: (file) => writeFileSync(file, ''),
  'a-mark-before-it': (file) =>
    writeFileSync(file, `\ufeff${readFileSync(file.replace('a-mark-before-it', 'good-1'), 'utf8')}`),
};

it('says the same of files at hand, of files far away, and of all of them read as a whole', async () => {
  const { put, list, fileOf } = folder();
  // Longer and shorter ones in turns, so that nothing of one can be taken for the end of another.
  for (let index = 0; index < 12; index += 1)
    put(`good-${index}`, {
      metadata: { name: `good-${index}`, annotations: { note: 'x'.repeat(((index * 7) % 12) * 15_000) } },
    });
  for (const [name, make] of Object.entries(ODD)) make(fileOf(name));
  const whole = await list();
  expect(whole.refused).toHaveLength(Object.keys(ODD).length);
  expect(whole.lines.length).toBeGreaterThan(10);
  for (const [build, fileMs] of [
    ['at hand', 0],
    ['far away', 100],
    ['far away after ten files', 1],
  ] as const) {
    expect(await list(build, { fileMs })).toEqual(whole);
    const again = await list(build, { fileMs });
    expect({ ...again, read: whole.read }).toEqual(whole);
    expect(again.read).toBe(0);
  }
});
