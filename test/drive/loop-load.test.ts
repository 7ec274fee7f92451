/** Load that loop tasks send: while more of it is to come, nothing is missing yet, and no count is final. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/drive/events.ts';
import type { BuildReader, TaskRunner } from '../../src/drive/ports.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { replayObject, replayRecord } from '../../src/replay/replay.ts';
import { canary, conformance, driveInMemory, healthy, type DriveSetup } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import type { Service } from '../support/simulated-load.ts';

const collect = {
  task: 'metrics/collect',
  with: { numQueries: 100, qps: 50, versions: [{ name: 'hello', url: 'http://hello.test/' }] },
};
const METRIC = 'iter8-system/';

/** Four loops, each with 100 requests behind its iteration. */
async function looped(objective: object, strength: object = {}, service: Service = healthy) {
  const driven = await driveInMemory(
    conformance({
      objectives: [{ rollback_on_failure: true, ...objective }],
      strength: { extend: false, ...strength },
      actions: { loop: [collect] },
      duration: { intervalSeconds: 1, iterationsPerLoop: 1, maxLoops: 4 },
    }),
    { service },
  );
  const { experiment, recommendation } = driven.outcome;
  const replayed = [
    replayRecord(JSON.parse(JSON.stringify(driven.log)) as object[], { strength: {} }),
    replayObject(experiment, { strength: {} }),
  ];
  for (const one of replayed) expect(readRecord(one)!.recommendation).toEqual(recommendation);
  return { loads: driven.load.plans.length, verdict: recommendation.verdict, events: driven.events };
}

describe('while loops are to come', () => {
  it.each([
    ['a count that is not reached yet is not violated', { metric: `${METRIC}request-count`, lowerLimit: '300' }, {}],
    ['nor is it without confidence', { metric: `${METRIC}request-count`, lowerLimit: '300' }, { confidence: 'none' }],
    ['no request is no missing data', { metric: `${METRIC}error-rate`, upperLimit: '0.05' }, { noData: 'violated' }],
    [
      'a count that is not exceeded yet is not satisfied',
      { metric: `${METRIC}error-count`, upperLimit: '5' },
      { stopEarly: true },
    ],
  ])('%s', async (_, objective, strength) => {
    expect(await looped(objective, strength)).toMatchObject({ loads: 4, verdict: 'promote' });
  });

  it('a count that is exceeded is violated at once, and one that was not reached at the end', async () => {
    const errors = { metric: `${METRIC}error-count`, upperLimit: '5' };
    const broken: Service = () => ({ latencyMs: 20, code: '503' });
    expect(await looped(errors, {}, broken)).toMatchObject({ loads: 1, verdict: 'do not promote' });
    const requests = { metric: `${METRIC}request-count`, lowerLimit: '500' };
    expect(await looped(requests)).toMatchObject({ loads: 4, verdict: 'do not promote' });
  });
});

describe('what stands behind it in the same action', () => {
  const versions = ['old', 'new'].map((name) => ({ name, url: `http://${name}.test/` }));
  const load = { ...collect, with: { ...collect.with, numQueries: 200, versions } };
  const base = canary({ objectives: [{ metric: `${METRIC}error-rate`, upperLimit: '0.05' }] });
  const written = {
    ...base,
    spec: {
      ...base.spec,
      strategy: {
        ...base.spec.strategy,
        actions: { loop: [load, { run: 'widen', if: 'CandidateWon()' }, { run: 'warn', if: 'not CandidateWon()' }] },
      },
      duration: { intervalSeconds: 1, iterationsPerLoop: 1, maxLoops: 2 },
    },
  };
  const doneIn = async (setup: DriveSetup = {}) => {
    const done: string[] = [];
    const tasks: TaskRunner = { run: ({ id }) => Promise.resolve(String(done.push(id))) };
    const { outcome } = await driveInMemory(written, { ...setup, tasks });
    return { done, interrupted: outcome.interrupted };
  };

  it('has a winner for what follows it, and not as of the iteration before', async () => {
    expect((await doneIn()).done).toEqual(['loop1/1', 'loop2/1']);
    let loads = 0;
    const onEvent = (event: Event) => {
      if (event.kind === 'task-started' && event.task === 'metrics/collect') loads += 1;
    };
    const service: Service = (version) => ({ latencyMs: 5, code: version === 'new' && loads === 2 ? '503' : '200' });
    expect((await doneIn({ service, onEvent })).done).toEqual(['loop1/1', 'loop2/2']);
  });

  it('has the same winner for the driver after one that ended between the two', async () => {
    const store = createMemoryStore({ clock: fakeClock() });
    const stop = new AbortController();
    const onEvent = (event: Event) => {
      if (event.kind === 'task-done') stop.abort();
    };
    expect(await doneIn({ store, onEvent, options: { stop: stop.signal } })).toMatchObject({
      done: [],
      interrupted: true,
    });
    expect((await doneIn({ store })).done).toEqual(['loop1/1', 'loop2/1']);
  });

  it('has no winner when the build that it measured is gone', async () => {
    let loads = 0;
    const builds: BuildReader = {
      read: () => {
        const image = `new:${loads}`;
        return Promise.resolve([
          {
            version: 'new',
            build: { object: 'Deployment default/new', images: { app: image }, hashes: ['h'], digests: {} },
          },
        ]);
      },
    };
    const onEvent = ({ kind }: Event) => {
      if (kind === 'load') loads = 1;
    };
    expect((await doneIn({ builds, onEvent })).done).toEqual(['loop1/2']);
  });
});
