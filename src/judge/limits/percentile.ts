/**
 * Percentiles: the share of requests beyond the limit, counted exactly; shown from the histogram.
 * Source: docs/method.md 0.2, 1.2.
 */
import {
  percentile,
  quantileLowerBound,
  quantileUpperBound,
  rankOf,
} from '../../evidence/one-sample/percentile-bounds.ts';
import { limitKey, type Count, type LimitCount, type TallyView } from '../../evidence/request-tally.ts';
import { neededOf, otherEstimate, views, type Asked, type Finding } from '../finding.ts';
import type { Counted } from '../counted-scope.ts';
import { countClaims } from './rate.ts';

const NOTHING: LimitCount = { response: { n: 0, bad: 0 }, service: { n: 0, bad: 0 } };

export function percentileFinding(asked: Asked, percent: number, { tally }: Counted): Finding {
  const { limit } = asked;
  const counts = tally.limits[limitKey({ limitMs: limit.limit, side: limit.side })] ?? NOTHING;
  const { response, service } = tally;
  const value = (view: TallyView, count: Count) => percentile(view.histogram, percent, { limitMs: limit.limit, count });
  const values = { response: value(response, counts.response), service: value(service, counts.service) };
  const { forSatisfied } = views(limit, counts);
  const { lnBelowNeeded, lnAboveNeeded } = neededOf(asked);
  return {
    kind: 'evidence',
    shown: {
      n: forSatisfied.n,
      count: forSatisfied,
      ...(response.n === 0 ? {} : { estimate: values.response }),
      ...(response.n === 0 || service.n === 0 ? {} : otherEstimate(values.response, values.service)),
    },
    points: views(limit, {
      response: pointBeside(values.response, counts.response, { percent, n: response.n }),
      service: pointBeside(values.service, counts.service, { percent, n: service.n }),
    }),
    claims: () => ({
      ...countClaims(asked, counts, (100 - percent) / 100),
      bounds: () => {
        const upper = quantileUpperBound(response.histogram, { percent, lnThreshold: lnBelowNeeded });
        const lower = quantileLowerBound(service.histogram, { percent, lnThreshold: lnAboveNeeded });
        return {
          ...(upper === undefined ? {} : { upper: Math.min(upper, limit.cap ?? upper) }),
          ...(lower === undefined ? {} : { lower }),
        };
      },
    }),
  };
}

/**
 * A percentile as a number to be compared with its limit: on the side where its requests were counted. One without an answer is beyond
 * every limit, whatever its latency stands for (docs/method.md 0.2).
 */
function pointBeside(value: number, { n, bad }: Count, of: { readonly percent: number; readonly n: number }): number {
  if (n !== of.n) return value;
  return n - bad >= rankOf(of.percent, n) ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
