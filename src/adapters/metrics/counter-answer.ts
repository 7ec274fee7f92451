/**
 * What a query of raw counters gives: samples of series, each a counter that only grows until its process restarts. The
 * jqExpression of such a metric gives one object instead of a number:
 *
 * - `{"shares": [{series, at, hits} | {series, at, others}]}`: events whose share is wanted, and the rest.
 * - `{"sums": [{series, at, sum} | {series, at, count}]}`: for a mean. Both of a series may stand in one row.
 * - `{"percentile": q, "histograms": [{series, at, le, count} | {series, at, count, buckets: [[lower, upper, n]]}]}`: cumulative
 *   buckets, or separate ones; bounds in the unit of the metric.
 * - `{"counts": [{series, at, count}]}`.
 *
 * `series` is any JSON that identifies the series (its labels): two values of one at one time are refused. `at` is in seconds since
 * 1970 by the clock of the backend; without it the time of the question counts. Series are never summed by the backend: a restart can
 * be seen in a single one only.
 * Source: docs/method.md 1.6.
 */
import { isObject } from '../../text/check-fields.ts';
import type { Bucket, CounterAnswer, CounterKind, CounterSample } from '../../evidence/counters/counter-samples.ts';
import { seriesReader, type Series } from './series-labels.ts';

const KINDS = ['shares', 'sums', 'histograms', 'counts'] as const;

