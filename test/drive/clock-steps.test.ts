/** A clock that is set by an hour in mid-run: iterations keep their distance, queries their window. */
import { expect, it } from 'vitest';
import type { Clock } from '../../src/io.ts';
import { metricsProblem } from '../../src/drive/find-metrics.ts';
import { withDefaults } from '../../src/experiment/defaults.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { canary, conformance, driveInMemory, measuring, storeWithMetrics } from '../support/driving.ts';
import { momentsOf } from '../../src/judge/record/run-over-time.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';

const HOUR_MS = 3_600_000;

async function run(stepMs: number) {
  const steady = fakeClock();
  let setBy = 0;
  const sleeps: number[] = [];
  const clock: Clock = {
    now: () => steady.now() + setBy,
    monotonicMs: () => steady.monotonicMs(),
    sleep: (ms, signal) => {
      sleeps.push(ms);
      return steady.sleep(ms, signal);
    },
  };
  const windows: number[] = [];
  const base = canary({ objectives: [{ metric: 'errors', upperLimit: '0.05' }] });
  const { outcome } = await driveInMemory(
    {
      ...base,
      spec: {
        ...base.spec,
        strategy: { testingPattern: 'Canary', deploymentPattern: 'FixedSplit' },
        duration: { intervalSeconds: 10, iterationsPerLoop: 4 },
      },
    },
    {
      clock,
      store: await storeWithMetrics({ errors: {} }, clock),
      metrics: measuring((_, version, { elapsedSeconds }) => {
        if (version === 'old') windows.push(elapsedSeconds);
        return 0.001;
      }),
      onEvent: (event) => {
        if (event.kind === 'condition' && event.message === 'Completed Iteration 2') setBy = stepMs;
      },
    },
  );
  return { windows, sleeps, record: readRecord(outcome.experiment)!, status: outcome.experiment.status! };
}

it.each([
  ['ahead', HOUR_MS],
  ['back', -HOUR_MS],
])('an hour %s', async (word, stepMs) => {
  const { windows, sleeps, record, status } = await run(stepMs);
  expect(windows).toEqual([1, 10, 20, 30]);
  expect(sleeps.reduce((sum, ms) => sum + ms, 0)).toBe(30_000);
  expect(status.completedIterations).toBe(4);
  const said = record.warnings.filter((text) => text.includes('clock'));
  expect(said).toEqual([
    `the clock of this machine went 1 h ${word} at once (set, or suspended): it goes on by the time that passed`,
  ]);
});

it('in mid-load: how the run went is shown as it went', async () => {
  const shown = async (stepMs: number) => {
    const steady = fakeClock();
    let setBy = 0;
    const clock: Clock = { ...steady, now: () => steady.now() + setBy };
    let looks = 0;
    const { outcome } = await driveInMemory(conformance({ collect: { numQueries: 1_000 } }), {
      clock,
      onEvent: (event) => {
        steady.advance(1_000);
        if (event.kind === 'load' && (looks += 1) === 3) setBy = stepMs;
      },
    });
    expect(looks).toBeGreaterThan(3);
    const times = momentsOf(readRecord(outcome.experiment)!).map(({ time }) => time);
    return times.map((time) => time - times[0]!);
  };
  const steady = await shown(0);
  expect(new Set(steady).size).toBeGreaterThan(4);
  expect(await shown(HOUR_MS)).toEqual(steady);
  expect(await shown(-HOUR_MS)).toEqual(steady);
});

it('that is right is not spoken of', async () => {
  const { windows, record } = await run(1_000);
  expect(windows).toEqual([1, 10, 20, 30]);
  expect(record.warnings.filter((text) => text.includes('clock'))).toEqual([]);
});

