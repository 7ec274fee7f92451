/** Limits that are compared exactly: counts, and error rates of 0. They carry no error guarantee. Source: statistics.md 0.3. */
import { upperBound } from '../../evidence/one-sample/rate.ts';
import type { Count, TallyView } from '../../evidence/request-tally.ts';
import type { LimitAssessment } from '../assessment.ts';
import { row, views, type Facts } from './decide.ts';

/** Requests of a view, and how many of them are errors. */
export function errorCount(view: TallyView): Count {
  return { n: view.n, bad: view.errors };
}

const share = (count: Count): number => (count.n === 0 ? Number.NaN : count.bad / count.n);

/** Limits on counts are compared exactly (statistics.md 0.3). */
export function assessCount(facts: Facts): LimitAssessment {
  const { limit, measured, look } = facts;
  const value = (view: TallyView) => (limit.quantity.kind === 'request-count' ? view.n : view.errors);
  const { forSatisfied, forViolated } = views(limit, {
    response: value(measured.tally.response),
    service: value(measured.tally.service),
  });
  const base = { n: measured.tally.response.n, estimate: value(measured.tally.response), method: 'exact' as const };
  if (limit.side === 'lower') {
    if (forSatisfied >= limit.limit) return row(facts, { ...base, verdict: 'satisfied' });
    return row(facts, {
      ...base,
      ...(look.planDone ? { verdict: 'violated' } : { verdict: 'undecided', reason: 'plan-not-done' }),
    });
  }
  if (forViolated > limit.limit) return row(facts, { ...base, verdict: 'violated' });
  if (base.n === 0) return row(facts, { ...base, verdict: 'undecided', reason: 'no-traffic' });
  if (!look.planDone) return row(facts, { ...base, verdict: 'undecided', reason: 'plan-not-done' });
  if (forSatisfied <= limit.limit) return row(facts, { ...base, verdict: 'satisfied' });
  return row(facts, { ...base, verdict: 'undecided', reason: 'load-too-slow' });
}

/** A rate limit of 0: violated at the first error, satisfied when the plan is done; shown with the bound. */
export function assessZeroRate(facts: Facts): LimitAssessment {
  const { measured, look, lnSatisfiedNeeded } = facts;
  const response = errorCount(measured.tally.response);
  const service = errorCount(measured.tally.service);
  const base = {
    n: response.n,
    count: response,
    method: 'exact' as const,
    ...(response.n === 0 ? {} : { estimate: share(response) }),
    ...(look.bounds && response.n > 0 ? { upper: upperBound(response, lnSatisfiedNeeded) } : {}),
  };
  if (service.bad > 0) return row(facts, { ...base, verdict: 'violated' });
  if (response.n === 0) return row(facts, { ...base, verdict: 'undecided', reason: 'no-traffic' });
  if (!look.planDone) return row(facts, { ...base, verdict: 'undecided', reason: 'plan-not-done' });
  if (response.bad > 0) return row(facts, { ...base, verdict: 'undecided', reason: 'load-too-slow' });
  return row(facts, { ...base, verdict: 'satisfied' });
}
