/** A version that becomes another build when the measuring is over: behind gates, in a pause, by the tasks that promote. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/drive/events.ts';
import type { BuildReader, ExperimentStore } from '../../src/drive/ports.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import type { Build } from '../../src/judge/record/build-changes.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { build, candidateOf, driveOn, loadAndIterations, OBJECTIVES } from '../support/changing-builds.ts';
import { driveInMemory, withWeights, type DriveSetup } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { memoryTraffic } from '../support/memory-traffic.ts';

/** Progressive, with these tasks at the end. */
function progressive(finish: readonly object[], strength: object = {}): WrittenExperiment {
  const written = loadAndIterations(strength, { finish });
  return {
    ...written,
    spec: {
      ...written.spec,
      strategy: { ...written.spec.strategy, deploymentPattern: 'Progressive' as const },
      versionInfo: withWeights('old', 'new'),
    },
  };
}

const GATE = { task: 'gate', with: { timeout: '1h' } };
const KEY = { namespace: 'default', name: 'hello-experiment' };

const approve = (store: ExperimentStore, gate: string) =>
  void store.patchMetadata(KEY, { annotations: { 'iter8.tools/approve': gate } });

it.each([{}, { onChange: 'restart' }])(
  'a build that changes while a gate waits is not promoted by the approval (%o)',
  async (strength) => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const store = createMemoryStore({ clock: fakeClock() });
    let image = 'new:1';
    const done: string[] = [];
    const { recommendation } = await driveOn(
      progressive([GATE, { run: 'promote', if: 'CandidateWon()' }], strength),
      candidateOf(() => image),
      {
        store,
        traffic,
        tasks: { run: ({ id }) => Promise.resolve(String(done.push(id))) },
        onEvent: (event) => {
          if (event.kind !== 'waiting') return;
          image = 'new:2';
          approve(store, 'finish/0');
        },
      },
    );
    expect([recommendation.verdict, recommendation.reasons[0], done, [...traffic.fields.values()]]).toEqual([
      'undecided',
      expect.stringContaining('candidate new changed at'),
      [],
      [100, 0],
    ]);
  },
);

it('a build that changes while a gate waits voids an answer that was undecided before, too', async () => {
  const store = createMemoryStore({ clock: fakeClock() });
  const written = progressive([GATE], { extend: false });
  // So few errors are not shown by these requests.
  const open = { metric: 'iter8-system/error-rate', upperLimit: '0.0001' };
  const criteria = { ...written.spec.criteria, objectives: [...OBJECTIVES, open] };
  let image = 'new:1';
  const verdicts: unknown[] = [];
  const { recommendation, object } = await driveOn(
    { ...written, spec: { ...written.spec, criteria } },
    candidateOf(() => image),
    {
      store,
      traffic: memoryTraffic({ old: 100, new: 0 }),
      onEvent: (event) => {
        if (event.kind === 'verdict') verdicts.push(event.assessment.verdict);
        if (event.kind !== 'waiting') return;
        image = 'new:2';
        approve(store, 'finish/0');
      },
    },
  );
  expect(verdicts).toContain('satisfied');
  expect(recommendation).toMatchObject({
    verdict: 'undecided',
    reasons: [expect.stringContaining('candidate new changed at'), expect.anything()],
  });
  expect(object.status!.analysis!.versionAssessments!.data['new']).toEqual([false, false]);
});

it('a driver that is stopped between the approval and the look at the builds leaves that look to the next one', async () => {
  const traffic = memoryTraffic({ old: 100, new: 0 });
  const clock = fakeClock();
  const setup = { store: createMemoryStore({ clock }), clock, traffic, log: [] };
  const stop = new AbortController();
  let image = 'new:1';
  const builds: BuildReader = {
    read: (_, signal) => {
      if (image === 'new:2' && !stop.signal.aborted) stop.abort();
      signal?.throwIfAborted();
      return Promise.resolve([{ version: 'old' }, { version: 'new', build: build(image) }]);
    },
  };
  const first = await driveInMemory(progressive([GATE]), {
    ...setup,
    builds,
    options: { stop: stop.signal },
    onEvent: (event) => {
      if (event.kind !== 'waiting') return;
      image = 'new:2';
      approve(setup.store, 'finish/0');
    },
  });
  expect(first.outcome.interrupted).toBe(true);
  const { recommendation } = await driveOn(progressive([GATE]), builds, setup);
  expect([recommendation.verdict, [...traffic.fields.values()]]).toEqual(['undecided', [100, 0]]);
});

it('a build that comes while a later gate waits loses the traffic that it was promoted to', async () => {
  const traffic = memoryTraffic({ old: 100, new: 0 });
  const store = createMemoryStore({ clock: fakeClock() });
  let image = 'new:1';
  const atTheGate: unknown[] = [];
  const { recommendation } = await driveOn(
    progressive([{ run: 'notify' }, GATE]),
    candidateOf(() => image),
    {
      store,
      traffic,
      tasks: { run: () => Promise.resolve('done') },
      onEvent: (event) => {
        if (event.kind !== 'waiting') return;
        atTheGate.push(...traffic.fields.values());
        image = 'new:2';
        approve(store, 'finish/1');
      },
    },
  );
  expect([atTheGate, recommendation.verdict, [...traffic.fields.values()]]).toEqual([[0, 100], 'undecided', [100, 0]]);
});