it.each([
  [-HOUR_MS, 1],
  [HOUR_MS, 0],
])(
  '%d ms between two drivers: time does not run back in what was measured, and whoever waits for it says so',
  async (stepMs, said) => {
    const steady = fakeClock();
    let setBy = 0;
    const clock: Clock = { ...steady, now: () => steady.now() + setBy, monotonicMs: () => steady.monotonicMs() };
    const store = await storeWithMetrics({ errors: {} }, clock);
    const base = canary({ objectives: [{ metric: 'errors', upperLimit: '0.05' }] });
    const written = {
      ...base,
      spec: {
        ...base.spec,
        strategy: { testingPattern: 'Canary' as const, deploymentPattern: 'FixedSplit' as const },
        duration: { intervalSeconds: 10, iterationsPerLoop: 4 },
      },
    };
    const stop = new AbortController();
    const metrics = measuring(() => 0.001);
    await driveInMemory(written, {
      clock,
      store,
      metrics,
      options: { stop: stop.signal },
      onEvent: (event) => {
        if (event.kind === 'condition' && event.message === 'Completed Iteration 2') stop.abort();
      },
    });
    setBy = stepMs;
    const { outcome } = await driveInMemory(written, { clock, store, metrics });
    expect(outcome.experiment.status!.completedIterations).toBe(4);
    const { warnings, measured } = readRecord(outcome.experiment)!;
    expect(warnings.filter((text) => text.includes('is 1 h behind that of the driver before'))).toHaveLength(said);
    const startMs = Date.parse(outcome.experiment.status!.startTime!);
    expect(Date.parse(measured!['errors']!['new']!.at!) - startMs).toBeGreaterThanOrEqual(30_000);
  },
);

it.each([-HOUR_MS, HOUR_MS])(
  '%d ms off, metrics that follow their experiment are waited for as long as ever',
  async (stepMs) => {
    const clock = fakeClock();
    const { spec } = canary({ objectives: [{ metric: 'missing', upperLimit: '0.05' }] });
    const before = clock.monotonicMs();
    const creationTimestamp = new Date(clock.now() + stepMs).toISOString();
    const metadata = { name: 'e', namespace: 'default', creationTimestamp };
    const experiment = withDefaults({ ...canary(), spec, metadata }, metadata);
    const failure = await metricsProblem(
      { ...experiment, spec: { ...experiment.spec, strategy: { ...experiment.spec.strategy, actions: {} } } },
      { store: await storeWithMetrics({}, clock), clock, followMs: 10_000, signal: new AbortController().signal },
    );
    expect(failure?.reason).toBe('MetricUnavailable');
    expect(clock.monotonicMs() - before).toBe(10_000);
  },
);

it.each([
  ['ahead', HOUR_MS, 0],
  ['behind', -HOUR_MS, 60_000],
])(
  'a gate that is gone on with by a clock that is an hour %s waits no longer than its time',
  async (word, stepMs, most) => {
    const steady = fakeClock();
    let setBy = 0;
    const clock: Clock = { ...steady, now: () => steady.now() + setBy, monotonicMs: () => steady.monotonicMs() };
    const store = createMemoryStore({ clock });
    const base = canary();
    const actions = { finish: [{ task: 'gate', with: { timeout: '60s' } }] };
    const duration = { intervalSeconds: 10, iterationsPerLoop: 1 };
    const strategy = { testingPattern: 'Canary' as const, deploymentPattern: 'FixedSplit' as const, actions };
    const written = { ...base, spec: { ...base.spec, strategy, duration } };
    const stop = new AbortController();
    const first = await driveInMemory(written, {
      clock,
      store,
      options: { stop: stop.signal },
      onEvent: (event) => void (event.kind === 'waiting' && stop.abort()),
    });
    expect(first.outcome.interrupted).toBe(true);
    setBy = stepMs;
    const before = steady.monotonicMs();
    const { outcome } = await driveInMemory(written, { clock, store });
    expect(outcome.recommendation.reasons.join()).toContain('gate: nobody approved within 1 min');
    const waited = steady.monotonicMs() - before;
    expect(waited).toBeGreaterThanOrEqual(most);
    expect(waited).toBeLessThan(most + 5_000);
    const said = readRecord(outcome.experiment)!.warnings.filter((text) => text.includes('behind that of the driver'));
    expect(said).toEqual(word === 'behind' ? [expect.stringMatching(/: times in the record are not in order$/)] : []);
  },
);
