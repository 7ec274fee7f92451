import { describe, expect, it } from 'vitest';
import { plainExperiment } from '../support/plain-experiment.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import { compileQuestion } from '../../src/judge/question/question.ts';

const M = 'iter8-system/';

function question(
  criteria: object,
  tasks: readonly object[] = [],
  change: Partial<WrittenExperiment['spec']> = {},
  overrides?: Record<string, unknown>,
) {
  return compileQuestion(
    plainExperiment(
      {
        strategy: {
          testingPattern: 'A/B/N',
          actions: { start: tasks.map((inputs) => ({ task: 'metrics/collect', with: inputs })) },
        },
        criteria,
        versionInfo: { baseline: { name: 'a' }, candidates: [{ name: 'b' }, { name: 'c' }] },
        ...change,
      },
      { namespace: 'shop' },
    ),
    overrides,
  );
}
const to = (...names: string[]) => names.map((name) => ({ name, url: `http://${name}.test/` }));

describe('a compiled question', () => {
  it('knows caps by the metric, whatever name it is written by', () => {
    const { limits, reward } = question({
      objectives: [{ metric: `${M}latency-99.90th-percentile`, upperLimit: 300 }],
      rewards: [{ metric: 'revenue', preferredDirection: 'High' }],
      strength: {
        cap: [
          { metric: 'shop/revenue', max: 250 },
          { metric: `${M}latency-99.9th-percentile`, max: 2000 },
        ],
      },
    });
    expect(reward).toMatchObject({ metric: 'revenue', cap: 250 });
    expect(limits).toMatchObject([{ cap: 2000 }]);
  });

  it('caps latencies of our own load at the shortest timeout: nobody knows what a longer one would have been', () => {
    const objectives = [{ metric: `${M}mean-latency`, upperLimit: 300 }];
    const tasks = [
      { timeout: '2s', versions: to('a', 'b') },
      { timeout: '10s', versions: to('c') },
    ];
    expect(question({ objectives }, tasks).limits[0]!.cap).toBe(2000);
    const cap = [{ metric: `${M}mean-latency`, max: 1500 }];
    expect(question({ objectives, strength: { cap } }, tasks).limits[0]!.cap).toBe(1500);
    expect(question({ objectives }).limits[0]!.cap).toBeUndefined();
  });

  it('gives each version its thresholds: several candidates, limits, relative limits', () => {
    const { versions } = question({
      objectives: [
        { metric: `${M}error-rate`, upperLimit: '0.01', lowerLimit: '0' },
        { metric: `${M}mean-latency`, upperLimit: 300 },
      ],
      strength: { relative: [{ metric: `${M}error-rate`, maxIncrease: 0.01 }] },
    });
    const needed = versions.map(({ lnSatisfiedNeeded, lnViolatedNeeded }) => [
      Math.round(Math.exp(lnSatisfiedNeeded)),
      Math.round(Math.exp(lnViolatedNeeded)),
    ]);
    // 1/alpha = 20; two candidates and a baseline: (K-1)/alpha; violated: limits x candidates / alpha.
    expect(needed).toEqual([
      [20, 40],
      [40, 120],
      [40, 120],
    ]);
  });

  it('knows what is sent, and what the extension reaches: so many requests, or so many seconds at that rate', () => {
    const tasks = [{ qps: 8, numQueries: 100, versions: to('a', 'b', 'other') }];
    expect(question({}, tasks).load).toMatchObject({
      plannedRequests: 100,
      mostRequests: 7200,
      mostSeconds: 900,
      tasks: [{ versions: ['a', 'b'], timeoutMs: 10_000 }],
    });
    expect(question({}, tasks, {}, { extend: false }).load).toMatchObject({ mostRequests: 100, mostSeconds: 12.5 });
    expect(question({}, [{ loadOnly: true, versions: to('a') }]).load.tasks).toEqual([]);
  });

  it('does not know how many requests a closed loop sends in its time', () => {
    const { load } = question({}, [{ qps: 0, time: '4s', versions: to('a') }]);
    expect(load).toMatchObject({ closedLoop: true, mostSeconds: 4 });
    expect(load.plannedRequests).toBeUndefined();
    expect(load.mostRequests).toBeUndefined();
  });
});
