import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
  chmod,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFileStore } from '../../../src/adapters/store/local-store.ts';
import { createFileLock } from '../../../src/adapters/store/local-driver-lock.ts';
import { HELD_MS } from '../../../src/drive/lock-timing.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { createFileRecordLog } from '../../../src/adapters/store/record-log.ts';
import { createFileSecrets } from '../../../src/adapters/store/local-secrets.ts';
import {
  ForbiddenError,
  InvalidManifestError,
  NotFoundError,
  UnavailableError,
  UsageError,
} from '../../../src/errors.ts';
import type { Clock } from '../../../src/io.ts';
import { storeContract } from '../../contract/store.contract.ts';
import { bundleForNode } from '../../support/bundle.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { runs } from '../../support/search-depth.ts';

const clock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
const KEY = { namespace: 'default', name: 'a' };
const EXPERIMENT = {
  apiVersion: 'iter8.tools/v2alpha2' as const,
  kind: 'Experiment' as const,
  metadata: { name: 'a', namespace: 'default' },
  spec: { target: 't', strategy: { testingPattern: 'Conformance' as const }, versionInfo: { baseline: { name: 'v' } } },
};

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'iter8ctl-store-'));
});
afterEach(() => rm(dir, { recursive: true }));

storeContract('memory', () =>
  Promise.resolve({
    store: createMemoryStore({ clock: fakeClock() }),
    namespaces: ['one', 'two'],
    close: () => Promise.resolve(),
  }),
);

storeContract('a folder', async () => {
  const own = await mkdtemp(path.join(tmpdir(), 'iter8ctl-store-'));
  return {
    store: createFileStore({ dir: own, clock, pid: process.pid }),
    namespaces: ['one', 'two'],
    close: () => rm(own, { recursive: true }),
  };
});

