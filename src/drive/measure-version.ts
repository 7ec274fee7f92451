/** Measures one custom metric of one version: its value, and the data points behind it. For a run, and for what `plan` tries. */
import { formatValue } from '../text/units.ts';
import type { Experiment, Version } from '../experiment/experiment.ts';
import type { Metric } from '../experiment/metric.ts';
import { coversAll, LOOKBACK_SECONDS, queryText } from '../experiment/metric-query.ts';
import { metricWithDefaults } from '../experiment/defaults.ts';
import { parseMetric } from '../experiment/parse.ts';
import { parseMetricName, SYSTEM_NAMESPACE } from '../experiment/metric-names.ts';
import type { MeasuredMetric } from '../judge/limits/custom-metric.ts';
import { addCumulative } from '../evidence/counters/cumulative-growth.ts';
import {
  addSamples,
  ledgerValue,
  newestSample,
  startLedger,
  type CounterLedger,
} from '../evidence/counters/counter-growth.ts';
import type { Question } from '../judge/question/question.ts';
import { hitsOf, isUpTo } from '../judge/share-or-mean.ts';
import { countedScopes, tallyOf, type Iter8Record } from '../judge/record/stored-record.ts';
import { builtinValue } from './status-analysis.ts';
import type { Measurement, MetricSource } from './ports.ts';

/** When something is measured, and what is known until then. */
export interface MeasuredAt {
  /** With its metrics in the status. */
  readonly experiment: Experiment;
  readonly question: Question;
  readonly record: Iter8Record;
  readonly nowMs: number;
  /** Now, whatever the clock was set to meanwhile. */
  readonly steadyMs: number;
  /** When the experiment began to run; NaN before. */
  readonly startMs: number;
  readonly signal?: AbortSignal | undefined;
}

const LONGEST_LOOKBACK_SECONDS = 86_400;

/** Its program makes rows of counters (`counter-answer.ts`). */
export const givesCounters = ({ spec }: Metric): boolean =>
  spec.mock === undefined && /\b(shares|sums|histograms|counts)\b/.test(spec.jqExpression ?? '');

/** Never rejects but for an abort: a value that could not be measured is kept from before, with what went wrong. */
export async function measureVersion(
  at: MeasuredAt,
  of: { readonly name: string; readonly metric: Metric; readonly version: Version },
  metrics: MetricSource,
): Promise<MeasuredMetric> {
  const { record, nowMs, steadyMs, startMs, signal } = at;
  const { name, metric, version } = of;
  const before = record.measured?.[name]?.[version.name];
  const elapsedSeconds = Math.max(1, (steadyMs - startMs) / 1000 || 1);
  const { namespace } = at.experiment.metadata;
  const question = { metric, namespace, version, elapsedSeconds, lookbackSeconds: lookback(before, nowMs), signal };
  const [answer, size] = await Promise.all([metrics.measure(question), sampleSize(at, metrics, question)]);
  const read = outcome(metric, {
    answer: counted(answer, before, { ...ledgerOptions(at, name), nowMs }),
    size,
    before,
  });
  return withGrowth(read, before, growthOptions(at, { name, elapsedSeconds }));
}

/** Samples since the last ones, as long as they are not too old to be there. */
function lookback(before: MeasuredMetric | undefined, nowMs: number): number {
  const newest = Date.parse(before?.at ?? '');
  const since = Number.isNaN(newest) ? 0 : Math.max(0, (nowMs - newest) / 1000);
  return Math.min(LONGEST_LOOKBACK_SECONDS, Math.ceil(LOOKBACK_SECONDS + since));
}

function ledgerOptions({ question }: MeasuredAt, name: string) {
  const limits = question.limits.filter(({ metric }) => metric === name);
  return {
    limits: [...new Set(limits.map(({ limit }) => limit))],
    inFlightMs: 1000 * question.strength.inFlightSeconds,
  };
}

type Failed = Extract<Measurement, { kind: 'error' }>;
type Counted = { readonly kind: 'ledger'; readonly ledger: CounterLedger } & Pick<Measurement, 'query' | 'warnings'>;

