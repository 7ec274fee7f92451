/** Error rates, and whatever else is a share of bad ones among all. Source: docs/method.md 0.2, 0.3, 1.1. */
import { lnSatisfied, lnViolated, lowerBound, upperBound } from '../../evidence/one-sample/rate-bounds.ts';
import { requestsStillNeeded } from '../../evidence/planning/requests-needed.ts';
import { othersOf, type Count, type TallyView } from '../../evidence/request-tally.ts';
import type { Bounds } from '../../evidence/two-versions/comparison.ts';
import {
  claimsOf,
  neededOf,
  otherEstimate,
  views,
  type Asked,
  type Claims,
  type Finding,
  type Shown,
} from '../finding.ts';
import type { Counted } from '../counted-scope.ts';

export interface TwoCounts {
  readonly response: Count;
  readonly service: Count;
}

/** Requests of a view, and how many of them are errors. */
export function errorCount(view: TallyView): Count {
  return { n: view.n, bad: view.errors };
}

export const shareOf = (count: Count): number => (count.n === 0 ? Number.NaN : count.bad / count.n);

export function errorRateFinding(asked: Asked, { tally }: Counted): Finding {
  const counts = { response: errorCount(tally.response), service: errorCount(tally.service) };
  const { limit, side } = asked.limit;
  if (limit === 0 && side === 'upper') return zeroRateFinding(asked, counts);
  const { forSatisfied, forViolated } = views(asked.limit, counts);
  return {
    kind: 'evidence',
    shown: { n: forSatisfied.n, count: forSatisfied, ...shareEstimates(counts) },
    points: { forSatisfied: shareOf(forSatisfied), forViolated: shareOf(forViolated) },
    claims: () => countClaims(asked, counts, limit),
  };
}

function shareEstimates({ response, service }: TwoCounts): Partial<Shown> {
  if (response.n === 0) return {};
  const estimate = shareOf(response);
  return { estimate, ...(service.n === 0 ? {} : otherEstimate(estimate, shareOf(service))) };
}

/**
 * Claims about a share that a backend counts, bounds in shares. A lower limit is about good ones: at least p of them is at most 1 - p of
 * the others, who are counted for it, since bets are made for what is rare (docs/method.md 0.2).
 *
 * @param rate share to come, where that is known better than from these counts
 */
export function shareClaims(asked: Asked, counts: TwoCounts, p0: number, rate?: number): Claims {
  if (asked.limit.side === 'upper') return countClaims(asked, counts, p0, rate);
  const upper = { ...asked, limit: { ...asked.limit, side: 'upper' as const } };
  const claims = countClaims(upper, othersOf(counts), 1 - p0, rate === undefined ? undefined : 1 - rate);
  return { ...claims, bounds: () => complementOf(claims.bounds!()) };
}

/** Bounds of a share, from those of the others. */
export const complementOf = ({ lower, upper }: Bounds): Bounds => ({
  ...(upper === undefined ? {} : { lower: 1 - upper }),
  ...(lower === undefined ? {} : { upper: 1 - lower }),
});

/**
 * Claims from counts against p0, as the side of the limit has it; bounds in shares.
 *
 * @param rate share of bad ones to come, where that is known better than from these counts
 */
export function countClaims(asked: Asked, counts: TwoCounts, p0: number, rate?: number): Claims {
  const { limit } = asked;
  const { forSatisfied, forViolated } = views(limit, counts);
  const isUpper = limit.side === 'upper';
  const { lnBelowNeeded, lnAboveNeeded } = neededOf(asked);
  return claimsOf(asked, {
    lnSatisfied: isUpper ? lnSatisfied(forSatisfied, p0) : lnViolated(forSatisfied, p0),
    lnViolated: isUpper ? lnViolated(forViolated, p0) : lnSatisfied(forViolated, p0),
    nSatisfied: forSatisfied.n,
    nViolated: forViolated.n,
    bounds: () => ({
      // The upper bound comes from response time and the lower one from service time, whichever of them decides.
      upper: upperBound(counts.response, lnBelowNeeded),
      lower: lowerBound(counts.service, lnAboveNeeded),
    }),
    needed: () =>
      forSatisfied.n === 0
        ? undefined
        : (requestsStillNeeded({
            below: counts.response,
            above: counts.service,
            p0,
            lnSatisfiedNeeded: lnBelowNeeded,
            lnViolatedNeeded: lnAboveNeeded,
            rate,
          }) ?? 'never'),
  });
}

/** A rate limit of 0 has no evidence: violated at the first error, satisfied when the plan is done; shown with the bound. */
export function zeroRateFinding(
  { version }: Asked,
  { response, service }: TwoCounts,
  shown: Shown = { n: response.n, count: response, ...(response.n === 0 ? {} : { estimate: shareOf(response) }) },
): Finding {
  if (response.n === 0) return { kind: 'open', shown, reason: 'no-traffic' };
  return {
    kind: 'exact',
    shown,
    ...(service.bad > 0 ? { now: 'violated' } : {}),
    atEnd: response.bad > 0 ? 'depends-on-unknown' : 'satisfied',
    bounds: () => ({ upper: upperBound(response, version.lnSatisfiedNeeded) }),
  };
}
