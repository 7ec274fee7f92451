/**
 * What can be said of any object, whoever wrote it: ours from our record, those of Iter8 0.7 judged again from the histograms
 * and codes that they hold. Pure; takes any nonsense in the free-form part without throwing.
 */
import { formatLimit } from '../../text/units.ts';
import { binIndex } from '../../evidence/latency-histogram.ts';
import {
  EMPTY_TALLY,
  limitKey,
  type LatencyLimit,
  type LimitCount,
  type SparseHistogram,
  type Tally,
} from '../../evidence/request-tally.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import type { LimitAssessment } from '../assessment.ts';
import { Judge } from '../judge.ts';
import { hasEnded, hasFailed } from '../../experiment/conditions.ts';
import { latencyLimits, limitsOf } from '../question/limits.ts';
import { compileQuestion, withoutCaps, type Question } from '../question/question.ts';
import { damageOf, isRecordedByIter8, type RecordedByIter8 } from '../record/damage.ts';
import { countedScopes, readRecord, readTally, type Iter8Record } from '../record/stored-record.ts';
import { recommend } from '../recommend.ts';
import type { Recommendation } from '../recommendation.ts';

export interface KnownJudgement {
  /** `ours`: from our record. `histograms`: from what Iter8 0.7 left. `none`: nothing was measured yet. */
  readonly source: 'ours' | 'histograms' | 'none';
  readonly recommendation: Recommendation;
  readonly assessments: readonly LimitAssessment[];
  readonly record?: Iter8Record | undefined;
}

/** The judgement of an object as it stands. */
export function knownJudgement(experiment: Experiment): KnownJudgement {
  const damage = damageOf(experiment);
  if (damage !== undefined) {
    const reasons = [`its record is damaged: ${damage}`];
    return { source: 'none', recommendation: { ...notYet(experiment), reasons }, assessments: [] };
  }
  const record = readRecord(experiment);
  const assessments = record?.assessments ?? [];
  if (hasFailed(experiment)) {
    const failed = failure(experiment);
    return record === undefined
      ? { source: 'histograms', recommendation: failed, assessments: judgeHistograms(experiment).assessments }
      : { source: 'ours', recommendation: failed, assessments, record };
  }
  if (record !== undefined) {
    return { source: 'ours', recommendation: record.recommendation ?? notYet(experiment), assessments, record };
  }
  if (experiment.status?.analysis === undefined && !hasEnded(experiment)) {
    return { source: 'none', recommendation: notYet(experiment), assessments: [] };
  }
  return { source: 'histograms', ...judgeHistograms(experiment) };
}

function failure(experiment: Experiment): Recommendation {
  const condition = experiment.status?.conditions?.find(({ type }) => type === 'Failed');
  const texts = [condition?.message, condition?.reason, experiment.status?.message].filter(
    (text) => text !== undefined && text !== '',
  );
  return { verdict: 'failed', keepsBaseline: false, reasons: [texts[0] ?? 'the experiment failed without a reason'] };
}

function notYet(experiment: Experiment): Recommendation {
  const baseline = experiment.spec.versionInfo?.baseline.name;
  const stage = experiment.status?.stage;
  const why = stage === undefined ? 'it has not been started' : 'nothing has been measured yet';
  return {
    verdict: 'undecided',
    ...(baseline === undefined ? {} : { version: baseline }),
    keepsBaseline: experiment.spec.strategy.testingPattern !== 'Conformance',
    reasons: [why],
  };
}

function judgeHistograms(experiment: Experiment): {
  readonly recommendation: Recommendation;
  readonly assessments: readonly LimitAssessment[];
} {
  // Nobody knows what the timeout was, or how long load was sent.
  const asked = withoutCaps(compileQuestion(experiment));
  const wrong = asked.limits.find(({ unit, limit }) => !isInDomain(unit, limit));
  if (wrong !== undefined) {
    const reasons = [
      `${wrong.metric}: the limit ${formatLimit(wrong.limit, 'plain')} is none that a ${wrong.unit === 'share' ? 'share' : 'value'} can have`,
    ];
    return { recommendation: { ...notYet(experiment), reasons }, assessments: [] };
  }
  const question: Question = { ...asked, strength: { ...asked.strength, minSeconds: 0 } };
  const judge = new Judge(question);
  const data = experiment.status?.analysis?.aggregatedBuiltinHists?.data;
  for (const { name } of question.versions) {
    const tally = importedTally(
      data !== undefined && Object.hasOwn(data, name) ? data[name] : undefined,
      latencyLimits(question.limits),
    );
    if (tally !== undefined) judge.add({ version: name }, tally);
  }
  const assessments = judge
    .look({ elapsedSeconds: 0, planDone: hasEnded(experiment), bounds: true })
    .map((one) => withRecordedValue(one, experiment));
  return {
    recommendation: recommend(question, { assessments, tallyOf: (name, endpoint) => judge.tallyOf(name, endpoint) }),
    assessments,
  };
}

/** Objects to look at may break every rule of a run. */
const isInDomain = (unit: LimitAssessment['unit'], limit: number): boolean =>
  Number.isFinite(limit) && (unit === 'plain' || (limit >= 0 && (unit !== 'share' || limit <= 1)));

/** A metric of somebody else whose value is recorded is not missing: it is not quantified. */
function withRecordedValue(one: LimitAssessment, experiment: Experiment): LimitAssessment {
  if (one.reason !== 'metric-unavailable') return one;
  const recorded = experiment.status?.analysis?.aggregatedMetrics?.data?.[one.metric]?.data?.[one.version]?.value;
  return recorded === undefined ? one : { ...one, reason: 'unquantified' };
}

