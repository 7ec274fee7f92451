/** Tasks with hard edges: done once, also over several drivers; tried again; failures that do not count. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/drive/events.ts';
import { Iter8Error, NotApprovedError, UnavailableError, UndeliveredError } from '../../src/errors.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import type { TaskCall } from '../../src/drive/ports.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { conformance, driveInMemory, type DriveSetup } from '../support/driving.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { fakeClock } from '../support/fake-clock.ts';

const HTTP = { task: 'notification/http', with: { url: 'http://n.test/' } };

function finishing(
  ...tasks: { readonly with?: object; readonly task?: string; readonly run?: string; readonly if?: string }[]
): WrittenExperiment {
  const load = {
    task: 'metrics/collect',
    with: { numQueries: 10, qps: 50, versions: [{ name: 'hello', url: 'http://hello.test/' }] },
  };
  return conformance({ actions: { start: [load], finish: tasks }, strength: { extend: false } });
}

/** A runner that notes what it was asked to do. */
function runner(work: (call: TaskCall, k: number) => Promise<string> = () => Promise.resolve('done')) {
  const done: string[] = [];
  return { done, run: (call: TaskCall) => work(call, done.push(`${call.id} ${call.task.task ?? 'run'}`) - 1) };
}

/** The first driver dies in the middle of the first task of its runner; the second gets what was stored. */
async function killedWithin(
  written: WrittenExperiment,
): Promise<{ readonly setup: DriveSetup; readonly done: string[] }> {
  const clock = fakeClock();
  const store = createMemoryStore({ clock });
  const tasks = runner();
  const death = new Error('killed');
  const dying = runner(() => Promise.reject(death));
  await expect(driveInMemory(written, { store, clock, tasks: dying })).rejects.toBe(death);
  return { setup: { store, clock, tasks }, done: tasks.done };
}

describe('a task that was under way when its driver was killed', () => {
  it('is not repeated when it is a notification, and the run says so and goes on', async () => {
    const written = finishing(HTTP, { task: 'notification/slack', with: { channel: 'c', secret: 's' } });
    const { setup, done } = await killedWithin(written);
    const { outcome, events } = await driveInMemory(written, setup);
    expect(done).toEqual(['finish/1 notification/slack']);
    expect(readRecord(outcome.experiment)!.warnings).toContain(
      'notification/http of finish was under way when the driver before this one ended, and may have been done: it is not repeated (onResume: skip)',
    );
    expect(events).toContainEqual(expect.objectContaining({ kind: 'task-skipped', action: 'finish', index: 0 }));
    expect(outcome.interrupted).toBe(false);
    expect(outcome.recommendation.verdict).not.toBe('failed');
  });

  it('fails the experiment when it is a script', async () => {
    const written = finishing({ run: 'kubectl apply' });
    const { setup, done } = await killedWithin(written);
    const { outcome } = await driveInMemory(written, setup);
    expect(done).toEqual([]);
    expect(outcome.recommendation.reasons.join()).toContain(
      'run: it was under way when the driver before this one ended, and may have been done in part: it is not repeated (onResume: fail)',
    );
  });

  it('is repeated when it is a readiness check, or says so', async () => {
    for (const task of [
      { task: 'common/readiness' },
      { run: 'true', with: { onResume: 'repeat' } },
      { ...HTTP, with: { ...HTTP.with, onResume: 'repeat' } },
    ]) {
      const { setup, done } = await killedWithin(finishing(task));
      const { outcome } = await driveInMemory(finishing(task), setup);
      expect(done).toHaveLength(1);
      expect(outcome.recommendation.verdict).not.toBe('failed');
    }
  });

  it('is gone on with when it goes on by itself, as a Job does, whatever onResume says', async () => {
    const written = finishing({ run: 'true', with: { onResume: 'skip' } });
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    const keeps = () => true;
    const death = new Error('killed');
    await expect(
      driveInMemory(written, { store, clock, tasks: { keeps, run: () => Promise.reject(death) } }),
    ).rejects.toBe(death);
    const tries: unknown[] = [];
    const run = (call: TaskCall) => Promise.resolve(String(tries.push(call.tries)));
    await driveInMemory(written, { store, clock, tasks: { keeps, run } });
    expect(tries).toEqual([1]);
  });

  it('is not begun when its mark cannot be stored', async () => {
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    let isAway = false;
    const away = new Proxy(store, {
      get: (target, name) =>
        name === 'patchStatus' && isAway
          ? () => Promise.reject(new UnavailableError('the disk is full'))
          : (Reflect.get(target, name) as () => unknown).bind(target),
    });
    const tasks = runner();
    const onEvent = (event: Event) =>
      void (event.kind === 'task-started' && event.action === 'finish' && (isAway = true));
    await expect(driveInMemory(finishing(HTTP), { store: away, clock, tasks, onEvent })).rejects.toThrow(
      'the disk is full',
    );
    expect(tasks.done).toEqual([]);
  });

  it('has a mark in the store before it begins', async () => {
    const store = createMemoryStore({ clock: fakeClock() });
    let seen: string | undefined;
    const tasks = runner(async ({ experiment: { metadata } }) => {
      seen = readRecord(await store.get(metadata))!.tasks['finish/0']!.state;
      return 'done';
    });
    const { outcome } = await driveInMemory(finishing(HTTP), { store, tasks });
    expect([seen, readRecord(outcome.experiment)!.tasks['finish/0']!.state]).toEqual(['running', 'done']);
  });
});