function exited(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

describe('a folder shared by processes', () => {
  let patcher: string;
  beforeAll(async () => {
    patcher = await bundleForNode(path.join(import.meta.dirname, '../../support/processes/patcher.ts'));
  });

  const EACH = runs(60);
  it(`loses none of 8 x ${EACH} patches`, async () => {
    const store = createFileStore({ dir, clock, pid: process.pid });
    await store.create(EXPERIMENT);
    await Promise.all(
      Array.from({ length: 8 }, (_, k) =>
        exited(spawn(process.execPath, [patcher, dir, `p${k}`, String(EACH)], { stdio: 'inherit' })),
      ),
    );
    expect(Object.keys((await store.get(KEY)).status!.analysis!.aggregatedBuiltinHists!.data)).toHaveLength(8 * EACH);
  });

  it('stays readable, and open to others, when writers are killed in the middle', async () => {
    const store = createFileStore({ dir, clock, pid: process.pid });
    await store.create(EXPERIMENT);
    const file = path.join(dir, 'experiments/default/a.yaml');
    for (let round = 0; round < runs(8); round++) {
      const child = spawn(process.execPath, [patcher, dir, `r${round}`, '100000'], { stdio: 'inherit' });
      const gone = exited(child);
      // Until it has written: then it is always in the middle of something.
      for (;;) if ((await readFile(file, 'utf8')).includes(`"r${round}-20"`)) break;
      child.kill('SIGKILL');
      await gone;
      expect((await store.get(KEY)).status).toBeDefined();
      await store.patchStatus(KEY, { message: `round ${round}` });
      expect((await store.get(KEY)).status?.message).toBe(`round ${round}`);
    }
    // Nothing is left lying about once another process has written: each looks when it first writes there.
    await createFileStore({ dir, clock, pid: process.pid }).patchStatus(KEY, { message: 'swept' });
    expect((await readdir(path.dirname(file))).filter((name) => name !== 'a.yaml')).toEqual([]);
  });
});

describe('a folder', () => {
  it('lets no name out of it', async () => {
    const store = createFileStore({ dir, clock, pid: process.pid });
    for (const name of ['../../etc/passwd', '..', 'a/b', '', 'A', 'a\0b', 'x'.repeat(300)]) {
      await expect(store.get({ namespace: 'default', name })).rejects.toBeInstanceOf(UsageError);
      await expect(store.get({ namespace: name, name: 'a' })).rejects.toBeInstanceOf(UsageError);
    }
  });

  it('says where a file that was broken by hand is wrong, and passes over it in lists', async () => {
    const unreadable: string[] = [];
    const store = createFileStore({
      dir,
      clock,
      pid: process.pid,
      onUnreadable: (_, file) => unreadable.push(path.basename(file)),
    });
    await store.create(EXPERIMENT);
    await writeFile(path.join(dir, 'experiments/default/broken.yaml'), 'spec:\n  a: [1\n  b: 2\n');
    const error = await store.get({ namespace: 'default', name: 'broken' }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InvalidManifestError);
    expect((error as InvalidManifestError).issues[0]).toMatchObject({
      line: expect.any(Number) as number,
      column: expect.any(Number) as number,
    });
    expect((await store.list()).map(({ metadata }) => metadata.name)).toEqual(['a']);
    expect(unreadable).toEqual(['broken.yaml']);
  });
});

describe('the driver lock', () => {
  const me = { identity: 'me', description: 'process 1' };
  const you = { identity: 'you', description: 'process 2' };
  let locker: string;
  beforeAll(async () => {
    locker = await bundleForNode(path.join(import.meta.dirname, '../../support/processes/locker.ts'));
  });
  const heldElsewhere = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [locker, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    return child;
  };

  it('has one holder, and others learn its name', async () => {
    const lock = createFileLock({ dir, clock, pid: process.pid });
    expect(await lock.holder(KEY)).toBeUndefined();
    const taken = await lock.acquire(KEY, me);
    expect(await lock.acquire(KEY, you)).toEqual({ heldBy: me });
    expect(await lock.holder(KEY)).toEqual(me);
    if ('held' in taken) await taken.held.release();
    expect(await lock.holder(KEY)).toBeUndefined();
    expect(await lock.acquire(KEY, you)).toHaveProperty('held');
  });

  it('of a process that was killed is free at once', async () => {
    const lock = createFileLock({ dir, clock, pid: process.pid });
    const child = await heldElsewhere();
    expect(await lock.acquire(KEY, me)).toEqual({
      heldBy: { identity: String(child.pid), description: `process ${child.pid}` },
    });
    const gone = exited(child);
    child.kill('SIGKILL');
    await gone;
    expect(await lock.acquire(KEY, me)).toHaveProperty('held');
  });

  it('is kept by a process that lives, however long it was suspended', async () => {
    const later = fakeClock(Date.now() + 8 * 3_600_000);
    const child = await heldElsewhere();
    child.kill('SIGSTOP');
    const lock = createFileLock({ dir, clock: later, pid: process.pid });
    const held = { identity: String(child.pid), description: `process ${child.pid}` };
    expect(await lock.holder(KEY)).toEqual(held);
    expect(await lock.acquire(KEY, me)).toEqual({ heldBy: held });
    const gone = exited(child);
    child.kill('SIGKILL');
    await gone;
    expect(await lock.acquire(KEY, me)).toHaveProperty('held');
  });

  /** As if it had been made on another machine, where nobody can see whether its process lives. */
  const fromElsewhere = async (renewedMs: number): Promise<void> => {
    const folder = path.join(dir, 'locks/default/a');
    const [claim] = await readdir(folder);
    const foreign = path.join(folder, claim!.replace(/^[0-9a-f]{12}/, 'f'.repeat(12)));
    await rename(path.join(folder, claim!), foreign);
    await utimes(foreign, new Date(renewedMs), new Date(renewedMs));
  };

  it('of another machine that was not renewed for 15 s may be taken over', async () => {
    const lock = createFileLock({ dir, clock, pid: process.pid });
    await lock.acquire(KEY, me);
    await fromElsewhere(Date.now());
    expect(await lock.acquire(KEY, you)).toEqual({ heldBy: me });
    await fromElsewhere(Date.now() - HELD_MS - 1000);
    expect(await lock.holder(KEY)).toBeUndefined();
    expect(await lock.acquire(KEY, you)).toHaveProperty('held');
  });

  it('is given to exactly one of many who ask at once', async () => {
    const lock = createFileLock({ dir, clock, pid: process.pid });
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, k) => lock.acquire(KEY, { identity: `${k}`, description: `${k}` })),
    );
    expect(taken.filter((one) => 'held' in one)).toHaveLength(1);
  });

  it('that was lost is known before anything is stored, and its release does not free the next one', async () => {
    const lock = createFileLock({ dir, clock, pid: process.pid });
    const first = await lock.acquire(KEY, me);
    if (!('held' in first)) throw new Error('it is free');
    await first.held.confirm?.();
    expect(first.held.lost.aborted).toBe(false);
    await fromElsewhere(Date.now() - 2 * HELD_MS);
    expect(await lock.acquire(KEY, you)).toHaveProperty('held');
    await first.held.confirm?.();
    expect(first.held.lost.aborted).toBe(true);
    await first.held.release();
    expect(await lock.holder(KEY)).toEqual(you);
  });
});

