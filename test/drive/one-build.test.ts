/** A version that becomes another build while it is measured: the engine with simulated services. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/drive/events.ts';
import type { BuildReader } from '../../src/drive/ports.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import type { Build } from '../../src/judge/record/build-changes.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { replayRecord } from '../../src/replay/replay.ts';
import {
  canary,
  driveInMemory,
  measuring,
  storeWithMetrics,
  withWeights,
  type DriveSetup,
} from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { memoryTraffic } from '../support/memory-traffic.ts';

const build = (image: string, hashes = ['h']): Build => ({
  object: 'Deployment default/new',
  template: image,
  images: { app: image },
  hashes,
  digests: {},
});

/** What runs at each look, the last again and again; undefined: the Deployment is gone, a text: it cannot be seen. */
function looks(...builds: (Build | string | undefined)[]): BuildReader & { readonly count: () => number } {
  let k = 0;
  return {
    count: () => k,
    read: () => {
      const found = builds[Math.min(k++, builds.length - 1)];
      return Promise.resolve([
        { version: 'old' },
        { version: 'new', ...(typeof found === 'string' ? { problem: found } : { build: found }) },
      ]);
    },
  };
}

const OBJECTIVES = [{ metric: 'iter8-system/error-rate', upperLimit: '0.2' }];

/** Load, then three iterations; loop tasks measure again. */
function experiment(strength: object = {}, actions: object = {}): WrittenExperiment {
  const base = canary({ objectives: OBJECTIVES, strength });
  const [collect] = base.spec.strategy.actions!['start']!;
  return {
    ...base,
    spec: {
      ...base.spec,
      strategy: { ...base.spec.strategy, actions: { start: [collect!], ...actions } },
      duration: { intervalSeconds: 1, iterationsPerLoop: 1, maxLoops: 3 },
    },
  };
}

async function run(written: WrittenExperiment, builds: BuildReader, setup: DriveSetup = {}) {
  const driven = await driveInMemory(written, { ...setup, builds });
  const { experiment: object, recommendation } = driven.outcome;
  expect(replayRecord(JSON.parse(JSON.stringify(driven.log)), { strength: {} }).status!.analysis).toMatchObject({
    aggregatedBuiltinHists: { data: { iter8ctl: { recommendation } } },
  });
  return { ...driven, object, recommendation, record: readRecord(object)! };
}

describe('one build', () => {
  it('is measured and promoted; it is looked at before the load, behind it, and at the iteration', async () => {
    const builds = looks(build('new:1'));
    const { recommendation, record } = await run(experiment(), builds);
    expect(recommendation).toMatchObject({ verdict: 'promote', version: 'new' });
    expect(record.builds).toEqual({ new: build('new:1') });
    expect(builds.count()).toBeGreaterThanOrEqual(4);
  });

  it('is not asked for where nobody knows it, or cannot be seen: that is said once', async () => {
    const unseen = await run(experiment(), looks(build('new:1'), 'deployments may not be read'));
    expect(unseen.recommendation.verdict).toBe('promote');
    expect(unseen.record.warnings.filter((text) => text.includes('may not be read'))).toHaveLength(1);
  });
});