describe('a pause of a day behind the last iteration', () => {
  const promote = { run: 'promote', if: 'CandidateWon()' };

  /** Paused when this is seen, until the candidate is another build. */
  async function pausedAt(finish: readonly object[], isTime: (event: Event) => boolean) {
    const clock = fakeClock();
    const memory = createMemoryStore({ clock });
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const done: string[] = [];
    let image = 'new:1';
    let isAsked = false;
    const get: typeof memory.get = async (...args) => {
      const one = await memory.get(...args);
      if (readRecord(one)?.waiting?.kind !== 'pause') return one;
      image = 'new:2';
      return memory.patchMetadata(KEY, { annotations: { 'iter8.tools/pause': 'false' } });
    };
    const store = new Proxy(memory, {
      get: (target, name) => (name === 'get' ? get : (Reflect.get(target, name) as () => unknown).bind(target)),
    });
    const driven = await driveOn(
      progressive(finish),
      candidateOf(() => image),
      {
        store,
        clock,
        traffic,
        options: { lookEveryMs: 86_400_000 },
        tasks: { run: ({ id }) => Promise.resolve(String(done.push(id))) },
        onEvent: (event) => {
          if (isAsked || !isTime(event)) return;
          isAsked = true;
          void memory.patchMetadata(KEY, { annotations: { 'iter8.tools/pause': 'true' } });
        },
      },
    );
    expect(image).toBe('new:2');
    return { ...driven, done, fields: [...traffic.fields.values()] };
  }
  const iterated = (event: Event) => event.kind === 'object' && event.object.status?.completedIterations === 3;

  it.each([
    { what: 'traffic settles', finish: [promote], isTime: iterated },
    { what: 'the answer', finish: [], isTime: iterated },
    {
      what: 'the first task that promotes, with traffic settled',
      finish: [{ ...promote, if: 'not CandidateWon()' }, promote],
      isTime: (event: Event) => event.kind === 'task-skipped',
    },
  ])('before $what hides no other build', async ({ finish, isTime }) => {
    const { recommendation, done, fields, record } = await pausedAt(finish, isTime);
    expect([recommendation.verdict, recommendation.reasons[0]]).toEqual([
      'undecided',
      expect.stringContaining('candidate new changed at'),
    ]);
    expect([done, fields]).toEqual([[], [100, 0]]);
    expect(record.traffic!.settled).toBe('restored');
  });

  it('within the tasks that promote voids nothing: the baseline is what they make of it', async () => {
    const isTime = (event: Event) => event.kind === 'task-done' && event.action === 'finish';
    const { recommendation, done, fields } = await pausedAt([{ run: 'promote' }, { run: 'notify' }], isTime);
    expect([recommendation.verdict, done, fields]).toEqual(['promote', ['finish/0', 'finish/1'], [0, 100]]);
  });

  it('behind a message hides no other build of the candidate either: a message promotes nobody', async () => {
    const message = { task: 'notification/http', with: { url: 'http://chat.test/' } };
    const isTime = (event: Event) => event.kind === 'task-done' && event.action === 'finish';
    const { recommendation, done, fields } = await pausedAt([message, promote], isTime);
    expect([recommendation.verdict, done, fields]).toEqual(['undecided', ['finish/0'], [100, 0]]);
  });
});

it('a gate behind a promotion voids nothing: the baseline is what was promoted', async () => {
  const traffic = memoryTraffic({ old: 100, new: 0 });
  const store = createMemoryStore({ clock: fakeClock() });
  let image = 'old:1';
  const builds = () => [
    { version: 'old', build: build(image) },
    { version: 'new', build: build('new:1') },
  ];
  const { recommendation } = await driveOn(
    progressive([{ run: 'promote' }, GATE, { run: 'notify' }]),
    { read: () => Promise.resolve(builds()) },
    {
      store,
      traffic,
      tasks: {
        run: () => {
          image = 'new:1';
          return Promise.resolve('done');
        },
      },
      onEvent: (event) => {
        if (event.kind === 'waiting') approve(store, 'finish/1');
      },
    },
  );
  expect([recommendation.verdict, [...traffic.fields.values()]]).toEqual(['promote', [0, 100]]);
});

describe('load among the finish tasks, behind the script that promotes', () => {
  const versions = ['old', 'new'].map((name) => ({ name, url: `http://${name}.test/` }));
  const promoting = (strength: object) =>
    loadAndIterations(strength, {
      finish: [
        { run: 'promote', if: 'CandidateWon()' },
        { task: 'metrics/collect', with: { numQueries: 50, qps: 50, versions } },
      ],
    });
  const taskRunner = (promote: () => void): Pick<DriveSetup, 'tasks'> => ({
    tasks: {
      run: () => {
        promote();
        return Promise.resolve('promoted');
      },
    },
  });

  it.each([
    ['the baseline is the new build', {}, build('new:2'), build('new:1')],
    ['the baseline is the new build, with onChange: restart', { onChange: 'restart' }, build('new:2'), build('new:1')],
    ['the candidate is gone', {}, build('new:2'), undefined],
  ])('voids nothing: %s', async (_, strength, baseline, candidate) => {
    let now: { readonly old: Build; readonly new: Build | undefined } = { old: build('old:1'), new: build('new:1') };
    const { recommendation, record, object } = await driveOn(
      promoting(strength),
      { read: () => Promise.resolve((['old', 'new'] as const).map((version) => ({ version, build: now[version] }))) },
      taskRunner(() => {
        now = { old: baseline, new: candidate };
      }),
    );
    expect(recommendation).toMatchObject({ verdict: 'promote', version: 'new' });
    expect([record.changed, record.restarts]).toEqual([undefined, undefined]);
    expect(object.status!.versionRecommendedForPromotion).toBe('new');
  });
});
