/** A count that its backend failed to give again accuses nobody. */
import { expect, it } from 'vitest';
import { plainExperiment } from '../support/plain-experiment.ts';
import type { MeasuredMetric } from '../../src/judge/limits/custom-metric.ts';
import { EMPTY_RECORD } from '../../src/judge/record/stored-record.ts';
import { observedRequests, sampleRatioMismatch } from '../../src/traffic/sample-ratio-mismatch.ts';

it('accuses nobody by a number of requests that could not be counted again', () => {
  const experiment = plainExperiment({
    strategy: { testingPattern: 'Canary' },
    criteria: { requestCount: 'requests' },
    versionInfo: { baseline: { name: 'old' }, candidates: [{ name: 'new' }] },
  });
  const counted = (value: number, failed = false): MeasuredMetric => ({
    type: 'Counter',
    cumulative: true,
    extrapolated: false,
    query: 'q',
    value,
    at: '2026-11-24T08:00:00Z',
    ...(failed ? { failure: { reason: 'server-error', message: '503', since: '2026-11-24T08:01:00Z', count: 3 } } : {}),
  });
  const said = (old: MeasuredMetric, fresh: MeasuredMetric) => {
    const observed = observedRequests(experiment, { ...EMPTY_RECORD, measured: { requests: { old, new: fresh } } });
    const weights = [
      { name: 'old', value: 50 },
      { name: 'new', value: 50 },
    ];
    return observed === undefined ? undefined : sampleRatioMismatch(weights, observed);
  };
  expect(said(counted(1000), counted(1000))).toBeUndefined();
  // Half of the traffic, as before; the backend has not answered for one of them since.
  expect(said(counted(1000, true), counted(4000))).toBeUndefined();
});