describe('a folder that is none', () => {
  it.each([
    ['/dev/null', 'a part of the path is not a folder'],
    ['/proc/x', 'its file system takes none'],
    [`/${'x'.repeat(300)}`, 'the name is too long'],
  ])('is refused with its path: %s', async (root, reason) => {
    const store = createFileStore({ dir: root, clock, pid: process.pid });
    const lock = createFileLock({ dir: root, clock, pid: process.pid });
    const records = createFileRecordLog({ dir: root });
    for (const attempt of [
      () => store.create(EXPERIMENT),
      () => lock.acquire(KEY, { identity: 'me', description: 'me' }),
      () => records.append(KEY, [{}]),
    ]) {
      const error = await attempt().catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(UnavailableError);
      expect((error as Error).message).toContain(root);
      expect((error as Error).message).toContain(reason);
    }
    if (root === '/proc/x') return; // there is nothing to read, and that is no error
    for (const attempt of [
      () => store.get(KEY),
      () => lock.holder(KEY),
      () => records.reset(KEY),
      () => createFileSecrets({ dir: root }).read(KEY),
    ])
      await expect(attempt()).rejects.toBeInstanceOf(UnavailableError);
  });
});

describe('the record log', () => {
  const all = async (log: ReturnType<typeof createFileRecordLog>) => {
    const entries: unknown[] = [];
    for await (const entry of log.read(KEY)) entries.push(entry);
    return entries;
  };

  it('gives back what was appended, in order, and nothing when there is none', async () => {
    const log = createFileRecordLog({ dir });
    expect(await all(log)).toEqual([]);
    await log.append(KEY, [{ a: 1 }, { b: 'line\nbreak' }]);
    await log.append(KEY, [{ c: 3 }]);
    expect(await all(log)).toEqual([{ a: 1 }, { b: 'line\nbreak' }, { c: 3 }]);
    await log.reset(KEY);
    expect(await all(log)).toEqual([]);
  });

  it('loses only the line in which a writer was killed', async () => {
    const skipped: string[] = [];
    const log = createFileRecordLog({ dir, onUnreadable: (text) => skipped.push(text) });
    await log.append(KEY, [{ a: 1 }]);
    await appendFile(path.join(dir, 'records/default/a.ndjson'), '{"torn": tr');
    await log.append(KEY, [{ b: 2 }]);
    expect(await all(log)).toEqual([{ a: 1 }, { b: 2 }]);
    expect(skipped).toEqual([expect.stringContaining('a.ndjson:2')]);
  });
});

describe('a record that is no file', () => {
  const record = () => path.join(dir, 'records/default/a.ndjson');
  beforeEach(() => mkdir(path.dirname(record()), { recursive: true }));
  const read = async (log: ReturnType<typeof createFileRecordLog>) => {
    for await (const _ of log.read(KEY)) throw new Error('it holds something');
  };

  it('but a link is neither followed nor read, and is removed without what it points to', async () => {
    const victim = path.join(dir, 'victim');
    await writeFile(victim, '{"precious": true}\n');
    await symlink(victim, record());
    const log = createFileRecordLog({ dir });
    await expect(log.append(KEY, [{ a: 1 }])).rejects.toThrow(/^cannot write .*a.ndjson: it is a symbolic link$/);
    await expect(read(log)).rejects.toBeInstanceOf(ForbiddenError);
    await log.reset(KEY);
    expect(await readFile(victim, 'utf8')).toBe('{"precious": true}\n');
  });

  it('but a folder or a pipe is refused, and waits for nobody', async () => {
    const log = createFileRecordLog({ dir });
    await mkdir(record());
    await expect(log.append(KEY, [{ a: 1 }])).rejects.toThrow('it is a folder');
    await expect(log.reset(KEY)).rejects.toThrow('it is a folder');
    await rm(record(), { recursive: true });
    execFileSync('mkfifo', [record()]);
    await expect(log.append(KEY, [{ a: 1 }])).rejects.toThrow('it is not a file');
  });
});

describe('secrets', () => {
  const file = () => path.join(dir, 'secrets/default/a.yaml');
  beforeEach(async () => {
    await mkdir(path.dirname(file()), { recursive: true });
    await writeFile(
      file(),
      `kind: Secret\ndata: {token: ${Buffer.from('t0ken').toString('base64')}}\nstringData: {user: me}\n`,
      { mode: 0o600 },
    );
  });

  it('are read from Secret manifests', async () => {
    expect(await createFileSecrets({ dir }).read(KEY)).toEqual({ token: 't0ken', user: 'me' });
    await expect(createFileSecrets({ dir }).read({ namespace: 'default', name: 'b' })).rejects.toBeInstanceOf(
      NotFoundError,
    );
  });

  it('that others may read are refused, with what to do', async () => {
    await chmod(file(), 0o640);
    const error = await createFileSecrets({ dir })
      .read(KEY)
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ForbiddenError);
    expect((error as ForbiddenError).hint).toContain('chmod 600');
  });
});
