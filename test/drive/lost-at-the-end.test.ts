/** A lock that is lost while an experiment comes to its end: how it ends is said by who has the lock then. */
import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import { hasEnded } from '../../src/experiment/conditions.ts';
import { KEY } from '../support/asking.ts';
import { build } from '../support/changing-builds.ts';
import { conformance, driveInMemory, storeWithMetrics, type DriveSetup } from '../support/driving.ts';
import { memoryTraffic } from '../support/memory-traffic.ts';
import { runMoving, type Pattern } from '../support/moving-traffic.ts';

const metrics = { requests: { type: 'Counter' }, errors: { type: 'Gauge', sampleSize: 'requests' } };
const isBack = (split: readonly unknown[]) => split[1] === 0;
const isPromoted = (split: readonly unknown[]) => split[1] === 100;

/** The lock is lost once traffic has moved for the last time. */
async function lostAfter(
  isLast: (split: readonly unknown[]) => boolean,
  { share, spec, setup }: { share: number; spec: Pattern; setup: (lost: AbortController) => DriveSetup },
) {
  const traffic = memoryTraffic({ old: 100, new: 0 });
  const store = await storeWithMetrics(metrics);
  const lost = new AbortController();
  traffic.afterWrite = () => {
    if (traffic.writes.length > 1 && isLast([...traffic.fields.values()]))
      lost.abort(new UnavailableError('the lease was taken over'));
  };
  const drive = await runMoving(traffic, share, { store, spec, ...setup(lost) }).catch((error: unknown) => error);
  const left = await store.get(KEY);
  return { drive, left };
}

/** Of the experiment. */
const driver = ({ signal: lost }: AbortController): DriveSetup => ({ options: { lost } });
const target = ({ signal: lost }: AbortController): DriveSetup => ({
  targets: { acquire: () => Promise.resolve({ held: { lost, release: () => Promise.resolve() } }) },
});
const failing: Pattern = { rollBack: false, finish: [{ run: 'promote' }] };

describe('whoever loses the lock on the experiment', () => {
  it('says of none that failed meanwhile that it has ended', async () => {
    const tasks = { run: () => Promise.reject(new UnavailableError('exit 1')) };
    const setup = (lost: AbortController) => ({ ...driver(lost), tasks });
    const { drive, left } = await lostAfter(isBack, { share: 0.001, spec: failing, setup });
    expect(hasEnded(left)).toBe(false);
    expect(drive).toMatchObject({ outcome: { interrupted: true } });
  });
});

it('an end that came when the lock was lost is none, whatever was about to be saved', async () => {
  const store = await storeWithMetrics({});
  const lost = new AbortController();
  let isLast = false;
  const { outcome } = await driveInMemory(conformance(), {
    store,
    options: { lost: lost.signal },
    confirm: () => Promise.resolve(isLast ? lost.abort(new UnavailableError('the lease was taken over')) : undefined),
    onEvent: (event) => {
      isLast ||= event.kind === 'condition' && event.reason === 'ExperimentCompleted';
    },
  });
  expect(hasEnded(await store.get(KEY))).toBe(false);
  expect(outcome.interrupted).toBe(true);
});

describe('whoever loses the target', () => {
  it('ends no experiment whose traffic it could not put back, since another build runs now', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const store = await storeWithMetrics(metrics);
    const isThere = () => isPromoted([...traffic.fields.values()]);
    const image = () => (isThere() ? 'hello:2' : 'hello:1');
    const builds = { read: () => Promise.resolve([{ version: 'new', build: build(image(), ['h'], 'new') }]) };
    const lost = new AbortController();
    traffic.beforeWrite = () => {
      if (!isThere()) return;
      lost.abort(new UnavailableError('the lease was taken over'));
      throw lost.signal.reason;
    };
    await expect(runMoving(traffic, 0.001, { store, builds, ...target(lost) })).rejects.toThrow('was lost');
    expect(hasEnded(await store.get(KEY))).toBe(false);
    traffic.beforeWrite = () => undefined;
    const { verdict } = await runMoving(traffic, 0.001, { store });
    expect([verdict, ...traffic.fields.values()]).toEqual(['undecided', 100, 0]);
  });

  it('fails none whose traffic it could not put back', async () => {
    const tasks = { run: () => Promise.reject(new UnavailableError('exit 1')) };
    const setup = (lost: AbortController) => ({ ...target(lost), tasks });
    const { drive, left } = await lostAfter(isBack, { share: 0.001, spec: failing, setup });
    expect(drive).toMatchObject({ message: expect.stringContaining('the lock on target hello was lost') as string });
    expect(hasEnded(left)).toBe(false);
  });
});
