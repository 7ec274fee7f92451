/**
 * Live counters of one version since the start of an experiment: what each series grew by, restarts recognised, and what
 * may be claimed of the requests that *began* since, although counters tell of those that ended.
 *
 * Slow requests are counted late: judged as they are counted, 97 % of versions at the limit pass (statistics.md 1.8). So what
 * speaks for a version is counted only up to `inFlightMs` before the newest sample and from `inFlightMs` after the first, and
 * what speaks against it up to now; for `violated` the other way round. Valid when every request ends within that time.
 * Samples between are few, so the allowance is rounded up to whole samples. All times are the backend's own.
 *
 * Source: statistics.md 0.7, 1.6.
 */
import type { CounterAnswer, CounterKind, CounterSample } from './counter-samples.ts';
import type { Count } from '../request-tally.ts';

/** One series. The parts of a value: see `partsOf`. */
export interface SeriesLedger {
  /** The newest sample, as it was read. */
  readonly atMs: number;
  readonly raw: readonly number[];
  /** Grown since the start. */
  readonly total: readonly number[];
  /** `[atMs, ...parts]` of the first sample that is `inFlightMs` after the start. */
  readonly settled?: readonly number[] | undefined;
  /** `[atMs, ...parts]`: the newest sample that is `inFlightMs` older than the newest of all, and all later ones. */
  readonly recent: readonly (readonly number[])[];
}

/** Plain data: stored, and resumed by the next driver. */
export interface CounterLedger {
  readonly kind: CounterKind;
  readonly inFlightMs: number;
  readonly startMs: number;
  /** Of histograms. */
  readonly percentile?: number | undefined;
  /** Limits at which a histogram is counted exactly, as far as its bounds allow. */
  readonly limits: readonly number[];
  /** Bounds at which a histogram is counted to be shown. */
  readonly bounds: readonly number[];
  readonly series: Readonly<Record<string, SeriesLedger>>;
}

/** Numbers that one ledger may hold: it is stored in the object. */
const MOST_NUMBERS = 4_000;
const MOST_BOUNDS = 24;

/** The ledger that begins with these samples: whatever they have counted was before. */
export function startLedger(
  answer: CounterAnswer,
  options: { readonly limits: readonly number[]; readonly inFlightMs: number },
): CounterLedger {
  const { kind, percentile, samples } = answer;
  const newest = new Map(samples.map((sample) => [sample.series, sample]));
  const bounds = boundsOf(samples);
  const empty: CounterLedger = {
    kind,
    inFlightMs: options.inFlightMs,
    startMs: samples.reduce((latest, { atMs }) => Math.max(latest, atMs), 0),
    ...(percentile === undefined ? {} : { percentile }),
    limits: kind === 'histograms' ? options.limits : [],
    bounds,
    series: {},
  };
  const series = Object.fromEntries(
    [...newest].map(([id, sample]) => {
      const raw = partsOf(sample, empty);
      const zero = raw.map(() => 0);
      return [id, { atMs: sample.atMs, raw, total: zero, recent: [[sample.atMs, ...kept(zero, empty)]] }];
    }),
  );
  return { ...empty, series };
}

/** The ledger after more samples; those that it knows already are skipped. A text says why that is impossible. */
export function addSamples(ledger: CounterLedger, answer: CounterAnswer): CounterLedger | string {
  if (answer.kind !== ledger.kind) return `it gave ${ledger.kind} before, and gives ${answer.kind} now`;
  // Nothing was there at the start: there were no bounds to choose from.
  const bounds =
    ledger.bounds.length === 0 && Object.keys(ledger.series).length === 0 ? boundsOf(answer.samples) : ledger.bounds;
  const now: CounterLedger = { ...ledger, bounds, startMs: ledger.startMs === 0 ? startOf(answer) : ledger.startMs };
  const series: Record<string, SeriesLedger> = { ...ledger.series };
  for (const sample of answer.samples) {
    const before = series[sample.series];
    if (before !== undefined && sample.atMs <= before.atMs) continue;
    series[sample.series] = grown(before, sample, now);
  }
  const numbers = Object.values(series).reduce((sum, one) => sum + sizeOf(one), 0);
  if (numbers > MOST_NUMBERS)
    return `it gives ${Object.keys(series).length} series, more than can be kept: select fewer labels`;
  return { ...now, series };
}