/** Adds samples to the ledger. */
function counted(
  answer: Measurement,
  before: MeasuredMetric | undefined,
  { nowMs, ...options }: Parameters<typeof startLedger>[1] & { readonly nowMs: number },
): Exclude<Measurement, { kind: 'counters' }> | Counted {
  if (answer.kind !== 'counters') return answer;
  const { query, at, warnings } = answer;
  const fail = (message: string): Failed => ({ kind: 'error', reason: 'empty-answer', message, at, query });
  const ledger = before?.counters;
  if (answer.answer.samples.length === 0 && ledger !== undefined)
    return fail('its query gives no samples any more, or none yet');
  const next = ledger === undefined ? startLedger(answer.answer, options) : addSamples(ledger, answer.answer);
  if (typeof next === 'string') return fail(next);
  // What is asked for reaches back to the newest sample that is known: that this one is there again says nothing.
  const newest = newestSample(next);
  const isOld = nowMs - Date.parse(newest ?? '') > 1000 * LOOKBACK_SECONDS;
  if (ledger !== undefined && isOld && newest === newestSample(ledger))
    return fail('its query gives no samples any more');
  return { kind: 'ledger', ledger: next, query, warnings };
}

function outcome(
  metric: Metric,
  {
    answer,
    size,
    before,
  }: {
    readonly answer: Exclude<Measurement, { kind: 'counters' }> | Counted;
    readonly size: SampleSize | undefined;
    readonly before: MeasuredMetric | undefined;
  },
): MeasuredMetric {
  const asked = queryText(metric);
  const isCumulative = coversAll(metric);
  const about = {
    type: metric.spec.type,
    ...(metric.spec.units === undefined ? {} : { units: metric.spec.units }),
    cumulative: isCumulative,
    extrapolated: /\b(increase|rate)\s*\(/.test(asked),
    query: answer.query,
    ...warningsOf(answer, size),
  };
  if (answer.kind === 'ledger') {
    const { value, n: counted } = ledgerValue(answer.ledger);
    const at = newestSample(answer.ledger);
    return {
      ...about,
      cumulative: true,
      extrapolated: false,
      ...(value === undefined ? {} : { value }),
      n: counted,
      ...(at === undefined ? {} : { at }),
      counters: answer.ledger,
    };
  }
  if (answer.kind === 'value')
    return {
      ...about,
      value: answer.value,
      at: answer.at,
      ...(size?.n === undefined ? {} : { n: size.n }),
      ...(size?.failure === undefined ? {} : { sizeFailure: size.failure }),
      ...(size?.n !== undefined && size.coversAll !== isCumulative ? { windowsDiffer: true } : {}),
    };
  const failure = {
    reason: answer.reason,
    message: answer.message,
    since: before?.failure?.since ?? answer.at,
    count: (before?.failure?.count ?? 0) + 1,
  };
  const { value, at, n: kept, counters, growth, windowsDiffer } = before ?? {};
  return {
    ...about,
    ...(growth === undefined ? {} : { growth }),
    ...(windowsDiffer === undefined ? {} : { windowsDiffer }),
    ...(value === undefined ? {} : { value }),
    ...(at === undefined ? {} : { at }),
    ...(kept === undefined ? {} : { n: kept }),
    ...(counters === undefined ? {} : { counters, cumulative: true, extrapolated: false }),
    failure,
  };
}

interface GrowthOptions {
  readonly startMs: number;
  /** The end of what was asked about, by the time that passed, whatever the clock was set to. */
  readonly atMs: number;
  readonly inFlightMs: number;
  /** The largest value that counts: 1 for a share. */
  readonly cap: number;
}

function growthOptions(
  { question, startMs, nowMs }: MeasuredAt,
  { name, elapsedSeconds }: { readonly name: string; readonly elapsedSeconds: number },
): GrowthOptions {
  const caps = [...question.limits, ...(question.reward === undefined ? [] : [question.reward])];
  const fromMs = Number.isNaN(startMs) ? nowMs : startMs;
  return {
    startMs: fromMs,
    atMs: fromMs + 1000 * elapsedSeconds,
    inFlightMs: 1000 * question.strength.inFlightSeconds,
    cap: caps.find(({ metric }) => metric === name)?.cap ?? 1,
  };
}

/** What a value that holds everything since the start grew by, with its number of data points: a share, or a mean of its cap. */
function withGrowth(
  read: MeasuredMetric,
  before: MeasuredMetric | undefined,
  { startMs, atMs, inFlightMs, cap }: GrowthOptions,
): MeasuredMetric {
  const { value, n, at, cumulative, failure, type, counters, windowsDiffer } = read;
  const isUsable =
    cumulative &&
    failure === undefined &&
    type === 'Gauge' &&
    counters === undefined &&
    windowsDiffer !== true &&
    value !== undefined &&
    n !== undefined &&
    at !== undefined &&
    isUpTo(cap, value);
  if (!isUsable) return before?.growth === undefined ? read : { ...read, growth: before.growth };
  const known = before?.growth?.cap === cap ? before.growth.ledger : undefined;
  const sample = { startMs, inFlightMs, atMs, n, hits: hitsOf({ value, n }, cap) };
  return { ...read, growth: { cap, ledger: addCumulative(known, sample) } };
}

/** Both say of what backend they are by the query. */
function warningsOf(
  answer: Pick<Measurement, 'warnings'>,
  size: SampleSize | undefined,
): Pick<MeasuredMetric, 'warnings'> {
  const warnings = [...new Set([...(answer.warnings ?? []), ...(size?.warnings ?? [])])];
  return warnings.length === 0 ? {} : { warnings };
}

interface SampleSize {
  /** Absent when it could not be measured. */
  readonly n?: number | undefined;
  readonly failure?: MeasuredMetric['sizeFailure'];
  readonly warnings?: readonly string[] | undefined;
  /** It counts everything since the start. */
  readonly coversAll: boolean;
}

/** The data points behind a value: another metric, ours or a custom one. Undefined when none is named. */
async function sampleSize(
  { experiment, record }: MeasuredAt,
  metrics: MetricSource,
  question: Parameters<MetricSource['measure']>[0],
): Promise<SampleSize | undefined> {
  const { metric, version } = question;
  const written = metric.spec.sampleSize;
  if (written === undefined) return undefined;
  const name = parseMetricName(written, metric.metadata.namespace);
  if (name.quantity.kind !== 'custom') {
    const scopes = countedScopes(record);
    const n = builtinValue(written, metric.metadata.namespace, (endpoint) => tallyOf(scopes, version.name, endpoint));
    return n === undefined ? undefined : { n, coversAll: true };
  }
  const counter = metricOf(experiment, written, metric.metadata.namespace);
  if (counter === undefined) return undefined;
  const answer = await metrics.measure({ ...question, metric: counter });
  return {
    coversAll: coversAll(counter),
    ...(answer.warnings === undefined ? {} : { warnings: answer.warnings }),
    ...sizeOf(written, answer),
  };
}

function sizeOf(written: string, answer: Measurement): Pick<SampleSize, 'n' | 'failure'> {
  if (answer.kind === 'value' && answer.value >= 0) return { n: answer.value };
  const { query } = answer;
  const behind = `its sampleSize ${written}`;
  if (answer.kind === 'error')
    return { failure: { reason: answer.reason, message: `${behind}: ${answer.message}`, query } };
  const got =
    answer.kind === 'value'
      ? `is ${formatValue(answer.value, 'plain')}, and a number of data points is 0 or more`
      : 'gives raw counters, and should give one number';
  return { failure: { reason: 'no-number', message: `${behind} ${got}`, query } };
}

/** As it was read at the start, under the name of where it was found. */
export function metricOf(experiment: Experiment, written: string, namespace: string): Metric | undefined {
  const { key } = parseMetricName(written, namespace);
  const places = [`${key.namespace}/${key.name}`, `${SYSTEM_NAMESPACE}/${key.name}`];
  const found = places.flatMap((place) => experiment.status?.metrics?.filter(({ name }) => name === place) ?? [])[0];
  const metric = found === undefined ? undefined : parseMetric(found.metricObj).value;
  return metric === undefined ? undefined : metricWithDefaults(metric, { namespace: key.namespace });
}
