/**
 * Live counters of one version since the start of an experiment: what each series grew by, restarts recognised, and what
 * may be claimed of the requests that *began* since, although counters count those that ended.
 *
 * Slow requests are counted late: judged as they are counted, 97 % of versions at the limit pass (docs/method.md 1.8).
 * So what speaks for a version is counted only up to `inFlightMs` before the newest sample and from `inFlightMs` after
 * the first, and what speaks against it up to now; for `violated` the other way round. Valid when every request ends
 * within that time. Samples between are few, so the allowance is rounded up to whole samples. All times are the
 * backend's own.
 *
 * A process that restarts loses the requests that are under way, and never counts them: so a series ends with its process, with
 * an allowance at its own end, and a new one begins. Otherwise the fast requests before a restart would be compared with the slow ones
 * after it. Series that ended are folded into one row, so that pods that follow one another do not fill the record. Where one series
 * of a process is seen to restart, all are over: a counter of rare failures may have as many after it as it had before.
 *
 * Source: docs/method.md 0.7, 1.6.
 */
import type { CounterAnswer } from './counter-samples.ts';
import { boundsOf, claimed, partsOf, sumOf } from './counter-parts.ts';
import { hasRestarted } from './counter-restarts.ts';
import { folded, foldedWhereEnded, type EndedSeries } from './ended-series.ts';
import {
  begun,
  everyOther,
  grown,
  isOverBetween,
  isSteady,
  laggedSince,
  numbersOf,
  restarted,
  restartsIn,
  since,
  type CountedSince,
  type SeriesLedger,
} from './series-growth.ts';
import type { Count } from '../request-tally.ts';

/** Plain data: stored, and resumed by the next driver. */
export interface CounterLedger extends CountedSince {
  /** Of histograms. */
  readonly percentile?: number | undefined;
  readonly series: Readonly<Record<string, SeriesLedger>>;
  readonly ended?: EndedSeries | undefined;
  /** What two versions are compared in: see `beginBlock`. It counts from here on. */
  readonly block?: { readonly fromMs: number } | undefined;
}

/** Numbers that one ledger may hold: it is stored in the object. */
const MOST_NUMBERS = 4_000;

/** The ledger that begins with these samples: whatever they have counted was before. */
export function startLedger(
  answer: CounterAnswer,
  options: { readonly limits: readonly number[]; readonly inFlightMs: number },
): CounterLedger {
  const { kind, percentile, samples } = answer;
  const newest = new Map(samples.map((sample) => [sample.series, sample]));
  const empty: CounterLedger = {
    kind,
    inFlightMs: options.inFlightMs,
    startMs: samples.reduce((latest, { atMs }) => Math.max(latest, atMs), 0),
    ...(percentile === undefined ? {} : { percentile }),
    limits: kind === 'histograms' ? options.limits : [],
    bounds: boundsOf(samples),
    series: {},
  };
  const series = Object.fromEntries(
    [...newest].map(([id, sample]) => {
      const raw = partsOf(sample, empty);
      const zero = raw.map(() => 0);
      const point = [sample.atMs, ...claimed(zero, empty)];
      const settled = options.inFlightMs === 0 ? { settled: point } : {};
      const source = sample.source === undefined ? {} : { source: sample.source };
      return [id, { atMs: sample.atMs, raw, total: zero, ...settled, recent: [point], ...source }];
    }),
  );
  return { ...empty, series };
}

/**
 * The ledger after more samples; those that it knows already are skipped. It holds at most so many numbers: series that ended are
 * folded, and the allowance is rounded up to fewer samples. A text says why that is impossible.
 */
export function addSamples(
  ledger: CounterLedger,
  answer: CounterAnswer,
  mostNumbers = MOST_NUMBERS,
): CounterLedger | string {
  if (answer.kind !== ledger.kind) return `it gave ${ledger.kind} before, and gives ${answer.kind} now`;
  // Nothing was there at the start: there were no bounds to choose from.
  const bounds =
    ledger.bounds.length === 0 && Object.keys(ledger.series).length === 0 ? boundsOf(answer.samples) : ledger.bounds;
  const startMs = ledger.startMs === 0 ? startOf(answer) : ledger.startMs;
  const now: CounterLedger = { ...ledger, bounds, startMs };
  const series: Record<string, SeriesLedger> = { ...ledger.series };
  let { ended } = ledger;
  const restarts = restartsIn(now, answer.samples);
  for (const sample of answer.samples) {
    const { atMs, source } = sample;
    const before = series[sample.series];
    if (atMs <= (before?.atMs ?? ended?.untilMs ?? 0)) continue;
    const raw = partsOf(sample, now);
    if (before === undefined) {
      series[sample.series] = begun(sample, raw, now);
    } else if (
      before.isOver === true ||
      hasRestarted(before.raw, raw, now.kind) ||
      isOverBetween(restarts, source, before.atMs, atMs)
    ) {
      ended = folded(ended, before, now);
      series[sample.series] = restarted(before, { atMs, raw }, now);
    } else {
      series[sample.series] = grown(before, { atMs, raw }, now);
    }
  }
  for (const [id, one] of Object.entries(series))
    if (isOverBetween(restarts, one.source, one.atMs, Number.POSITIVE_INFINITY)) series[id] = { ...one, isOver: true };
  return fitted({ ...now, series, ...(ended === undefined ? {} : { ended }) }, mostNumbers);
}