/** Samples may be a hundred thousand: too many to be arguments. */
const startOf = ({ samples }: CounterAnswer): number =>
  samples.reduce((first, { atMs }) => Math.min(first, atMs), Number.POSITIVE_INFINITY);

/** A series that was not there at the start began at zero since. */
function grown(before: SeriesLedger | undefined, sample: CounterSample, ledger: CounterLedger): SeriesLedger {
  const { atMs } = sample;
  const raw = partsOf(sample, ledger);
  const restarted = before === undefined || hasRestarted(before.raw, raw, ledger.kind);
  const total = raw.map((part, index) => (before?.total[index] ?? 0) + part - (restarted ? 0 : before.raw[index]!));
  const point = [atMs, ...kept(total, ledger)];
  const settled = before?.settled ?? (atMs >= ledger.startMs + ledger.inFlightMs ? point : undefined);
  const points = [...(before?.recent ?? []), point];
  const oldest = points.findLastIndex(([at]) => at! <= atMs - ledger.inFlightMs);
  return { atMs, raw, total, ...(settled === undefined ? {} : { settled }), recent: points.slice(Math.max(0, oldest)) };
}

/** Buckets of a native histogram may be merged as it grows: there only the number of observations tells. */
function hasRestarted(before: readonly number[], now: readonly number[], kind: CounterKind): boolean {
  return kind === 'histograms' ? now[0]! < before[0]! : now.some((part, index) => part < before[index]!);
}

/**
 * shares: hits, others. sums: sum, count. counts: count. histograms: count, and for each limit how many are surely below, and how
 * many perhaps; then for each bound how many are below.
 */
function partsOf(sample: CounterSample, { limits, bounds }: Pick<CounterLedger, 'limits' | 'bounds'>): number[] {
  switch (sample.kind) {
    case 'shares':
      return [sample.hits, sample.others];
    case 'sums':
      return [sample.sum, sample.count];
    case 'counts':
      return [sample.count];
    case 'histograms': {
      const { buckets, count } = sample;
      const surelyBelow = (bound: number) => buckets.reduce((sum, [, upper, n]) => (upper <= bound ? sum + n : sum), 0);
      const perhapsBelow = (bound: number) => buckets.reduce((sum, [lower, , n]) => (lower < bound ? sum + n : sum), 0);
      return [
        count,
        ...limits.flatMap((limit) => [surelyBelow(limit), perhapsBelow(limit)]),
        ...bounds.map(surelyBelow),
      ];
    }
  }
}

/** The parts that claims need; the others are only shown. */
const kept = (parts: readonly number[], { limits, kind }: Pick<CounterLedger, 'limits' | 'kind'>): readonly number[] =>
  kind === 'histograms' ? parts.slice(0, 1 + 2 * limits.length) : parts;

const sizeOf = ({ raw, total, settled = [], recent }: SeriesLedger): number =>
  raw.length + total.length + settled.length + recent.reduce((sum, point) => sum + point.length, 0);

/** Those of a classic histogram; doublings of one of a native histogram, whose other bounds come and go. */
function boundsOf(samples: readonly CounterSample[]): number[] {
  const buckets = samples.flatMap((sample) => (sample.kind === 'histograms' ? sample.buckets : []));
  const uppers = new Set(buckets.map(([, upper]) => upper).filter((upper) => Number.isFinite(upper) && upper > 0));
  const classic = buckets.some(([lower]) => lower === Number.NEGATIVE_INFINITY);
  const sorted = [...uppers].toSorted((a, b) => a - b);
  if (classic && sorted.length <= MOST_BOUNDS) return sorted;
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) return [];
  if (!classic) return Array.from({ length: MOST_BOUNDS }, (_, k) => middle * 2 ** (k - MOST_BOUNDS / 2));
  const step = Math.ceil(sorted.length / MOST_BOUNDS);
  return sorted.filter((_, index) => index % step === 0);
}

/** Grown since the start, over all series: the parts as stored. */
function totals(ledger: CounterLedger): number[] {
  return sumOf(Object.values(ledger.series).map(({ total }) => total));
}

/** Grown in requests that surely began after the start and ended by now, as far as requests end within `inFlightMs`. */
function lagged(ledger: CounterLedger): number[] {
  return sumOf(
    Object.values(ledger.series).map(({ settled, recent, atMs }) => {
      const then = recent[0];
      // What has not been watched for so long says nothing yet.
      if (settled === undefined || then === undefined || then[0]! > atMs - ledger.inFlightMs || then[0]! < settled[0]!)
        return [];
      return then.slice(1).map((part, index) => Math.max(0, part - settled[index + 1]!));
    }),
  );
}

