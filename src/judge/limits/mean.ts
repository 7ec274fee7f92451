/** Mean latency: the mean of min(latency, T), by betting on the histogram. Source: statistics.md 0.1, 1.3. */
import { binEdgesMs } from '../../evidence/latency-histogram.ts';
import { meanLowerBound, meanUpperBound, type MeanRow } from '../../evidence/one-sample/mean.ts';
import type { SparseHistogram, TallyView } from '../../evidence/request-tally.ts';
import type { LimitAssessment } from '../assessment.ts';
import {
  agree,
  decide,
  decideByPoint,
  FEWEST_FOR_VIOLATED,
  otherEstimate,
  row,
  tooSoon,
  views,
  type Facts,
  type Found,
} from './decide.ts';
import { isTrivial } from '../question.ts';

/** Bins as rows for the evidence about a mean. */
export function rowsOf(histogram: SparseHistogram): MeanRow[] {
  return histogram.map(([index, count]) => ({ ...binEdgesMs(index), count }));
}

/** The mean of min(latency, T), by betting on the histogram (statistics.md 0.1, 1.3). */
export function assessMean(facts: Facts): LimitAssessment {
  const { limit, settings, measured, look, lnSatisfiedNeeded, lnViolatedNeeded } = facts;
  const { response, service } = measured.tally;
  const upper = limit.side === 'upper';
  const n = upper ? response.n : service.n;
  const mean = (view: TallyView) => (view.n === 0 ? Number.NaN : view.sumMs / view.n);
  const estimates =
    response.n === 0
      ? {}
      : { estimate: mean(response), ...(service.n === 0 ? {} : otherEstimate(mean(response), mean(service))) };
  if (isTrivial(limit)) return row(facts, { n, ...estimates, method: 'exact', verdict: 'satisfied' });
  if (settings.confidence === 'none') {
    const values = views(limit, { response: mean(response), service: mean(service) });
    return row(facts, {
      n,
      ...estimates,
      method: 'point',
      ...decideByPoint(facts, n, values.forSatisfied, values.forViolated),
    });
  }
  const capMs = settings.capMs(limit);
  const wealth = measured.means.get(limit);
  if (wealth === undefined || capMs === undefined) return assessMeanWithoutCap(facts, estimates);
  const evidence = {
    // The response histogram bets against upper edges, the service histogram against lower ones: both conservative.
    lnSatisfied: upper ? wealth.response.lnBelow() : wealth.service.lnAbove(),
    lnViolated: upper ? wealth.service.lnAbove() : wealth.response.lnBelow(),
    nSatisfied: n,
    nViolated: upper ? service.n : response.n,
  };
  const decision = decide(facts, evidence);
  const found: Found = {
    n,
    ...estimates,
    method: 'evidence',
    ...decision,
    lnSatisfied: evidence.lnSatisfied,
    lnViolated: evidence.lnViolated,
    lnSatisfiedNeeded,
    lnViolatedNeeded,
  };
  if (!look.bounds || n === 0) return row(facts, found);
  const bounds = {
    upper: meanUpperBound(rowsOf(response.histogram), {
      capMs,
      lnThreshold: upper ? lnSatisfiedNeeded : lnViolatedNeeded,
    }),
    lower: meanLowerBound(rowsOf(service.histogram), {
      capMs,
      lnThreshold: upper ? lnViolatedNeeded : lnSatisfiedNeeded,
    }),
  };
  const needed = decision.reason === 'not-enough-evidence' ? meanStillNeeded(evidence, facts) : undefined;
  return row(facts, {
    ...found,
    ...agree(facts, decision.verdict, bounds),
    ...(needed === undefined ? {} : { requestsNeeded: needed }),
  });
}

/**
 * The log wealth of a constant bettor grows in proportion to the requests, so what is missing is read off its rate so far.
 * An estimate for people; no verdict depends on it.
 */
function meanStillNeeded(
  evidence: { readonly lnSatisfied: number; readonly lnViolated: number; readonly nSatisfied: number },
  facts: Facts,
): number | undefined {
  const entry = Math.log(128); // what the mixture of 128 nodes pays before it gains
  const roads = [
    { have: evidence.lnSatisfied, need: facts.lnSatisfiedNeeded },
    { have: evidence.lnViolated, need: facts.lnViolatedNeeded },
  ].filter((road) => road.have > 0);
  const best = roads.toSorted((a, b) => b.have / b.need - a.have / a.need)[0];
  if (best === undefined || evidence.nSatisfied === 0) return undefined;
  const perRequest = (best.have + entry) / evidence.nSatisfied;
  return Math.max(1, Math.ceil((best.need - best.have) / perRequest));
}

/** A histogram whose largest possible latency is unknown: it can show that a mean is large, never that it is small. */
function assessMeanWithoutCap(facts: Facts, estimates: Partial<LimitAssessment>): LimitAssessment {
  const { limit, measured, lnViolatedNeeded, look } = facts;
  const { service } = measured.tally;
  const n = service.n;
  const soon = tooSoon(facts, n);
  if (soon !== undefined)
    return row(facts, { n, ...estimates, method: 'evidence', verdict: 'undecided', reason: soon });
  const lower = meanLowerBound(rowsOf(service.histogram), { capMs: undefined, lnThreshold: lnViolatedNeeded });
  const above = lower !== undefined && lower >= limit.limit;
  if (limit.side === 'lower') {
    return row(facts, {
      n,
      ...estimates,
      method: 'evidence',
      ...(above ? { verdict: 'satisfied' } : { verdict: 'undecided', reason: 'no-timeout' }),
      ...(lower === undefined ? {} : { lower }),
    });
  }
  const violated = above && n >= FEWEST_FOR_VIOLATED && !look.saturated;
  return row(facts, {
    n,
    ...estimates,
    method: 'evidence',
    ...(violated ? { verdict: 'violated' } : { verdict: 'undecided', reason: 'no-timeout' }),
    ...(lower === undefined ? {} : { lower }),
  });
}