describe('another build', () => {
  const changed = 'image app of Deployment default/new was new:1, is new:2';

  it.each([
    ['during the load', 1],
    ['before the iterations', 2],
    ['at an iteration', 3],
  ])('%s voids what was measured', async (_, at) => {
    const builds = looks(...Array.from({ length: at }, () => build('new:1')), build('new:2'));
    const { recommendation, record, object } = await run(experiment(), builds);
    expect(recommendation).toMatchObject({ verdict: 'undecided', version: 'old', keepsBaseline: true });
    expect(recommendation.reasons[0]).toMatch(/^candidate new changed at 20\d\d-\S+Z: /);
    expect(recommendation.reasons[0]).toContain(changed);
    expect(record.assessments.map(({ verdict, reason, upper }) => [verdict, reason, upper])).toEqual([
      ['undecided', 'build-changed', undefined],
      ['undecided', 'build-changed', undefined],
    ]);
    expect(object.status?.analysis?.winnerAssessment?.data.winnerFound).toBe(false);
    expect(object.status?.completedIterations).toBe(1);
    expect(object.status?.conditions?.find(({ type }) => type === 'Completed')?.status).toBe('True');
  });

  it('is that the Deployment is gone', async () => {
    const { recommendation } = await run(experiment(), looks(build('new:1'), undefined));
    expect(recommendation.reasons[0]).toContain('Deployment default/new is gone');
  });

  it('rolls nobody back by what is void', async () => {
    const written = experiment();
    written.spec.criteria!.objectives = [{ ...OBJECTIVES[0]!, rollback_on_failure: true }];
    const { recommendation, record } = await run(written, looks(build('new:1'), build('new:2')), {
      service: (version) => ({ latencyMs: 1, code: version === 'new' ? '500' : '200' }),
    });
    expect(recommendation.verdict).toBe('undecided');
    expect(record.endedEarly).toBe('changed');
  });
});

describe('onChange: restart', () => {
  it('measures again: load and iterations are repeated, no other task is', async () => {
    const ran: string[] = [];
    const base = experiment({ onChange: 'restart' });
    const [collect] = base.spec.strategy.actions!['start']!;
    const written = experiment(
      { onChange: 'restart' },
      { start: [{ run: 'once' }, { task: 'common/readiness' }, collect!], loop: [{ run: 'each' }] },
    );
    // Seen at the second iteration; behind it the rollout takes two looks.
    const old = Array.from({ length: 4 }, () => build('new:1'));
    const builds = looks(
      ...old,
      build('new:2', ['h', 'i']),
      build('new:2', ['h', 'i']),
      build('new:2'),
      build('new:2'),
    );
    const { recommendation, record, object, load } = await run(written, builds, {
      tasks: {
        run: ({ id, task }) => {
          ran.push(`${id} ${task.task ?? `run ${task.run}`}`);
          return Promise.resolve('done');
        },
      },
    });
    expect(recommendation).toMatchObject({ verdict: 'promote', version: 'new' });
    expect(record.restarts).toBe(1);
    expect(record.builds?.['new']?.images).toEqual({ app: 'new:2' });
    expect(object.status?.completedIterations).toBe(3);
    expect(ran).toEqual([
      'start/0 run once',
      'start/1 common/readiness',
      'loop1/0 run each',
      'start/1 common/readiness',
      'loop2/0 run each',
      'loop3/0 run each',
    ]);
    // Only the second load counts.
    const counted = record.scopes.find(({ version }) => version === 'new')!.tally.response.n;
    expect(load.plans).toHaveLength(2);
    expect(counted).toBe(load.plans[1]!.plannedRequests);
  });

  it('asks backends about the time since its pods are the same, not about the rollout', async () => {
    const asked: number[] = [];
    const rollout = Array.from({ length: 12 }, () => build('new:2', ['h', 'i']));
    const clock = fakeClock();
    const base = experiment({ onChange: 'restart', cap: [{ metric: 'seconds', max: '10' }] });
    const { record } = await run(
      {
        ...base,
        spec: {
          ...base.spec,
          strategy: { testingPattern: 'Canary', deploymentPattern: 'FixedSplit' },
          criteria: { ...base.spec.criteria, objectives: [{ metric: 'seconds', upperLimit: '5' }] },
        },
      },
      // Seen at the second iteration; the rollout then takes a minute.
      looks(build('new:1'), build('new:1'), ...rollout, build('new:2')),
      {
        clock,
        store: await storeWithMetrics({ seconds: {} }, clock),
        metrics: measuring((_metric, version, { elapsedSeconds }) => {
          if (version === 'new') asked.push(elapsedSeconds);
          return 1;
        }),
      },
    );
    expect(record.restarts).toBe(1);
    const [first] = asked.slice(-3);
    expect(asked).toHaveLength(5);
    expect(first).toBeLessThanOrEqual(1);
  });

  it('is undecided when the version never stays the same', async () => {
    let k = 0;
    const builds: BuildReader = {
      read: () => Promise.resolve([{ version: 'new', build: build(`new:${Math.floor(k++ / 3)}`) }]),
    };
    const { recommendation, record } = await run(experiment({ onChange: 'restart' }), builds);
    expect(recommendation.verdict).toBe('undecided');
    expect(recommendation.reasons[0]).toContain('measured again 10 times');
    expect(record.restarts).toBe(10);
  });
});

