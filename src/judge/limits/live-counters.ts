/**
 * Limits on live counters: shares, percentiles and means, with the allowance for requests under way
 * (docs/method.md 0.7).
 */
import {
  beyondCounts,
  isAllUnderWay,
  meanCounts,
  shareCounts,
  type CounterLedger,
} from '../../evidence/counters/counter-growth.ts';
import type { UndecidedReason } from '../assessment.ts';
import type { Asked, Claims, Finding, Shown } from '../finding.ts';
import { countClaims, shareClaims, zeroRateFinding, type TwoCounts } from './rate.ts';

/** `shown`: what every row about it says, whatever the verdict. */
export function liveCountersFinding(asked: Asked, ledger: CounterLedger, shown: Shown): Finding {
  const { side, limit, cap } = asked.limit;
  const open = (reason: UndecidedReason, more: Partial<Shown> = {}): Finding => ({
    kind: 'open',
    shown: { ...shown, ...more },
    reason,
  });
  // No counter is below 0.
  if (side === 'lower' && limit <= 0) return { kind: 'exact', shown, now: 'satisfied', atEnd: 'satisfied' };
  if (isAllUnderWay(ledger)) return open('all-under-way');
  switch (ledger.kind) {
    case 'shares': {
      const counts = shareCounts(ledger);
      if (limit === 0) return zeroShareFinding(asked, counts, shown);
      if (!(limit < 1)) return open('limit-not-a-share');
      return finding(shown, () => shareClaims(asked, counts, limit, shown.estimate));
    }
    case 'sums': {
      if (cap === undefined) return open('needs-cap');
      if (limit <= 0 || limit >= cap) return open('limit-outside-cap', { cap });
      if ((shown.estimate ?? 0) > cap) return open('above-cap', { cap });
      return finding(shown, () => scaledClaims(asked, meanCounts(ledger, cap), { cap, estimate: shown.estimate }));
    }
    case 'histograms': {
      const counts = beyondCounts(ledger, limit);
      if (counts === undefined) return open('limit-not-counted');
      const beyond = (100 - (ledger.percentile ?? 50)) / 100;
      // The counters are exact at the limit, and known nowhere else: there are no bounds but the verdict's own.
      return finding(shown, () => ({ ...countClaims(asked, counts, beyond), bounds: undefined }));
    }
    case 'counts':
      return open('count-without-evidence');
  }
}

function finding(shown: Shown, claims: () => Claims): Finding {
  const value = shown.estimate ?? Number.NaN;
  return { kind: 'evidence', shown, points: { forSatisfied: value, forViolated: value }, claims };
}

/** Of a mean below a cap, judged as a share of it (docs/method.md 1.3); bounds in the unit of the mean. */
export function scaledClaims(
  asked: Asked,
  counts: TwoCounts,
  { cap, estimate }: { readonly cap: number; readonly estimate: number | undefined },
): Claims {
  const claims = shareClaims(
    asked,
    counts,
    asked.limit.limit / cap,
    estimate === undefined ? undefined : estimate / cap,
  );
  return {
    ...claims,
    bounds: () => {
      const { lower, upper } = claims.bounds!();
      return {
        ...(lower === undefined ? {} : { lower: lower * cap }),
        ...(upper === undefined ? {} : { upper: upper * cap }),
      };
    },
  };
}

/** A limit of 0: violated by the first that surely began since, satisfied when measuring is done and nothing may be under way. */
function zeroShareFinding(asked: Asked, counts: TwoCounts, shown: Shown): Finding {
  const found = zeroRateFinding(asked, counts, shown);
  return found.kind === 'exact' && counts.response.bad > 0 ? { ...found, atEnd: 'measuring-not-done' } : found;
}