/** Samples may be a hundred thousand: too many to be arguments. */
const startOf = ({ samples }: CounterAnswer): number =>
  samples.reduce((first, { atMs }) => Math.min(first, atMs), Number.POSITIVE_INFINITY);

/** Within so many numbers: series that ended are folded; then the allowance is rounded up to fewer samples. */
function fitted(ledger: CounterLedger, mostNumbers: number): CounterLedger | string {
  if (sizeOf(ledger) <= mostNumbers) return ledger;
  let next: CounterLedger = { ...ledger, ...foldedWhereEnded(ledger, newestMs(ledger)) };
  while (sizeOf(next) > mostNumbers && Object.values(next.series).some(({ recent }) => recent.length > FEWEST_RECENT))
    next = thinned(next);
  return sizeOf(next) <= mostNumbers
    ? next
    : `it gives ${Object.keys(next.series).length} series, more than can be kept: select fewer labels`;
}

const FEWEST_RECENT = 3;

function thinned(ledger: CounterLedger): CounterLedger {
  const series = Object.entries(ledger.series).map(([id, one]) => [
    id,
    one.recent.length <= FEWEST_RECENT ? one : { ...one, recent: everyOther(one.recent) },
  ]);
  return { ...ledger, series: Object.fromEntries(series) as CounterLedger['series'] };
}

const sizeOf = ({ series, ended }: CounterLedger): number =>
  Object.values(series).reduce((sum, one) => sum + numbersOf(one), ended === undefined ? 0 : 4 * ended.total.length);

/**
 * The ledger with a new block: what it grows by from here on, for a comparison of two versions whose weights may change between
 * blocks (`live-blocks.ts`). `changedMs`: the weights were changed then; the first `inFlightMs` after it do not count, since
 * what ends in them began under other weights. So with the first block, since traffic may begin with it.
 */
export function beginBlock(ledger: CounterLedger, changedMs?: number): CounterLedger {
  const fromMs =
    changedMs === undefined
      ? (ledger.block?.fromMs ?? ledger.startMs + ledger.inFlightMs)
      : Math.max(changedMs, ledger.startMs) + ledger.inFlightMs;
  const { ended, ...now } = { ...ledger, block: { fromMs } };
  const series = Object.entries(ledger.series).map(([id, one]) => {
    const mark = isSteady(one.atMs, one, now) ? [one.atMs, ...claimed(one.total, ledger)] : undefined;
    return [id, { ...one, mark }];
  });
  return {
    ...now,
    series: Object.fromEntries(series) as CounterLedger['series'],
    ...(ended === undefined ? {} : { ended: { ...ended, block: [], blockLagged: [] } }),
  };
}

/** What the present block grew by: all that ended in it, and what ended up to `inFlightMs` before the newest sample. */
export interface BlockGrowth {
  readonly all: readonly number[];
  readonly lagged: readonly number[];
}

export function blockGrowth(ledger: CounterLedger): BlockGrowth {
  const series = Object.values(ledger.series);
  return {
    all: sumOf([ledger.ended?.block ?? [], ...series.map((one) => since(one, one.mark))]),
    lagged: sumOf([ledger.ended?.blockLagged ?? [], ...series.map((one) => laggedSince(one, one.mark, ledger))]),
  };
}

/** Grown since the start, over all series: the parts as stored. */
function totals({ series, ended }: CounterLedger): number[] {
  return sumOf([ended?.total ?? [], ...Object.values(series).map(({ total }) => total)]);
}

/** Grown in requests that surely began after the start and ended by now, as far as requests end within `inFlightMs`. */
function lagged(ledger: CounterLedger): number[] {
  const series = Object.values(ledger.series);
  return sumOf([ledger.ended?.lagged ?? [], ...series.map((one) => laggedSince(one, one.settled, ledger))]);
}

/** Whatever was counted since the start may have begun before it, or be followed by slower ones: nothing can be claimed yet. */
export function isAllUnderWay(ledger: CounterLedger): boolean {
  return lagged(ledger).every((part) => part === 0);
}

/** Counts for the two verdicts about an upper limit, as two views: see `judge/decide.ts`. */
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

/**
 * A mean as a share of its cap: each observation counts for as much of a hit as it is of the cap (docs/method.md 1.3).
 */
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

/** Straight between two bounds; to be shown, never judged (docs/method.md 1.6). Undefined beyond the last bound. */
function interpolated({ bounds }: CounterLedger, below: readonly number[], rank: number): number | undefined {
  const index = below.findIndex((count) => count >= rank);
  if (index < 0) return undefined;
  const [from, to] = [bounds[index - 1] ?? 0, bounds[index]!];
  const [least, most] = [below[index - 1] ?? 0, below[index]!];
  return most > least ? from + ((to - from) * (rank - least)) / (most - least) : to;
}

/** RFC 3339, of the newest sample; undefined without one. */
export function newestSample(ledger: CounterLedger): string | undefined {
  const newest = newestMs(ledger);
  return newest === 0 ? undefined : new Date(newest).toISOString();
}

/** Series may be as many as samples. */
const newestMs = ({ series }: CounterLedger): number =>
  Object.values(series).reduce((newest, { atMs }) => Math.max(newest, atMs), 0);
