/** Objectives on live counters: shares, percentiles and means, with the allowance for requests under way (statistics.md 0.7). */
import {
  beyondCounts,
  isAllUnderWay,
  meanCounts,
  shareCounts,
  type CounterLedger,
  type LedgerCounts,
} from '../../evidence/counters/counter-growth.ts';
import type { LimitAssessment } from '../assessment.ts';
import { assessShare } from './share.ts';
import { row, type Facts } from './decide.ts';
import { AFTER_MEASURING, ALL_UNDER_WAY } from '../wording/sentences.ts';

/** `shown`: what every row about it says, whatever the verdict. */
export function assessCounters(
  facts: Facts,
  ledger: CounterLedger,
  shown: Pick<LimitAssessment, 'n'> & Partial<LimitAssessment>,
): LimitAssessment {
  const { limit, settings } = facts;
  const unquantified = (detail: string) =>
    row(facts, { ...shown, method: 'evidence', verdict: 'undecided', reason: 'unquantified', detail });
  if (isAllUnderWay(ledger)) {
    return row(facts, {
      ...shown,
      method: 'evidence',
      verdict: 'undecided',
      reason: 'not-enough-evidence',
      detail: ALL_UNDER_WAY,
    });
  }
  switch (ledger.kind) {
    case 'shares': {
      const counts = shareCounts(ledger);
      if (limit.limit === 0 && limit.side === 'upper') return noneAtAll(facts, counts, shown);
      if (!(limit.limit < 1)) return unquantified('a share is below 1: so must its limit be');
      return { ...withoutValues(assessShare(facts, counts, limit.limit, shown.estimate)), ...shown };
    }
    case 'sums': {
      const cap = settings.capMs(limit);
      if (cap === undefined) return unquantified('a mean needs its largest value: declare it (strength.cap)');
      if (limit.limit <= 0 || limit.limit >= cap)
        return unquantified(`the limit is not between 0 and the cap of ${cap}`);
      if ((shown.estimate ?? 0) > cap) return unquantified(`it is above the cap of ${cap} that was declared`);
      return assessScaled(facts, meanCounts(ledger, cap), { cap, shown });
    }
    case 'histograms': {
      const counts = beyondCounts(ledger, limit.limit);
      if (counts === undefined) return unquantified('it was not counted at this limit');
      const beyond = (100 - (ledger.percentile ?? 50)) / 100;
      const assessed = assessShare({ ...facts, look: { ...facts.look, bounds: false } }, counts, beyond);
      const { verdict } = assessed;
      const below = (limit.side === 'upper') === (verdict === 'satisfied');
      // The counters are exact at the limit, and known nowhere else.
      const bounds = verdict === 'undecided' ? {} : below ? { upper: limit.limit } : { lower: limit.limit };
      return { ...withoutValues(assessed), ...bounds, ...shown };
    }
    case 'counts':
      return unquantified('a count has no evidence');
  }
}

/** The counts behind the two verdicts differ, and are not what people would count. */
function withoutValues(assessed: LimitAssessment): Omit<LimitAssessment, 'n' | 'count'> {
  const { n: _, count: __, estimate: ___, serviceEstimate: ____, ...rest } = assessed;
  return rest;
}

/** A mean is judged as the share of its cap, and shown as it is. */
export function assessScaled(
  facts: Facts,
  counts: LedgerCounts,
  { cap, shown }: { readonly cap: number; readonly shown: Pick<LimitAssessment, 'n'> & Partial<LimitAssessment> },
): LimitAssessment {
  const { limit } = facts;
  const asShare = { ...facts, limit: { ...limit, limit: limit.limit / cap } };
  const share = shown.estimate === undefined ? undefined : shown.estimate / cap;
  const { lower, upper, ...rest } = withoutValues(assessShare(asShare, counts, asShare.limit.limit, share));
  return {
    ...rest,
    ...(lower === undefined ? {} : { lower: lower * cap }),
    ...(upper === undefined ? {} : { upper: upper * cap }),
    ...shown,
    limit: limit.limit,
  };
}

/** A limit of 0 has no evidence: violated by the first that surely began since, satisfied when measuring is done. */
function noneAtAll(
  facts: Facts,
  { response, service }: LedgerCounts,
  shown: Pick<LimitAssessment, 'n'> & Partial<LimitAssessment>,
): LimitAssessment {
  const found = { ...shown, method: 'exact' as const };
  if (service.bad > 0) return row(facts, { ...found, verdict: 'violated' });
  if (response.n === 0) return row(facts, { ...found, verdict: 'undecided', reason: 'no-traffic' });
  if (facts.look.measuringDone === false || response.bad > 0)
    return row(facts, { ...found, verdict: 'undecided', reason: 'plan-not-done', detail: AFTER_MEASURING });
  return row(facts, { ...found, verdict: 'satisfied' });
}
