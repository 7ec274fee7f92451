/** A row of the objectives as the judge gives it: an error rate of at most 1 %, open after 100 requests; parts of it changed. */
import type { LimitAssessment } from '../../src/judge/assessment.ts';

export const errorRateRow = (change: Partial<LimitAssessment> = {}): LimitAssessment => ({
  version: 'v2',
  objective: 0,
  metric: 'iter8-system/error-rate',
  side: 'upper',
  limit: 0.01,
  unit: 'share',
  method: 'evidence',
  verdict: 'undecided',
  n: 100,
  ...change,
});
