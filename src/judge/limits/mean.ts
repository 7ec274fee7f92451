/** Mean latency: the mean of min(latency, cap), by betting on the histogram. Source: docs/method.md 0.1, 1.3. */
import { cappedSumMs, rowsOf } from '../../evidence/latency-histogram.ts';
import { meanLowerBound, meanUpperBound, type MeanBoundOptions } from '../../evidence/one-sample/mean-bounds.ts';
import { furtherRequests } from '../../evidence/planning/further-requests.ts';
import type { SparseHistogram, TallyView } from '../../evidence/request-tally.ts';
import type { Counted } from '../counted-scope.ts';
import { claimsOf, neededOf, otherEstimate, views, type Asked, type Claims, type Finding } from '../finding.ts';

/** The mean of what counts: values above the cap count as the cap. NaN without requests. */
export function meanOf(view: TallyView, cap: number | undefined): number {
  return view.n === 0 ? Number.NaN : cappedSumMs(view, cap) / view.n;
}

export function meanFinding(asked: Asked, counted: Counted): Finding {
  const { limit } = asked;
  const { response, service } = counted.tally;
  const values = { response: meanOf(response, limit.cap), service: meanOf(service, limit.cap) };
  const { forSatisfied } = views(limit, { response, service });
  return {
    kind: 'evidence',
    shown: {
      n: forSatisfied.n,
      ...(response.n === 0 ? {} : { estimate: values.response }),
      ...(response.n === 0 || service.n === 0 ? {} : otherEstimate(values.response, values.service)),
    },
    points: views(limit, values),
    claims: () => claims(asked, counted),
  };
}

function claims(asked: Asked, counted: Counted): Claims {
  const { limit } = asked;
  const { response, service } = counted.tally;
  const wealth = counted.means.get(limit);
  if (wealth === undefined || limit.cap === undefined) return claimsWithoutCap(asked, service);
  const capMs = limit.cap;
  const isUpper = limit.side === 'upper';
  const { forSatisfied, forViolated } = views(limit, { response, service });
  const { lnBelowNeeded, lnAboveNeeded } = neededOf(asked);
  const lnBelow = wealth.below.ln();
  const lnAbove = wealth.above.ln();
  return claimsOf(asked, {
    lnSatisfied: isUpper ? lnBelow : lnAbove,
    lnViolated: isUpper ? lnAbove : lnBelow,
    nSatisfied: forSatisfied.n,
    nViolated: forViolated.n,
    bounds: () => ({
      upper: boundOf('upper', response.histogram, { capMs, lnThreshold: lnBelowNeeded }),
      lower: boundOf('lower', service.histogram, { capMs, lnThreshold: lnAboveNeeded }),
    }),
    needed: () =>
      furtherRequests(
        [
          { lnWealth: wealth.below.nodes, lnNeeded: lnBelowNeeded },
          { lnWealth: wealth.above.nodes, lnNeeded: lnAboveNeeded },
        ],
        forSatisfied.n,
      ),
  });
}

const known = new WeakMap<SparseHistogram, Map<string, number>>();

/** No bound depends on the limit: where a mean has several limits, it is worked out once for them. */
function boundOf(side: 'upper' | 'lower', histogram: SparseHistogram, options: MeanBoundOptions): number {
  const ofIt = known.get(histogram) ?? new Map<string, number>();
  known.set(histogram, ofIt);
  const key = `${side} ${options.capMs} ${options.lnThreshold}`;
  const bound = ofIt.get(key) ?? (side === 'upper' ? meanUpperBound : meanLowerBound)(rowsOf(histogram), options);
  ofIt.set(key, bound);
  return bound;
}

/** A histogram whose largest possible latency is unknown: it can show that a mean is large, never that it is small. */
function claimsWithoutCap(asked: Asked, service: TallyView): Claims {
  const { limit } = asked;
  const isUpper = limit.side === 'upper';
  const lower = meanLowerBound(rowsOf(service.histogram), {
    capMs: undefined,
    lnThreshold: neededOf(asked).lnAboveNeeded,
  });
  const isAbove = service.n > 0 && lower >= limit.limit;
  return {
    isSatisfied: isAbove && !isUpper,
    isViolated: isAbove && isUpper,
    nSatisfied: service.n,
    nViolated: service.n,
    otherwise: 'no-timeout',
    bounds: () => ({ lower }),
  };
}