it.each([{}, { onChange: 'restart' }])(
  'a build that changes while a gate waits is not promoted by the approval (%o)',
  async (strength) => {
    const gate = { task: 'gate', with: { timeout: '1h' } };
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const written = experiment(strength, { finish: [gate, { run: 'promote', if: 'CandidateWon()' }] });
    const moving = {
      ...written,
      spec: {
        ...written.spec,
        strategy: { ...written.spec.strategy, deploymentPattern: 'Progressive' as const },
        versionInfo: withWeights('old', 'new'),
      },
    };
    const store = createMemoryStore({ clock: fakeClock() });
    let image = 'new:1';
    const done: string[] = [];
    const { recommendation } = await run(
      moving,
      { read: () => Promise.resolve([{ version: 'old' }, { version: 'new', build: build(image) }]) },
      {
        store,
        traffic,
        tasks: { run: ({ id }) => Promise.resolve(String(done.push(id))) },
        onEvent: (event) => {
          if (event.kind !== 'waiting') return;
          image = 'new:2';
          void store.patchMetadata(
            { namespace: 'default', name: 'hello-experiment' },
            { annotations: { 'iter8.tools/approve': 'finish/0' } },
          );
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

/** Progressive, with a gate that a person has to approve at the end. */
function gated(finish: readonly object[]): WrittenExperiment {
  const written = experiment({}, { finish });
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
  const first = await driveInMemory(gated([GATE]), {
    ...setup,
    builds,
    options: { stop: stop.signal },
    onEvent: (event) => {
      if (event.kind !== 'waiting') return;
      image = 'new:2';
      void setup.store.patchMetadata(KEY, { annotations: { 'iter8.tools/approve': 'finish/0' } });
    },
  });
  expect(first.outcome.interrupted).toBe(true);
  const { recommendation } = await run(gated([GATE]), builds, setup);
  expect([recommendation.verdict, [...traffic.fields.values()]]).toEqual(['undecided', [100, 0]]);
});

it('a build that comes while a later gate waits loses the traffic that it was promoted to', async () => {
  const traffic = memoryTraffic({ old: 100, new: 0 });
  const store = createMemoryStore({ clock: fakeClock() });
  let image = 'new:1';
  const atTheGate: unknown[] = [];
  const { recommendation } = await run(
    gated([{ run: 'notify' }, GATE]),
    { read: () => Promise.resolve([{ version: 'old' }, { version: 'new', build: build(image) }]) },
    {
      store,
      traffic,
      tasks: { run: () => Promise.resolve('done') },
      onEvent: (event) => {
        if (event.kind !== 'waiting') return;
        atTheGate.push(...traffic.fields.values());
        image = 'new:2';
        void store.patchMetadata(KEY, { annotations: { 'iter8.tools/approve': 'finish/1' } });
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
    const driven = await run(
      gated(finish),
      { read: () => Promise.resolve([{ version: 'old' }, { version: 'new', build: build(image) }]) },
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
  const { recommendation } = await run(
    gated([{ run: 'promote' }, GATE, { run: 'notify' }]),
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
        if (event.kind === 'waiting')
          void store.patchMetadata(KEY, { annotations: { 'iter8.tools/approve': 'finish/1' } });
      },
    },
  );
  expect([recommendation.verdict, [...traffic.fields.values()]]).toEqual(['promote', [0, 100]]);
});

describe('load among the finish tasks, behind the script that promotes', () => {
  const versions = ['old', 'new'].map((name) => ({ name, url: `http://${name}.test/` }));
  const promoting = (strength: object) =>
    experiment(strength, {
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
    const { recommendation, record, object } = await run(
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