/** Undefined when it is no answer of that form; a text says what is wrong with one. */
export function readCounterRows(json: unknown, askedAtMs: number): CounterAnswer | string | undefined {
  if (!isObject(json)) return undefined;
  const kind = KINDS.find((one) => one in json);
  if (kind === undefined) return undefined;
  const rows = json[kind];
  if (!Array.isArray(rows)) return `${kind}: expected a list of rows, got ${short(rows)}`;
  const percentile = json['percentile'];
  if (kind === 'histograms' && !(typeof percentile === 'number' && percentile >= LOWEST_PERCENTILE && percentile < 100))
    return `percentile: expected a number from 1 to below 100, such as 95, got ${short(percentile)}`;
  // One sample may be spread over several rows: the buckets of a histogram, a sum and its count.
  const parts: Parts = new Map();
  const seriesOf = seriesReader();
  for (const [index, row] of rows.entries()) {
    const problem = addRow(parts, kind, row, { askedAtMs, seriesOf });
    if (problem !== undefined) return `${kind}[${index}]: ${problem}`;
  }
  const samples: CounterSample[] = [];
  for (const [, ofSeries] of [...parts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    for (const part of [...ofSeries.values()].toSorted((a, b) => a.atMs - b.atMs)) {
      const sample = sampleOf(kind, part);
      if (sample !== undefined) samples.push(withSource(sample, part.source));
    }
  return { kind, samples, ...(typeof percentile === 'number' ? { percentile } : {}) };
}

type Field = 'hits' | 'others' | 'sum' | 'count';

/** There may be hundreds of thousands of them, on the thread that everything else waits for: nothing is made that is not needed. */
interface Part {
  readonly series: string;
  readonly source: string | undefined;
  readonly atMs: number;
  hits: number | undefined;
  others: number | undefined;
  sum: number | undefined;
  count: number | undefined;
  /** Of a histogram in rows, by bound. */
  cumulative: Map<number, number> | undefined;
  buckets: readonly Bucket[] | undefined;
}

/** By series, then by time. */
type Parts = Map<string, Map<number, Part>>;

const FIELDS: Readonly<Record<CounterKind, readonly Field[]>> = {
  shares: ['hits', 'others'],
  sums: ['sum', 'count'],
  histograms: ['count'],
  counts: ['count'],
};

/** 0.95 is a quantile, as Prometheus writes the 95th percentile: taken for a percentile almost anything would satisfy its limit. */
const LOWEST_PERCENTILE = 1;

/** In the year 5138. What is later is in milliseconds or less, in which requests under way seem to have had a thousand times as long. */
const LATEST_SECONDS = 1e11;

function addRow(
  parts: Parts,
  kind: CounterKind,
  row: unknown,
  { askedAtMs, seriesOf }: { readonly askedAtMs: number; readonly seriesOf: (labels: unknown) => Series },
): string | undefined {
  if (!isObject(row)) return `expected an object, got ${short(row)}`;
  const at = row['at'] === undefined ? askedAtMs / 1000 : row['at'];
  if (typeof at !== 'number' || !(at > 0 && at < LATEST_SECONDS))
    return `at: expected seconds since 1970, got ${short(at)}`;
  const fields = FIELDS[kind].filter((field) => row[field] !== undefined);
  if (fields.length === 0) return `expected ${FIELDS[kind].join(' or ')}`;
  for (const field of fields) {
    const value = row[field];
    if (typeof value !== 'number' || !(value >= 0) || value >= Number.MAX_VALUE)
      return `${field}: expected a number, 0 or more, got ${short(value)}`;
  }
  // A counter of hits and one of the rest are two series, even if they are named alike.
  const { id, source } = seriesOf(row['series']);
  const part = partAt(parts, {
    series: kind === 'shares' ? `${fields.join('+')}${id}` : id,
    source,
    atMs: Math.round(at * 1000),
  });
  if (kind === 'histograms' && row['le'] !== undefined) {
    const bound = boundOf(row['le']);
    if (Number.isNaN(bound)) return `le: expected a number or "+Inf", got ${short(row['le'])}`;
    const count = row['count'] as number;
    const before = (part.cumulative ??= new Map<number, number>()).get(bound);
    if (before !== undefined && before !== count) return ambiguousSeries(before, count);
    part.cumulative.set(bound, count);
    return undefined;
  }
  for (const field of fields) {
    const value = row[field] as number;
    const before = part[field];
    if (before !== undefined && before !== value) return ambiguousSeries(before, value);
    part[field] = value;
  }
  if (kind !== 'histograms') return undefined;
  // A native histogram without observations has no buckets.
  const buckets = row['buckets'] ?? (row['count'] === 0 ? [] : undefined);
  if (!Array.isArray(buckets)) return `buckets: expected a list of [lower, upper, count], got ${short(buckets)}`;
  const read = buckets.map((bucket): Bucket => {
    const [lower, upper, count] = Array.isArray(bucket) ? (bucket as unknown[]).map(boundOf) : [];
    return [lower ?? Number.NaN, upper ?? Number.NaN, count ?? Number.NaN];
  });
  if (read.some((bucket) => bucket.some(Number.isNaN))) return 'buckets: expected a list of [lower, upper, count]';
  part.buckets = read;
  return undefined;
}

/** Of two rows one would be lost. */
function ambiguousSeries(before: number, value: number): string {
  return `series: there are ${short(before)} and ${short(value)} of one series at one time; give it all labels that distinguish series`;
}

function partAt(parts: Parts, at: Pick<Part, 'series' | 'source' | 'atMs'>): Part {
  let ofSeries = parts.get(at.series);
  if (ofSeries === undefined) parts.set(at.series, (ofSeries = new Map()));
  let part = ofSeries.get(at.atMs);
  if (part === undefined) {
    const { series, source, atMs } = at;
    part = {
      series,
      source,
      atMs,
      hits: undefined,
      others: undefined,
      sum: undefined,
      count: undefined,
      cumulative: undefined,
      buckets: undefined,
    };
    ofSeries.set(atMs, part);
  }
  return part;
}

/** Undefined while a part of it is missing. */
function sampleOf(kind: CounterKind, part: Part): CounterSample | undefined {
  const { series, atMs, hits, others, sum, count, cumulative, buckets } = part;
  switch (kind) {
    case 'shares':
      return { kind, series, atMs, hits: hits ?? 0, others: others ?? 0 };
    case 'sums':
      return sum === undefined || count === undefined ? undefined : { kind, series, atMs, sum, count };
    case 'counts':
      return { kind, series, atMs, count: count ?? 0 };
    case 'histograms': {
      if (buckets !== undefined) return { kind, series, atMs, count: count ?? 0, buckets };
      const total = cumulative?.get(Number.POSITIVE_INFINITY);
      return cumulative === undefined || total === undefined
        ? undefined
        : { kind, series, atMs, count: total, buckets: separate(cumulative) };
    }
  }
}

function separate(cumulative: ReadonlyMap<number, number>): Bucket[] {
  let lower = Number.NEGATIVE_INFINITY;
  let before = 0;
  return [...cumulative]
    .toSorted(([a], [b]) => a - b)
    .map(([upper, count]) => {
      const bucket: Bucket = [lower, upper, Math.max(0, count - before)];
      lower = upper;
      before = count;
      return bucket;
    });
}

/** Bounds are multiplied by units: 0.07 s is 70.00000000000001 ms. */
function boundOf(written: unknown): number {
  const number = typeof written === 'string' ? Number(written.replace(/^\+?Inf$/i, 'Infinity')) : written;
  return typeof number === 'number' ? Number(number.toPrecision(12)) : Number.NaN;
}

function withSource(sample: CounterSample, source: string | undefined): CounterSample {
  return source === undefined ? sample : { ...sample, source };
}

const short = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 60);
