/**
 * A value of a backend that holds everything since the start, with the number of data points behind it (`elapsedTime` in both
 * queries): a share, or a mean as a share of its cap. It counts what ended, as counters do, so that slow failures come late: the
 * allowance for requests under way is the same (`counter-growth.ts`), on samples of (time, n, value x n).
 *
 * Such a value is worked out for each question, and extrapolated: it may fall a little. One that falls a lot has lost its data, as
 * after a restart of the backend: it then counts from there. Source: docs/method.md 0.7, 1.6.
 */
import { addSamples, startLedger, type CounterLedger } from './counter-growth.ts';

export interface CumulativeSample {
  /** When the value began to count: the start of the experiment. */
  readonly startMs: number;
  readonly inFlightMs: number;
  readonly atMs: number;
  /** Data points, 0 or more; need not be whole. */
  readonly n: number;
  /** value x n / cap; the cap of a share is 1. */
  readonly hits: number;
}

const SERIES = 'all';
/** A fall of `n` below this part of itself is a loss of data, not the noise of extrapolation. */
const KEPT_PART = 0.9;

/** The ledger (of shares: see `shareCounts`) after one more sample; one that is not newer is skipped. */
export function addCumulative(before: CounterLedger | undefined, sample: CumulativeSample): CounterLedger {
  const { startMs, inFlightMs, atMs, n } = sample;
  const hits = Math.min(Math.max(sample.hits, 0), n);
  const reading = { hits, others: n - hits };
  const last = before?.series[SERIES];
  if (before === undefined || last === undefined) return next(emptyAt(startMs, inFlightMs), { atMs, ...reading });
  if (atMs <= last.atMs) return before;
  const [hitsBefore = 0, othersBefore = 0] = last.raw;
  if (n < KEPT_PART * (hitsBefore + othersBefore)) return emptyAt(atMs, inFlightMs, reading);
  return next(lowered(before, [reading.hits, reading.others]), { atMs, ...reading });
}

interface Reading {
  readonly hits: number;
  readonly others: number;
}

/** What is in the value already at the start is no growth, but is shown. */
function emptyAt(atMs: number, inFlightMs: number, { hits, others }: Reading = { hits: 0, others: 0 }): CounterLedger {
  const empty = startLedger(
    { kind: 'shares', samples: [{ kind: 'shares', series: SERIES, atMs, hits, others }] },
    { limits: [], inFlightMs },
  );
  const parts = [hits, others];
  return {
    ...empty,
    series: { [SERIES]: { ...empty.series[SERIES]!, total: parts, recent: [[atMs, ...parts]] } },
  };
}

function next(ledger: CounterLedger, reading: Reading & { readonly atMs: number }): CounterLedger {
  const added = addSamples(ledger, {
    kind: 'shares',
    samples: [{ kind: 'shares', series: SERIES, ...reading }],
  });
  if (typeof added === 'string') throw new Error(`internal error: a single series does not fit: ${added}`);
  return added;
}

/** No earlier sample may have had more than there is now: neither claim gains by it. */
function lowered(ledger: CounterLedger, now: readonly number[]): CounterLedger {
  const one = ledger.series[SERIES]!;
  const least = (parts: readonly number[]) => parts.map((part, index) => Math.min(part, now[index]!));
  const leastAt = ([at = 0, ...parts]: readonly number[]) => [at, ...least(parts)];
  const series = {
    ...one,
    raw: least(one.raw),
    total: least(one.total),
    recent: one.recent.map(leastAt),
    ...(one.mark === undefined ? {} : { mark: leastAt(one.mark) }),
  };
  return { ...ledger, series: { [SERIES]: series } };
}
