/**
 * What one measurement adds to the record: values of backends, blocks of live counters that two versions are compared in, and what
 * the versions earned. A run does this as it measures, a replay as it reads the line about it. Pure.
 *
 * A block lasts from one measurement to the next. One in which the weights were changed is compared with nothing, since it mixes
 * requests of two splits (Simpson's paradox: docs/method.md 1.4), and after a change the first `inFlightSeconds` do not
 * count. Where the split cannot be read a block does not end: it is known at its next measurement whether weights were changed in it.
 */
import type { Weight } from '../../experiment/experiment.ts';
import { beginBlock, blockGrowth } from '../../evidence/counters/counter-growth.ts';
import { addLiveBlock, emptyLiveBlocks, type LiveBlocks } from '../../evidence/two-versions/live-blocks.ts';
import type { MeasuredMetric } from '../limits/custom-metric.ts';
import type { Question } from '../question/question.ts';
import { blocksKey, type RelativeLimit } from '../question/relative-limits.ts';
import { nextReward } from '../reward/reward.ts';
import type { Iter8Record, StoredLiveBlocks } from './stored-record.ts';

export interface Measured {
  /** RFC 3339. */
  readonly time: string;
  /** When the experiment began to run. RFC 3339. */
  readonly startTime?: string | undefined;
  /** Custom metrics: metric as the spec wrote it, version. */
  readonly values: NonNullable<Iter8Record['measured']>;
  /** How traffic is split now, where an object says it. */
  readonly weights?: readonly Weight[] | undefined;
  /** An object says it, and could not be read. */
  readonly splitUnknown?: true | undefined;
}

/** How traffic is split before the first measurement. */
export interface ReadSplit {
  readonly weights: readonly Weight[];
}

/** Weights that the experiment itself has changed. */
export interface MovedWeights {
  /** When they had been. RFC 3339. */
  readonly time: string;
  readonly weights: readonly Weight[];
}

/** Whether versions are compared that nobody paired: then it matters how traffic is split. */
export const isSplitCompared = (question: Question): boolean =>
  question.reward !== undefined || liveLimits(question).length > 0;

/**
 * Blocks begin when the weights have been changed, and not when the next measurement sees it: by then they may be as they were, and a
 * ramp changes them again with each iteration.
 */
export function weightsMoved(question: Question, record: Iter8Record, { time, weights }: MovedWeights): Iter8Record {
  if (!isSplitCompared(question)) return record;
  const { measured } = record;
  return {
    ...record,
    ...(measured === undefined
      ? {}
      : { measured: withNewBlocks(question, measured, { nowMs: Date.parse(time), isChanged: true }) }),
    split: { weights, changedAt: time },
  };
}

/** What the first block is measured against. A change that is known says more. */
export function splitRead(question: Question, record: Iter8Record, { weights }: ReadSplit): Iter8Record {
  return isSplitCompared(question) && record.split === undefined ? { ...record, split: { weights } } : record;
}

export function addMeasurement(question: Question, record: Iter8Record, measured: Measured): Iter8Record {
  const { values, weights, time, splitUnknown: isUnknown = false } = measured;
  const split = weights ?? record.split?.weights;
  const isChanged = weights !== undefined && record.split !== undefined && !isSameSplit(weights, record.split.weights);
  const changedAt = isChanged ? time : record.split?.changedAt;
  const before = record.liveBlocks ?? {};
  const compared = isChanged || isUnknown ? before : withBlocks(question, before, values);
  const next: Iter8Record = {
    ...record,
    measured: isUnknown ? values : withNewBlocks(question, values, { nowMs: Date.parse(time), isChanged }),
    ...(Object.keys(compared).length === 0 ? {} : { liveBlocks: compared }),
    ...(split === undefined ? {} : { split: { weights: split, ...(changedAt === undefined ? {} : { changedAt }) } }),
  };
  const reward = nextReward(question, next, {
    atMs: Date.parse(time),
    startMs: Date.parse(measured.startTime ?? time),
    changedMs: changedAt === undefined ? undefined : Date.parse(changedAt),
    isSplitUnknown: isUnknown,
  });
  return reward === undefined ? next : { ...next, reward };
}

function isSameSplit(a: readonly Weight[], b: readonly Weight[]): boolean {
  return (
    a.length === b.length && a.every(({ name, value }) => b.some((one) => one.name === name && one.value === value))
  );
}

const liveLimits = ({ relative }: Question): RelativeLimit[] =>
  relative.filter(({ quantity }) => quantity.kind === 'custom');

function withBlocks(question: Question, before: StoredLiveBlocks, values: Measured['values']): StoredLiveBlocks {
  const { baseline } = question;
  if (baseline === undefined) return before;
  const next: Record<string, Record<string, LiveBlocks>> = {};
  for (const { name, role } of question.versions) {
    if (role === 'baseline') continue;
    for (const limit of liveLimits(question)) {
      const key = blocksKey(limit);
      const state = before[name]?.[key];
      const added = withBlock(limit, state, [values[limit.metric]?.[baseline.name], values[limit.metric]?.[name]]);
      if (added !== undefined) (next[name] ??= {})[key] = added;
    }
  }
  return next;
}

function withBlock(
  { comparison, cap }: RelativeLimit,
  before: LiveBlocks | undefined,
  [base, candidate]: readonly [MeasuredMetric | undefined, MeasuredMetric | undefined],
): LiveBlocks | undefined {
  const [a, b] = [base?.counters, candidate?.counters];
  if (a?.block === undefined || b?.block === undefined || a.kind !== b.kind) return before;
  // A backend that failed for one of them says nothing of this block.
  if (base?.failure !== undefined || candidate?.failure !== undefined) return before;
  if (a.kind !== 'shares' && a.kind !== 'sums') return before;
  const most = a.kind === 'shares' ? 1 : cap;
  if (most === undefined) return before;
  const state = before ?? emptyLiveBlocks({ ...comparison, cap: most });
  return addLiveBlock(state, { kind: a.kind, a: blockGrowth(a), b: blockGrowth(b) });
}

/**
 * The counters of every version begin their next block together. The block goes on where nothing was compared in it. A candidate that
 * failed beside others that did not has its next block as after a change of weights: the baseline's begins for the others, in
 * whose comparison nothing may count twice.
 */
function withNewBlocks(
  question: Question,
  values: Measured['values'],
  { nowMs, isChanged }: { readonly nowMs: number; readonly isChanged: boolean },
): Measured['values'] {
  const names = new Set(liveLimits(question).map(({ metric }) => metric));
  if (names.size === 0) return values;
  return Object.fromEntries(
    Object.entries(values).map(([metric, versions]) => {
      const hasFailed = (name: string) => versions[name]?.failure !== undefined;
      const isCompared =
        question.versions.some(({ name, role }) => role === 'candidate' && !hasFailed(name)) &&
        question.versions.every(({ name, role }) => role === 'candidate' || !hasFailed(name));
      // A block in which the weights were changed is over, whether or not it could be read.
      if (!names.has(metric) || !(isCompared || isChanged)) return [metric, versions];
      return [
        metric,
        Object.fromEntries(
          Object.entries(versions).map(([version, one]) => {
            const fromMs = isChanged || hasFailed(version) ? nowMs : undefined;
            return [version, one.counters === undefined ? one : { ...one, counters: beginBlock(one.counters, fromMs) }];
          }),
        ),
      ];
    }),
  );
}
