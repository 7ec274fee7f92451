/** A script that a controller has begun as a Job, which goes on when the controller is killed; whoever goes on makes no Jobs. */
import { expect, it } from 'vitest';
import type { Rejoined, TaskCall, TaskRunner } from '../../src/drive/ports.ts';
import { ForbiddenError, Iter8Error } from '../../src/errors.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { conformance, driveInMemory } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';

const ONRESUME = ['fail', 'skip', 'repeat'];
const TASK = 'finish/0';

const finishing = (inputs: object): WrittenExperiment =>
  conformance({ actions: { finish: [{ run: 'promote', with: inputs }] } });

/** Behind a controller that was killed within the script: drivers that make no Jobs, one after another. */
async function behindController(inputs: object) {
  const written = finishing(inputs);
  const clock = fakeClock();
  const store = createMemoryStore({ clock });
  const death = new Error('killed');
  const controller: TaskRunner = { keeps: () => true, run: () => Promise.reject(death) };
  await expect(driveInMemory(written, { store, clock, tasks: controller })).rejects.toBe(death);
  const here: (number | undefined)[] = [];
  const run = ({ tries }: TaskCall) => Promise.resolve(String(here.push(tries)));
  return {
    /** Tries of the script beside the Job. */
    here,
    /** `rejoin` absent: one that makes Jobs itself. */
    goOn: (rejoin?: TaskRunner['rejoin'], stop = new AbortController()) =>
      driveInMemory(written, {
        store,
        clock,
        tasks: { run, ...(rejoin === undefined ? { keeps: () => true } : { rejoin }) },
        options: { stop: stop.signal },
      }),
  };
}

const found = (what: Rejoined) => () => Promise.resolve(what);
const FAILED: Rejoined = { kind: 'failed', error: new Iter8Error('job default/x failed (exit 1)') };

it.each(ONRESUME)('is waited for, and what came of it counts (onResume: %s)', async (onResume) => {
  const done = await behindController({ onResume });
  const { outcome } = await done.goOn(found({ kind: 'done' }));
  const { tasks, warnings } = readRecord(outcome.experiment)!;
  expect([done.here, tasks[TASK]!.state]).toEqual([[], 'done']);
  expect(warnings.join()).not.toContain('under way');
  expect(outcome.recommendation.verdict).not.toBe('failed');

  const failed = await behindController({ onResume });
  const { reasons } = (await failed.goOn(found(FAILED))).outcome.recommendation;
  expect([failed.here, reasons.join()]).toEqual([[], expect.stringContaining('job default/x failed (exit 1)')]);
});

it('is tried again here when its Job has failed, and not beside it', async () => {
  const { here, goOn } = await behindController({ retries: 1 });
  const { outcome } = await goOn(found(FAILED));
  expect([here, readRecord(outcome.experiment)!.tasks[TASK]!.state]).toEqual([[2], 'done']);
});

it('is what onResume says where there is no Job of it', async () => {
  const verdicts = [];
  for (const onResume of ONRESUME) {
    const { here, goOn } = await behindController({ onResume });
    const { outcome } = await goOn(found({ kind: 'absent' }));
    verdicts.push([here, outcome.recommendation.verdict === 'failed']);
  }
  expect(verdicts).toEqual([
    [[], true],
    [[], false],
    [[1], false],
  ]);
});

it.each(ONRESUME)(
  'is left as it is by who is stopped, or may not see it, for the next driver (onResume: %s)',
  async (onResume) => {
    const { here, goOn } = await behindController({ onResume });
    const stop = new AbortController();
    const stopped = await goOn(({ signal }) => {
      stop.abort(new Error('stopped'));
      return Promise.reject(signal.reason as Error);
    }, stop);
    expect(stopped.outcome.interrupted).toBe(true);
    const unseen = new ForbiddenError('jobs cannot be seen');
    await expect(goOn(() => Promise.reject(unseen))).rejects.toBe(unseen);
    expect(here).toEqual([]);
    // A controller that is there again finds the Job of the same try.
    const { outcome } = await goOn();
    expect([here, readRecord(outcome.experiment)!.tasks[TASK]!.state]).toEqual([[1], 'done']);
  },
);