describe('a task that fails', () => {
  const busy = () => Promise.reject(new UndeliveredError('busy', { again: 'safe', afterMs: 3000 }));

  it('is tried again as often as it says, and then does not count where it is a notification', async () => {
    const clock = fakeClock();
    const tasks = runner(busy);
    const { outcome, events } = await driveInMemory(finishing(HTTP), { tasks, clock });
    expect(tasks.done).toHaveLength(4);
    expect(events.flatMap((event) => (event.kind === 'task-retried' ? [event.text] : []))).toEqual([
      'notification/http of finish failed, trying again in 3 s (1 of 3): busy',
      'notification/http of finish failed, trying again in 3 s (2 of 3): busy',
      'notification/http of finish failed, trying again in 3 s (3 of 3): busy',
    ]);
    expect(readRecord(outcome.experiment)!.warnings).toContain(
      'notification/http of finish failed, which does not count (ignoreFailure): busy (4 tries)',
    );
    expect(outcome.recommendation.verdict).not.toBe('failed');
  });

  it('is not tried again when it may have been done', async () => {
    const often = { ...HTTP, with: { ...HTTP.with, retries: 2 } };
    for (const [again, written, tries] of [
      ['may-repeat', HTTP, 1],
      // The manifest asks for it.
      ['may-repeat', often, 3],
      ['useless', often, 1],
    ] as const) {
      const tasks = runner(() => Promise.reject(new UndeliveredError('late', { again })));
      await driveInMemory(finishing(written), { tasks });
      expect(tasks.done).toHaveLength(tries);
    }
  });

  it('fails the experiment where it says that it counts', async () => {
    const counts = { ...HTTP, with: { ...HTTP.with, ignoreFailure: false, retries: 0 } };
    const { outcome } = await driveInMemory(finishing(counts), { tasks: runner(busy) });
    expect(outcome.recommendation).toMatchObject({ verdict: 'failed' });
    expect(outcome.recommendation.reasons.join()).toContain('notification/http: busy');
  });

  it('is a script that is tried again, too', async () => {
    const tasks = runner((_, k) => (k < 2 ? Promise.reject(new Iter8Error('exit code 1')) : Promise.resolve('done')));
    const { outcome } = await driveInMemory(finishing({ run: 'true', with: { retries: 2 } }), { tasks });
    expect(tasks.done).toHaveLength(3);
    expect(outcome.recommendation.verdict).not.toBe('failed');
  });

  it('goes on with the tries that are left, after a driver that ended between two of them', async () => {
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    const stop = new AbortController();
    const first = runner(busy);
    await driveInMemory(finishing(HTTP), {
      store,
      clock,
      tasks: first,
      options: { stop: stop.signal },
      onEvent: (event) => void (event.kind === 'task-retried' && stop.abort()),
    });
    const second = runner(busy);
    await driveInMemory(finishing(HTTP), { store, clock, tasks: second });
    expect([first.done.length, second.done.length]).toEqual([1, 3]);
  });
});

describe('a condition that reads what is not there', () => {
  const unset = 'Labels.promote == "yes"';
  const reason = `if: ${unset}: there is no promote in nil`;

  it('ends the experiment, as every task that fails', async () => {
    const tasks = runner();
    const { outcome } = await driveInMemory(finishing({ run: 'promote', if: unset }), { tasks });
    expect(outcome).toMatchObject({ interrupted: false, recommendation: { verdict: 'failed' } });
    expect(outcome.recommendation.reasons.join()).toContain(`run: ${reason}`);
    expect(outcome.experiment.status!.conditions).toContainEqual(
      expect.objectContaining({ type: 'Failed', status: 'True', reason: 'HandlerFailed' }),
    );
    expect(tasks.done).toEqual([]);
  });

  it('is a warning where the failure of its task does not count', async () => {
    const tasks = runner();
    const { outcome } = await driveInMemory(finishing({ ...HTTP, if: unset }, { run: 'true' }), { tasks });
    expect(readRecord(outcome.experiment)).toMatchObject({ tasks: { 'finish/0': { state: 'skipped' } } });
    expect(readRecord(outcome.experiment)!.warnings).toContain(
      `notification/http of finish is not done, which does not count (ignoreFailure): ${reason}`,
    );
    expect(tasks.done).toEqual(['finish/1 run']);
    expect(outcome.recommendation.verdict).not.toBe('failed');
  });
});

it('a script that may not be run was not begun: once it is approved it runs', async () => {
  const clock = fakeClock();
  const store = createMemoryStore({ clock });
  const refused = runner(() => Promise.reject(new NotApprovedError('not approved')));
  await expect(driveInMemory(finishing({ run: 'true' }), { store, clock, tasks: refused })).rejects.toThrow(
    'not approved',
  );
  const tasks = runner();
  const { outcome } = await driveInMemory(finishing({ run: 'true' }), { store, clock, tasks });
  expect([tasks.done, outcome.recommendation.verdict]).not.toContain('failed');
  expect(tasks.done).toHaveLength(1);
});

it('Ctrl-C while a message is sent lets it arrive, and it is not sent again', async () => {
  const clock = fakeClock();
  const store = createMemoryStore({ clock });
  const stop = new AbortController();
  const tasks = runner(({ signal }) => {
    stop.abort();
    expect(signal.aborted).toBe(false);
    return Promise.resolve('sent');
  });
  const { outcome } = await driveInMemory(finishing(HTTP), { store, clock, tasks, options: { stop: stop.signal } });
  expect(outcome.interrupted).toBe(true);
  const again = runner();
  expect((await driveInMemory(finishing(HTTP), { store, clock, tasks: again })).outcome.interrupted).toBe(false);
  expect(again.done).toEqual([]);
});

it('messages get the verdict with its reasons', async () => {
  let received: unknown;
  const tasks = runner(({ result }) => {
    received = result?.();
    return Promise.resolve('sent');
  });
  const { outcome } = await driveInMemory(finishing(HTTP), { tasks });
  const { verdict, reasons } = outcome.recommendation;
  expect(received).toMatchObject({ verdict, reasons });
});
