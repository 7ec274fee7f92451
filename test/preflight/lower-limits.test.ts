/** What lower limits take, said before a run. */
import { describe, expect, it } from 'vitest';
import { startLedger } from '../../src/evidence/counters/counter-growth.ts';
import { withDefaults } from '../../src/experiment/defaults.ts';
import { compileQuestion } from '../../src/judge/question/question.ts';
import { decidability, withBackendNeeds } from '../../src/preflight/decidability.ts';
import { conformance } from '../support/driving.ts';
import { START_MS, twoVersionQuestion } from '../support/questions.ts';

const planOf = (objective: object) => {
  const question = twoVersionQuestion('Canary', { objectives: [objective] });
  const counters = startLedger(
    { kind: 'shares', samples: [{ kind: 'shares', series: 's', atMs: START_MS, hits: 0, others: 0 }] },
    { limits: [], inFlightMs: 10_000 },
  );
  const measured = { type: 'Gauge', cumulative: true, extrapolated: false, query: 'q', counters } as const;
  return withBackendNeeds(decidability(question), { good: { new: measured }, bad: { new: measured } }, question)[0]!;
};

describe('a lower limit on a share that a backend counts', () => {
  it('takes what the upper limit on the share of the others takes', () => {
    const lower = planOf({ metric: 'good', lowerLimit: '0.99' });
    const upper = planOf({ metric: 'bad', upperLimit: '0.01' });
    expect(lower.fewest).toBe(377);
    expect(lower.needed!.average).toBeCloseTo(upper.needed!.average, 3);
    expect(lower.assumed!.value).toBeCloseTo(1 - upper.assumed!.value, 9);
  });
  it('is not planned by errors: good ones may be meant', () => {
    expect(planOf({ metric: 'good', lowerLimit: '0.99' }).assumed).toEqual({ kind: 'value', value: 0.999 });
    expect(planOf({ metric: 'good', lowerLimit: '0.01' }).assumed).toEqual({ kind: 'value', value: 0.02 });
  });
});

it('a lower limit on a percentile waits for no 50 requests, which only a violation does', () => {
  const objectives = [{ metric: 'iter8-system/latency-50th-percentile', lowerLimit: '10' }];
  const question = compileQuestion(withDefaults(conformance({ objectives }), { namespace: 'default' }));
  expect(decidability(question)[0]!.needed!.nearlyAll).toBeLessThan(10);
});

it('a number of requests that is not planned is said to be violated', () => {
  const remarkOn = (objective: object) => {
    const metric = 'iter8-system/request-count';
    const written = conformance({ objectives: [{ metric, ...objective }], strength: { extend: false } });
    return decidability(compileQuestion(withDefaults(written, { namespace: 'default' })))[0]!.remark;
  };
  expect(remarkOn({ lowerLimit: 101 })).toMatch(/and violated: at most 100 requests are sent$/);
  expect(remarkOn({ upperLimit: 99 })).toMatch(/and violated: 100 requests are planned$/);
  for (const kept of [{ lowerLimit: 100 }, { upperLimit: 100 }])
    expect(remarkOn(kept)).toBe('compared when the plan is done');
});