/** Whatever was counted since the start may have begun before it, or be followed by slower ones: nothing can be claimed yet. */
export function isAllUnderWay(ledger: CounterLedger): boolean {
  return lagged(ledger).every((part) => part === 0);
}

function sumOf(rows: readonly (readonly number[])[]): number[] {
  const sum: number[] = [];
  for (const row of rows) for (const [index, part] of row.entries()) sum[index] = (sum[index] ?? 0) + part;
  return sum;
}

/** Counts for the two verdicts about an upper limit, as two views: see `judge/limits/decide.ts`. */
export interface LedgerCounts {
  readonly response: Count;
  readonly service: Count;
}

/** Hits of a share. */
export function shareCounts(ledger: CounterLedger): LedgerCounts {
  const [hits = 0, others = 0] = totals(ledger);
  const [hitsThen = 0, othersThen = 0] = lagged(ledger);
  return { response: { bad: hits, n: hits + othersThen }, service: { bad: hitsThen, n: hitsThen + others } };
}

/** A mean as a share of its cap: each observation counts for as much of a hit as it is of the cap (statistics.md 1.3). */
export function meanCounts(ledger: CounterLedger, cap: number): LedgerCounts {
  const parts = ([sum = 0, count = 0]: readonly number[]) => ({
    hits: sum / cap,
    others: Math.max(0, count - sum / cap),
  });
  const now = parts(totals(ledger));
  const then = parts(lagged(ledger));
  return {
    response: { bad: now.hits, n: now.hits + then.others },
    service: { bad: then.hits, n: then.hits + now.others },
  };
}

/** Observations beyond a limit; undefined at a limit that was not counted. A bucket that the limit divides helps neither side. */
export function beyondCounts(ledger: CounterLedger, limit: number): LedgerCounts | undefined {
  const index = ledger.limits.indexOf(limit);
  if (index < 0) return undefined;
  const parts = (all: readonly number[]) => {
    const [count = 0] = all;
    const [surelyBelow = 0, perhapsBelow = 0] = all.slice(1 + 2 * index);
    return {
      surelyBelow,
      perhapsBelow,
      perhapsBeyond: count - surelyBelow,
      surelyBeyond: Math.max(0, count - perhapsBelow),
    };
  };
  const now = parts(totals(ledger));
  const then = parts(lagged(ledger));
  return {
    response: { bad: now.perhapsBeyond, n: now.perhapsBeyond + then.surelyBelow },
    service: { bad: then.surelyBeyond, n: then.surelyBeyond + now.perhapsBelow },
  };
}

/** What people are shown: the value of everything since the start, and how many observations that is. */
export function ledgerValue(ledger: CounterLedger): { readonly value?: number | undefined; readonly n: number } {
  const parts = totals(ledger);
  const [first = 0, second = 0] = parts;
  switch (ledger.kind) {
    case 'shares':
      return { n: first + second, ...(first + second > 0 ? { value: first / (first + second) } : {}) };
    case 'sums':
      return { n: second, ...(second > 0 ? { value: first / second } : {}) };
    case 'counts':
      return { n: first, value: first };
    case 'histograms': {
      const below = parts.slice(1 + 2 * ledger.limits.length);
      const value = first > 0 ? interpolated(ledger, below, ((ledger.percentile ?? 50) / 100) * first) : undefined;
      return { n: first, ...(value === undefined ? {} : { value }) };
    }
  }
}

/** Straight between two bounds; to be shown, never judged (statistics.md 1.6). Undefined beyond the last bound. */
function interpolated({ bounds }: CounterLedger, below: readonly number[], rank: number): number | undefined {
  const index = below.findIndex((count) => count >= rank);
  if (index < 0) return undefined;
  const [from, to] = [bounds[index - 1] ?? 0, bounds[index]!];
  const [least, most] = [below[index - 1] ?? 0, below[index]!];
  return most > least ? from + ((to - from) * (rank - least)) / (most - least) : to;
}

/** RFC 3339, of the newest sample; undefined without one. */
export function newestSample({ series }: CounterLedger): string | undefined {
  const newest = Math.max(0, ...Object.values(series).map(({ atMs }) => atMs));
  return newest === 0 ? undefined : new Date(newest).toISOString();
}
