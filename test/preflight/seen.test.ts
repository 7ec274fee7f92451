/** What an earlier run showed is planned with as finely as it was measured. */
import { expect, it } from 'vitest';
import { constant } from '../support/constant-distribution.ts';
import { compileQuestion } from '../../src/judge/question/question.ts';
import { readRecord, storeTally, withRecord } from '../../src/judge/record/stored-record.ts';
import { decidability } from '../../src/preflight/decidability.ts';
import { seenIn } from '../../src/preflight/power-row.ts';
import { renderPlan } from '../../src/render/plan.ts';
import { themeFor } from '../../src/render/theme.ts';
import { conformance, driveInMemory } from '../support/driving.ts';
import { tallyFor } from '../support/simulated-load.ts';
import { seeded } from '../support/seeded.ts';

it.each([75, 99])('the p%i of latencies that are as is assumed takes what was assumed', async (percent) => {
  const random = seeded(7);
  const outcomes = Array.from({ length: 20_000 }, () => ({ latencyMs: -100 * Math.log(1 - random()), code: '200' }));
  const scopes = [{ version: 'hello', tally: storeTally(tallyFor(outcomes)) }];
  const ran = (await driveInMemory(conformance())).outcome.experiment;
  const earlier = { ...ran, status: withRecord(ran.status!, { ...readRecord(ran)!, scopes }, ran.status!.startTime!) };
  const base = conformance({ objectives: [{ metric: 'iter8-system/mean-latency', upperLimit: '200' }] });
  const versions = ['old', 'new'].map((name) => ({ name, url: `http://${name}.test/` }));
  const { experiment } = await driveInMemory({
    ...base,
    spec: {
      ...base.spec,
      strategy: {
        testingPattern: 'Canary',
        deploymentPattern: 'FixedSplit',
        actions: { start: [{ task: 'metrics/collect', with: { numQueries: 1, qps: 1, versions } }] },
      },
      criteria: {
        ...base.spec.criteria,
        strength: {
          extend: false,
          relative: [{ metric: `iter8-system/latency-${percent}th-percentile`, maxIncreasePercent: 20 }],
        },
      },
      versionInfo: { baseline: { name: 'old' }, candidates: [{ name: 'new' }] },
    },
  }).then(({ outcome }) => outcome);
  const question = compileQuestion(experiment, undefined);
  const neededPairs = (seen = {}) =>
    decidability(question, seen).find(({ relative }) => relative !== undefined)!.needed!.average;
  const ratio = neededPairs(seenIn(earlier)) / neededPairs();
  expect(ratio).toBeGreaterThan(0.7);
  expect(ratio).toBeLessThan(1.4);
});

it('a mean below a millisecond is shown in milliseconds, not as a share of slower requests', async () => {
  const { outcome } = await driveInMemory(
    conformance({ objectives: [{ metric: 'iter8-system/mean-latency', upperLimit: '200' }] }),
  );
  const question = compileQuestion(outcome.experiment, undefined);
  const power = decidability(question, { latencies: constant(0.55) });
  const preflight = {
    name: 'e',
    source: 'e.yaml',
    problems: [],
    gates: [],
    targets: [],
    metrics: [],
    wouldBeDecided: true,
  };
  const text = renderPlan(
    { ...preflight, expectation: { outlook: 'decided', reasons: [] }, power, load: question.load },
    { theme: themeFor({ isTTY: false }, { mode: 'never', env: {} }), columns: 200 },
  );
  expect(text).toContain('(at 0.55 ms, as it was measured before)');
});
