/**
 * Defects of Iter8 0.7 that must not come back (iter8.md, section 8). `defects.json` says for each which test guards against it,
 * and names a one-line mutation of the source that brings it back: `node scripts/defects.mjs` applies each, and fails when its
 * test does not. 10 and 14 to 16 of section 8 that need a cluster are guarded by the tests of test/cluster; 26 has no place
 * here: there is no analytics service.
 */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../src/adapters/store/memory.ts';
import type { Experiment } from '../src/domain/api/experiment.ts';
import { withDefaults } from '../src/domain/api/defaults.ts';
import { binIndex } from '../src/domain/stats/histogram.ts';
import { percentile } from '../src/domain/stats/quantile.ts';
import { roundWeights } from '../src/domain/stats/round-weights.ts';
import { EMPTY_RECORD } from '../src/domain/verdict/record.ts';
import { nextStep } from '../src/engine/plan.ts';
import { rewardLines } from '../src/render/reward.ts';
import { themeFor } from '../src/render/theme.ts';
import type { ExperimentView } from '../src/view/experiment-view.ts';
import { canary, conformance, driveInMemory, failing, healthy } from './support/driving.ts';
import { fakeClock } from './support/fake-clock.ts';
import { iter8ctl } from './support/test-io.ts';

interface Guard {
  readonly defect: number;
  readonly file: string;
  readonly test: string;
  readonly mutation: { readonly file: string; readonly from: string; readonly to: string };
}

const root = path.join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

describe('the guard against each defect', () => {
  it.each(JSON.parse(read('test/defects.json')) as Guard[])('$defect is there, and its mutation applies', (guard) => {
    expect(read(guard.file)).toContain(guard.test.replaceAll("'", "\\'").split(',')[0]!);
    expect(read(guard.mutation.file).split(guard.mutation.from)).toHaveLength(2);
  });
});

/** A folder as local mode keeps it. */
function folderWith(...experiments: readonly object[]): string {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-defects-'));
  const folder = path.join(cwd, '.iter8/experiments/default');
  mkdirSync(folder, { recursive: true });
  for (const one of experiments as { metadata: { name: string } }[])
    writeFileSync(path.join(folder, `${one.metadata.name}.yaml`), JSON.stringify(one));
  return cwd;
}

const asserted = async (experiment: object, condition: string): Promise<number> =>
  (await iter8ctl(['assert', '--local', '-c', condition], { cwd: folderWith(experiment) })).code;

