/** Error rates, and percentiles as shares of requests beyond the limit. Source: statistics.md 0.2, 1.1, 1.2. */
import { lnSatisfied, lnViolated, lowerBound, upperBound } from '../../evidence/one-sample/rate.ts';
import { requestsStillNeeded } from '../../evidence/planning/requests-needed.ts';
import { percentile, quantileLowerBound, quantileUpperBound } from '../../evidence/one-sample/percentile.ts';
import type { Count, Tally, TallyView } from '../../evidence/request-tally.ts';
import type { LimitAssessment } from '../assessment.ts';
import { agree, decide, decideByPoint, otherEstimate, row, views, type Facts, type Found } from './decide.ts';
import { isTrivial } from '../question.ts';

/** Error rates, and percentiles as shares of requests beyond the limit (statistics.md 0.2, 1.1, 1.2). */
export function assessShare(
  facts: Facts,
  counts: { readonly response: Count; readonly service: Count },
  p0: number,
  /** Share of bad ones to come, where that is known better than from these counts. */
  rate?: number,
): LimitAssessment {
  const { limit, settings, measured, look } = facts;
  const { forSatisfied, forViolated } = views(limit, counts);
  const base = { n: forSatisfied.n, count: forSatisfied };
  const shown = shareEstimates(facts, counts);
  if (isTrivial(limit)) return row(facts, { ...base, ...shown, method: 'exact', verdict: 'satisfied' });
  if (settings.confidence === 'none') {
    const point =
      limit.quantity.kind === 'percentile'
        ? percentilePoints(facts)
        : { forSatisfied: share(forSatisfied), forViolated: share(forViolated) };
    return row(facts, {
      ...base,
      ...shown,
      method: 'point',
      ...decideByPoint(facts, forSatisfied.n, point.forSatisfied, point.forViolated),
    });
  }
  const upper = limit.side === 'upper';
  const evidence = {
    lnSatisfied: upper ? lnSatisfied(forSatisfied, p0) : lnViolated(forSatisfied, p0),
    lnViolated: upper ? lnViolated(forViolated, p0) : lnSatisfied(forViolated, p0),
    nSatisfied: forSatisfied.n,
    nViolated: forViolated.n,
  };
  const decision = decide(facts, evidence);
  const { lnSatisfiedNeeded, lnViolatedNeeded } = facts;
  const found: Found = {
    ...base,
    ...shown,
    method: 'evidence',
    ...decision,
    lnSatisfied: evidence.lnSatisfied,
    lnViolated: evidence.lnViolated,
    lnSatisfiedNeeded,
    lnViolatedNeeded,
  };
  if (!look.bounds || forSatisfied.n === 0) return row(facts, found);
  const upperView = upper ? forSatisfied : forViolated;
  const lowerView = upper ? forViolated : forSatisfied;
  const upperNeeded = upper ? lnSatisfiedNeeded : lnViolatedNeeded;
  const lowerNeeded = upper ? lnViolatedNeeded : lnSatisfiedNeeded;
  const bounds =
    limit.quantity.kind === 'percentile'
      ? percentileBounds(
          limit.quantity.percent,
          measured.tally,
          { upper, upperNeeded, lowerNeeded },
          settings.capMs(limit),
        )
      : { upper: upperBound(upperView, upperNeeded), lower: lowerBound(lowerView, lowerNeeded) };
  const needed =
    decision.reason === 'not-enough-evidence' || decision.reason === 'too-few-requests'
      ? requestsStillNeeded({
          count: forSatisfied,
          p0,
          lnSatisfiedNeeded: upper ? lnSatisfiedNeeded : lnViolatedNeeded,
          lnViolatedNeeded: upper ? lnViolatedNeeded : lnSatisfiedNeeded,
          rate,
        })
      : undefined;
  return row(facts, {
    ...found,
    ...agree(facts, decision.verdict, bounds),
    ...(needed === undefined ? {} : { requestsNeeded: needed }),
  });
}

const share = (count: Count): number => (count.n === 0 ? Number.NaN : count.bad / count.n);

function shareEstimates(
  facts: Facts,
  counts: { readonly response: Count; readonly service: Count },
): Partial<LimitAssessment> {
  const { limit, measured } = facts;
  if (limit.quantity.kind === 'percentile') {
    const { response, service } = measured.tally;
    if (response.n === 0) return {};
    const estimate = percentile(response.histogram, limit.quantity.percent);
    return {
      estimate,
      ...(service.n === 0 ? {} : otherEstimate(estimate, percentile(service.histogram, limit.quantity.percent))),
    };
  }
  if (counts.response.n === 0) return {};
  const estimate = share(counts.response);
  return { estimate, ...(counts.service.n === 0 ? {} : otherEstimate(estimate, share(counts.service))) };
}

function percentilePoints(facts: Facts): { forSatisfied: number; forViolated: number } {
  const { limit, measured } = facts;
  const percent = limit.quantity.kind === 'percentile' ? limit.quantity.percent : 50;
  const value = (view: TallyView) => (view.n === 0 ? Number.NaN : percentile(view.histogram, percent));
  return views(limit, { response: value(measured.tally.response), service: value(measured.tally.service) });
}

function percentileBounds(
  percent: number,
  tally: Tally,
  need: { readonly upper: boolean; readonly upperNeeded: number; readonly lowerNeeded: number },
  capMs: number | undefined,
): { upper?: number | undefined; lower?: number | undefined } {
  // The upper bound comes from response time and the lower one from service time, whichever of them decides.
  const upper = quantileUpperBound(tally.response.histogram, { percent, lnThreshold: need.upperNeeded });
  return {
    upper: upper === undefined || capMs === undefined ? upper : Math.min(upper, capMs),
    lower: quantileLowerBound(tally.service.histogram, { percent, lnThreshold: need.lowerNeeded }),
  };
}
