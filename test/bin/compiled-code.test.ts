/** Code that is kept compiled between two runs: never in the way, and never anybody else's. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { inFull } from '../support/search-depth.ts';

const program = path.join(import.meta.dirname, '../../bin/iter8ctl.js');

function place() {
  const home = mkdtempSync(path.join(tmpdir(), 'iter8ctl-home-'));
  const folder = path.join(home, '.cache/iter8ctl');
  const run = (env: NodeJS.ProcessEnv = {}, args: readonly string[] = ['--version']) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: home, ...env },
    });
    return { status, out: stdout.trim(), err: stderr };
  };
  const kept = () => (existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : []);
  return { home, folder, run, kept };
}

const fine = { status: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string, err: '' };

describe('compiled code', inFull, () => {
  it('is written once, for the user alone, and read the next time', () => {
    const { folder, run, kept } = place();
    expect(run()).toEqual(fine);
    const [file, ...more] = kept();
    expect(more).toEqual([]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(file!).mode & 0o777).toBe(0o600);
    const old = new Date('2026-01-01T00:00:00Z');
    utimesSync(file!, old, old);
    expect(run()).toEqual(fine);
    expect(statSync(file!).mtime).toEqual(old);
  });

  it('loads what a command needs late as code that was not kept does', () => {
    const { run } = place();
    const args = ['describe', '-f', 'http://127.0.0.1:1/manifest.yaml'];
    const plain = run({ NODE_DISABLE_COMPILE_CACHE: '1' }, args);
    expect(plain).toMatchObject({ status: 7, err: expect.stringContaining('refused') as string });
    for (const _ of ['written', 'read', 'read again']) expect(run({}, args)).toEqual(plain);
  });

  it.each([
    ['--version', 'main'],
    ['--help', 'commands main'],
    ['describe -f bench/experiment.json', 'look main'],
    ['describe -f test/fixtures/recorded/00-first-exp/final.yaml', 'judging look main'],
    ['describe -f no-such-file', 'look main', 2],
  ])('is of the files of the program that a command needs, and of no other: %s', (typed, files, status = 0) => {
    const { run, kept } = place();
    expect(run({}, typed.split(' ')).status).toBe(status);
    const names = kept().map((file) => /^[a-z-]+?-([a-z]+)-\w+-v\d/.exec(path.basename(file))?.[1]);
    expect(names.toSorted((a, b) => (a! < b! ? -1 : 1)).join(' ')).toBe(files);
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    [
      'with one bit changed',
      (bytes: Buffer) => Buffer.from(bytes.map((byte, at) => (at === 50_000 ? byte ^ 1 : byte))),
    ],
    ['empty', () => Buffer.alloc(0)],
    ['of something else', () => Buffer.from('x'.repeat(100_000))],
  ])('that is damaged (%s) is not used, and written again', (_, damage) => {
    const { run, kept } = place();
    run();
    const [file] = kept();
    const good = readFileSync(file!);
    writeFileSync(file!, damage(good));
    expect(run()).toEqual(fine);
    expect(readFileSync(file!).length).toBeGreaterThan(good.length / 2 + 1);
    expect(readFileSync(file!).equals(damage(good))).toBe(false);
  });

  it.each([
    [
      'a folder that others may write',
      ({ folder }: ReturnType<typeof place>) => {
        mkdirSync(folder, { recursive: true });
        chmodSync(folder, 0o777);
      },
    ],
    [
      'a link instead of the folder',
      ({ home, folder }: ReturnType<typeof place>) => {
        mkdirSync(path.dirname(folder));
        mkdirSync(path.join(home, 'elsewhere'));
        symlinkSync('../elsewhere', folder);
      },
    ],
    [
      'a file instead of the folder',
      ({ folder }: ReturnType<typeof place>) => {
        mkdirSync(path.dirname(folder));
        writeFileSync(folder, '');
      },
    ],
  ])('is kept nowhere with %s', (_, make) => {
    const here = place();
    make(here);
    expect(here.run()).toEqual(fine);
    expect(statSync(here.folder).isDirectory() ? readdirSync(here.folder) : []).toEqual([]);
  });

  it('takes no more room than 128 MB: what was written first goes', () => {
    const { folder, run, kept } = place();
    run();
    const [ours] = kept();
    const others = [3, 2, 1].map((hoursAgo) => {
      const file = path.join(folder, `other-main-${hoursAgo}.v8`);
      writeFileSync(file, '');
      truncateSync(file, 50 * 1024 * 1024); // of a disk they take nothing
      const then = Date.now() / 1000 - hoursAgo * 3600;
      utimesSync(file, then, then);
      return file;
    });
    run({}, ['--help']);
    expect(kept()).toContain(ours);
    expect(
      kept()
        .filter((file) => others.includes(file))
        .toSorted(),
    ).toEqual(others.slice(1).toSorted());
  });

  it('of a file that others may write is not used', () => {
    const { run, kept } = place();
    run();
    const [file] = kept();
    chmodSync(file!, 0o666);
    expect(run()).toEqual(fine);
    expect(statSync(file!).mode & 0o777).toBe(0o600); // written again
  });

  it('is not kept when it is turned off, and nothing fails without a home', () => {
    const { run, kept } = place();
    expect(run({ NODE_DISABLE_COMPILE_CACHE: '1' })).toEqual(fine);
    expect(kept()).toEqual([]);
    expect(run({ HOME: undefined })).toEqual(fine);
    expect(run({ HOME: '/proc/1/nowhere' })).toEqual(fine);
    expect(run({ XDG_CACHE_HOME: 'relative' })).toEqual(fine);
  });
});
