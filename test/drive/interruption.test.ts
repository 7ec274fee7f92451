/** Whatever ends a drive before the experiment does, nothing new begins: not the next task, nor the next step. */
import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import { hasEnded } from '../../src/experiment/conditions.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import type { HeldLock, TargetLock, TaskRunner } from '../../src/drive/ports.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { conformance, driveInMemory, healthy, type DriveSetup } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';

const script = (name: string) => ({ run: `echo ${name}` });
const threeScripts = (): WrittenExperiment =>
  conformance({ actions: { start: [script('a'), script('b'), script('c')] } });

/** Scripts that end when they are stopped; `during` happens in the first. */
function scripts(during: () => void): { readonly ran: string[]; readonly tasks: TaskRunner } {
  const ran: string[] = [];
  return {
    ran,
    tasks: {
      run: ({ task }) => {
        ran.push(task.run!);
        if (ran.length === 1) during();
        return Promise.resolve('done');
      },
    },
  };
}

function heldTarget(change: Partial<HeldLock> = {}): {
  readonly targets: TargetLock;
  lose: () => void;
  released: () => boolean;
} {
  const lost = new AbortController();
  let isReleased = false;
  const held: HeldLock = {
    lost: lost.signal,
    release: () => {
      isReleased = true;
      return Promise.resolve();
    },
    ...change,
  };
  return {
    targets: { acquire: () => Promise.resolve({ held }) },
    lose: () => lost.abort(new UnavailableError('the lease was taken over')),
    released: () => isReleased,
  };
}

async function stored(written: WrittenExperiment, setup: DriveSetup) {
  const clock = fakeClock();
  const store = createMemoryStore({ clock });
  const drive = await driveInMemory(written, { clock, store, ...setup }).catch((error: unknown) => error as Error);
  return { drive, experiment: await store.get({ namespace: 'default', name: written.metadata.name! }) };
}

describe('between two tasks', () => {
  it.each(['stop', 'kill'] as const)('a %s ends the drive, which can go on later', async (kind) => {
    const end = new AbortController();
    const { ran, tasks } = scripts(() => end.abort());
    const { drive, experiment } = await stored(threeScripts(), { tasks, options: { [kind]: end.signal } });
    expect(ran).toEqual(['echo a']);
    expect(drive).toMatchObject({ outcome: { interrupted: true } });
    expect(hasEnded(experiment)).toBe(false);
  });

  it('the loss of the driver lock ends the drive, which stores nothing more', async () => {
    const lost = new AbortController();
    const { ran, tasks } = scripts(() => lost.abort());
    const { drive, experiment } = await stored(threeScripts(), { tasks, options: { lost: lost.signal } });
    expect(ran).toEqual(['echo a']);
    expect(drive).toMatchObject({ outcome: { interrupted: true } });
    expect(readRecord(experiment)!.tasks['start/0']!.state).toBe('running');
  });

  it('the loss of the driver lock that only a save finds out ends it, too', async () => {
    const lost = new AbortController();
    let isSuspended = false;
    const { ran, tasks } = scripts(() => (isSuspended = true));
    const { drive } = await stored(threeScripts(), {
      tasks,
      confirm: () => {
        if (isSuspended) lost.abort();
        return Promise.resolve();
      },
      options: { lost: lost.signal },
    });
    expect(ran).toEqual(['echo a']);
    expect(drive).toMatchObject({ outcome: { interrupted: true } });
  });

  it('the loss of the target ends the drive as an error, with what was done saved', async () => {
    const target = heldTarget();
    const { ran, tasks } = scripts(target.lose);
    const { drive, experiment } = await stored(threeScripts(), { tasks, targets: target.targets });
    expect(ran).toEqual(['echo a']);
    expect(drive).toBeInstanceOf(UnavailableError);
    expect((drive as Error).message).toBe('the lock on target hello was lost: somebody else may work on it now');
    expect(hasEnded(experiment)).toBe(false);
    expect(target.released()).toBe(true);
  });

  it('the loss of the target that only a save finds out ends it, too', async () => {
    let isSuspended = false;
    const lost = new AbortController();
    const target = heldTarget({
      lost: lost.signal,
      confirm: () => {
        if (isSuspended) lost.abort();
        return Promise.resolve();
      },
    });
    const { ran, tasks } = scripts(() => (isSuspended = true));
    const { drive } = await stored(threeScripts(), { tasks, targets: target.targets });
    expect(ran).toEqual(['echo a']);
    expect(drive).toBeInstanceOf(UnavailableError);
  });
});

describe('under load', () => {
  it('the loss of the target ends the load at once, and nobody is promoted', async () => {
    const target = heldTarget();
    const { drive, experiment } = await stored(conformance({ collect: { numQueries: 1000 } }), {
      targets: target.targets,
      service: (version, k) => {
        if (k === 600) target.lose();
        return healthy(version, k);
      },
    });
    expect(drive).toBeInstanceOf(UnavailableError);
    expect(hasEnded(experiment)).toBe(false);
    expect(readRecord(experiment)!.load).toMatchObject({ state: 'ended' });
    expect(readRecord(experiment)!.tasks['start/0']!.counted![0]!.tally.response.n).toBeGreaterThan(590);
  });
});

describe('before the first measurement', () => {
  it('an experiment that is interrupted has not started, and starts when it goes on', async () => {
    const stop = new AbortController();
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    const written = conformance({ actions: {}, objectives: [{ metric: 'default/m', upperLimit: '1' }] });
    await store.createMetric({
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Metric',
      metadata: { name: 'm', namespace: 'default' },
      spec: { urlTemplate: 'http://metrics.test/', jqExpression: '{counts: .}' },
    });
    const { outcome } = await driveInMemory(written, {
      clock,
      store,
      metrics: {
        measure: () => {
          stop.abort();
          return Promise.reject(new Error('stopped'));
        },
      },
      options: { stop: stop.signal },
    });
    expect(outcome.interrupted).toBe(true);
    expect(outcome.experiment.status!.stage).toBe('Running');
    expect(outcome.experiment.status!.startTime).toBeUndefined();
  });
});
