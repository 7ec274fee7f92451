import { spawn, type ChildProcess } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFileStore } from '../../../src/adapters/store/local-store.ts';
import { createFileLock, HELD_MS } from '../../../src/adapters/store/local-driver-lock.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { createFileRecordLog } from '../../../src/adapters/store/record-log.ts';
import { createFileSecrets } from '../../../src/adapters/store/local-secrets.ts';
import { ForbiddenError, InvalidManifestError, NotFoundError, UsageError } from '../../../src/errors.ts';
import type { Clock } from '../../../src/io.ts';
import { storeContract } from '../../contract/store.contract.ts';
import { bundleForNode } from '../../support/bundle.ts';
import { fakeClock } from '../../support/fake-clock.ts';

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

  it('loses none of 8 x 200 patches', async () => {
    const store = createFileStore({ dir, clock, pid: process.pid });
    await store.create(EXPERIMENT);
    await Promise.all(
      Array.from({ length: 8 }, (_, k) =>
        exited(spawn(process.execPath, [patcher, dir, `p${k}`, '200'], { stdio: 'inherit' })),
      ),
    );
    expect(Object.keys((await store.get(KEY)).status!.analysis!.aggregatedBuiltinHists!.data)).toHaveLength(1600);
  });

  it('stays readable, and open to others, when writers are killed in the middle', async () => {
    const store = createFileStore({ dir, clock, pid: process.pid });
    await store.create(EXPERIMENT);
    const file = path.join(dir, 'experiments/default/a.yaml');
    for (let round = 0; round < 5; round++) {
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
    // Nothing is left lying about once somebody else has written.
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

  it('has one holder, whom others are told', async () => {
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

  it('that was not renewed for 15 s may be taken over, though its process lives', async () => {
    const later = fakeClock(Date.now() + HELD_MS + 1000);
    const child = await heldElsewhere();
    child.kill('SIGSTOP');
    const lock = createFileLock({ dir, clock: later, pid: process.pid });
    expect(await lock.holder(KEY)).toBeUndefined();
    expect(await lock.acquire(KEY, me)).toHaveProperty('held');
    const gone = exited(child);
    child.kill('SIGKILL');
    await gone;
  });

  it('is given to exactly one of many who ask at once', async () => {
    const lock = createFileLock({ dir, clock, pid: process.pid });
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, k) => lock.acquire(KEY, { identity: `${k}`, description: `${k}` })),
    );
    expect(taken.filter((one) => 'held' in one)).toHaveLength(1);
  });

  it('released by a holder that lost it does not free the next one', async () => {
    const lock = createFileLock({ dir, clock, pid: process.pid });
    const first = await lock.acquire(KEY, me);
    const folder = path.join(dir, 'locks/default/a');
    const [claim] = await readdir(folder);
    const old = new Date(Date.now() - 2 * HELD_MS);
    await utimes(path.join(folder, claim!), old, old);
    expect(await lock.acquire(KEY, you)).toHaveProperty('held');
    if ('held' in first) await first.held.release();
    expect(await lock.holder(KEY)).toEqual(you);
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