/** Latencies beyond this count as this, in ms: as long as any limit is. */
const LONGEST_MS = 1e9;

interface Bucket {
  readonly startMs: number;
  readonly endMs: number;
  readonly count: number;
}

function bucketsOf({ Data }: NonNullable<RecordedByIter8['DurationHistogram']>): Bucket[] {
  const ms = (seconds: number) => Math.min(seconds * 1000, LONGEST_MS);
  return (Data ?? []).flatMap(({ Start, End, Count }) =>
    Count > 0 ? [{ startMs: ms(Start), endMs: ms(End), count: Count }] : [],
  );
}

/** The buckets without so many of their fastest requests. */
function withoutFastest(buckets: readonly Bucket[], gone: number): Bucket[] {
  let left = gone;
  return buckets
    .toSorted((a, b) => a.endMs - b.endMs)
    .flatMap((bucket) => {
      const taken = Math.min(left, bucket.count);
      left -= taken;
      return taken === bucket.count ? [] : [{ ...bucket, count: bucket.count - taken }];
    });
}

/** Where requests without an answer stand: their timeout is unknown. */
const unansweredBucket = (count: number): Bucket[] =>
  count === 0 ? [] : [{ startMs: LONGEST_MS / 1000, endMs: LONGEST_MS / 1000, count }];

function sparse(buckets: readonly Bucket[], edge: (bucket: Bucket) => number): SparseHistogram {
  const bins = new Map<number, number>();
  for (const bucket of buckets) {
    const index = binIndex(Math.max(1, Math.round(edge(bucket) * 1000)));
    bins.set(index, (bins.get(index) ?? 0) + bucket.count);
  }
  return [...bins].toSorted((a, b) => a[0] - b[0]);
}

/** What was counted of each version, and of its endpoints: by us, else what Iter8 0.7 left. In no particular order. */
export function countedTallies(experiment: Experiment, record: Iter8Record | undefined): CountedTally[] {
  if (record !== undefined)
    return countedScopes(record).map(({ version, endpoint, tally }) => ({
      version,
      endpoint,
      tally: readTally(tally),
    }));
  const limits = latencyLimits(limitsOf(experiment));
  return Object.entries(experiment.status?.analysis?.aggregatedBuiltinHists?.data ?? {}).flatMap(([version, value]) => {
    const tally = importedTally(value, limits);
    return tally === undefined ? [] : [{ version, tally }];
  });
}

export interface CountedTally {
  readonly version: string;
  readonly endpoint?: string | undefined;
  readonly tally: Tally;
}

/**
 * `{DurationHistogram, RetCodes}` of Iter8 0.7 as a tally, conservatively: the response view takes every latency at the end
 * of its bucket, and counts the bucket that holds a limit as beyond it; the service view takes the start, and does not.
 * Code -1 is a transport failure: an error, and for `satisfied` beyond every limit. Undefined when nothing can be read.
 */
function importedTally(value: unknown, limits: readonly LatencyLimit[]): Tally | undefined {
  // A part of it would be another measurement.
  if (!isRecordedByIter8(value)) return undefined;
  const histogram = value?.DurationHistogram ?? {};
  const buckets = bucketsOf(histogram);
  const codes: Record<string, number> = {};
  for (const [code, count] of Object.entries(value?.RetCodes ?? {})) {
    if (count > 0) codes[code === '-1' ? 'other' : code] = count;
  }
  const inCodes = Object.values(codes).reduce((sum, count) => sum + count, 0);
  const inBuckets = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  const n = Math.max(inCodes, inBuckets);
  if (n === 0) return undefined;
  const unanswered = codes['other'] ?? 0;
  const errors = Object.entries(codes).reduce(
    (sum, [code, count]) => (code === 'other' || Number(code) >= 400 ? sum + count : sum),
    0,
  );
  const sumMs =
    typeof histogram.Sum === 'number'
      ? histogram.Sum * 1000
      : buckets.reduce((sum, bucket) => sum + bucket.count * bucket.endMs, 0);
  const common = {
    n,
    errors,
    sumMs,
    maxMs: Math.max(0, ...buckets.map((bucket) => bucket.endMs)),
    minMs: buckets.length === 0 ? 0 : Math.min(...buckets.map((bucket) => bucket.startMs)),
  };
  const counts: Record<string, LimitCount> = {};
  for (const limit of inBuckets === 0 ? [] : limits) {
    const beyond = (holds: (bucket: Bucket) => boolean) =>
      buckets.filter(holds).reduce((sum, bucket) => sum + bucket.count, 0);
    const surely = beyond((bucket) => bucket.startMs >= limit.limitMs);
    const perhaps = beyond((bucket) =>
      limit.side === 'upper' ? bucket.endMs > limit.limitMs : bucket.endMs >= limit.limitMs,
    );
    counts[limitKey(limit)] = { response: { n, bad: Math.min(n, perhaps + unanswered) }, service: { n, bad: surely } };
  }
  return {
    ...EMPTY_TALLY,
    response: {
      ...common,
      histogram: sparse(
        [...withoutFastest(buckets, unanswered), ...unansweredBucket(Math.min(unanswered, inBuckets))],
        (bucket) => bucket.endMs,
      ),
    },
    service: { ...common, histogram: sparse(buckets, (bucket) => bucket.startMs) },
    limits: counts,
    codes,
  };
}