describe('Iter8 0.7 did, and we do not', () => {
  it('1: candidateWon does not hold when the baseline won', async () => {
    const badCandidate = (version: string, k: number) =>
      version === 'new' ? failing(2)(version, k) : healthy(version, k);
    const objectives = [{ metric: 'iter8-system/error-rate', upperLimit: '0.1' }];
    const { outcome } = await driveInMemory(canary({ objectives }), { service: badCandidate });
    expect(await asserted(outcome.experiment, 'winnerFound')).toBe(0);
    expect(await asserted(outcome.experiment, 'candidateWon')).toBe(1);
    expect(await asserted(outcome.experiment, 'baselineWon')).toBe(0);
  });

  it('2: the newest experiment is the one that was made last', async () => {
    const made = (name: string, second: number) => {
      const { metadata, ...rest } = conformance();
      const creationTimestamp = `2026-11-24T08:00:0${second}Z`;
      return { ...rest, metadata: { ...metadata, name, creationTimestamp, uid: name, resourceVersion: '1' } };
    };
    const { out } = await iter8ctl(['describe', '--local'], { cwd: folderWith(made('a', 9), made('z', 1)) });
    expect(out).toMatch(/Experiment +a \(default\)/);
  });

  it('4: a failed experiment is not completed, and describe says why', async () => {
    const { outcome } = await driveInMemory(conformance(), {
      service: () => ({ latencyMs: 1, code: 'connect' }),
    });
    expect(await asserted(outcome.experiment, 'completed')).toBe(4);
    const { out } = await iter8ctl(['describe', '--local'], { cwd: folderWith(outcome.experiment) });
    expect(out).toMatch(/^failed: .*\n +Start actions failed: metrics\/collect: /);
  });

  it('11: the same input gives the same split', () => {
    const weights = ['base', 'a', 'b', 'c'].map((name) => ({
      name,
      role: name === 'base' ? ('baseline' as const) : ('candidate' as const),
      percent: 100 / 3 / 2,
    }));
    const splits = Array.from({ length: 50 }, () => JSON.stringify([...roundWeights(weights)]));
    expect(new Set(splits).size).toBe(1);
  });

  it('13: without enough data nobody is recommended, and it says so', async () => {
    const { outcome } = await driveInMemory(conformance({ strength: { extend: false } }));
    expect(outcome.recommendation.verdict).toBe('undecided');
    expect(outcome.recommendation.reasons[0]).toMatch(/needs about \d+ more requests/);
    expect(outcome.experiment.status?.versionRecommendedForPromotion).toBeUndefined();
  });

  it('17: a percentile is the same at every look, and within half a thousandth of the truth', () => {
    const histogram = Array.from({ length: 100 }, (_, k) => [binIndex((k + 1) * 1000), 1] as const);
    for (let look = 0; look < 50; look++) expect(Math.abs(percentile(histogram, 95) - 95)).toBeLessThan(0.05);
    expect(new Set(Array.from({ length: 50 }, () => percentile(histogram, 95))).size).toBe(1);
  });

  it('18: the mark stands beside the version with the best reward', () => {
    const view = {
      reward: {
        metric: 'clicks',
        preferred: 'High',
        state: 'winner',
        winner: 'v2',
        best: ['v2'],
        values: { v1: { value: 0.1, n: 10 }, v2: { value: 0.3, n: 10 }, v3: { value: 0.2, n: 10 } },
        reason: 'clicks of v2 is the highest',
      },
    } as unknown as ExperimentView;
    const lines = rewardLines(view, { theme: themeFor({ isTTY: false }, { mode: 'never', env: {} }), columns: 80 });
    expect(lines.filter((line) => line.includes('best'))).toEqual([expect.stringMatching(/^ +v2 /)]);
  });

  it('20: iterations are due at the start plus whole intervals, however late one was', () => {
    const experiment = {
      ...withDefaults(conformance({ duration: { intervalSeconds: 10, iterationsPerLoop: 5 } }), {
        namespace: 'default',
        name: 'e',
      }),
      status: {
        stage: 'Running',
        startTime: '2026-11-24T08:00:00Z',
        lastUpdateTime: '2026-11-24T08:00:14Z',
        completedIterations: 1,
      },
    } as Experiment;
    const step = nextStep(experiment, EMPTY_RECORD);
    expect(step).toEqual({ kind: 'iterate', iteration: 2, dueMs: Date.parse('2026-11-24T08:00:10Z') });
  });

  it('21: after a rollback the baseline is recommended', async () => {
    const objectives = [{ metric: 'iter8-system/error-rate', upperLimit: '0.01', rollback_on_failure: true }];
    const badCandidate = (version: string, k: number) =>
      version === 'new' ? failing(2)(version, k) : healthy(version, k);
    const { outcome } = await driveInMemory(canary({ objectives }), { service: badCandidate });
    expect(outcome.experiment.status?.message).toMatch(/rolled back/);
    expect(outcome.experiment.status?.versionRecommendedForPromotion).toBe('old');
  });

  it('23: a task that was done is not done again by the next driver', async () => {
    const scripts = { finish: [{ run: 'echo told somebody' }, { run: 'echo second' }] };
    const store = createMemoryStore({ clock: fakeClock() });
    const done: string[] = [];
    const stop = new AbortController();
    const written = conformance({ actions: scripts, objectives: [] });
    await driveInMemory(written, {
      store,
      tasks: {
        run: ({ task }) => {
          if (task.run === 'echo second') stop.abort();
          else done.push(task.run ?? '');
          return Promise.resolve('done');
        },
      },
      options: { stop: stop.signal },
    });
    const { outcome } = await driveInMemory(written, {
      store,
      tasks: { run: ({ task }) => Promise.resolve(String(done.push(task.run ?? ''))) },
    });
    expect(outcome.experiment.status?.stage).toBe('Completed');
    expect(done).toEqual(['echo told somebody', 'echo second']);
  });

  it('27: a metric that was made after the experiment is found', async () => {
    const store = createMemoryStore({ clock: fakeClock() });
    const written = conformance({ objectives: [{ metric: 'late', upperLimit: 5 }], actions: {} });
    await store.create(written);
    await store.createMetric({
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Metric',
      metadata: { name: 'late', namespace: 'default' },
      spec: { type: 'Counter', urlTemplate: 'http://x/', jqExpression: '.' },
    });
    const { outcome } = await driveInMemory(written, {
      store,
      metrics: { measure: () => Promise.resolve({ kind: 'value', value: 3, at: '2026-11-24T08:00:00Z', query: 'q' }) },
    });
    expect(outcome.recommendation.verdict).toBe('promote');
  });
});
