/** What is said before a run about one objective: how many requests it takes, and whether the plan gives them. Pure. */
import { measured, type Distribution } from '../evidence/planning/distribution.ts';
import { measuredSpread, type LatencySpread } from '../evidence/planning/percentile-passage.ts';
import type { NeededRequests } from '../evidence/planning/quantiles.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { LimitAssessment } from '../judge/assessment.ts';
import type { Limit } from '../judge/question/limits.ts';
import { sentTo, type SentRequests } from '../judge/question/planned-load.ts';
import type { Question } from '../judge/question/question.ts';
import { countedScopes, readRecord, readTally } from '../judge/record/stored-record.ts';
import { formatCount, formatCounted } from '../text/units.ts';

/** `errors` and `slower` (than the limit of a percentile) are shares of the requests; a `value` has the unit of its row. */
export interface AssumedTruth {
  readonly kind: 'errors' | 'slower' | 'value';
  readonly value: number;
}

export interface PowerRow {
  readonly metric: string;
  readonly side: Limit['side'];
  readonly limit: number;
  readonly unit: Limit['unit'];
  /** Requests until it is satisfied at the assumed truth, on average and in parts of the runs; absent when that says nothing. */
  readonly needed?: NeededRequests | undefined;
  readonly assumed?: AssumedTruth | undefined;
  /** An earlier run showed it. */
  readonly isMeasured?: true;
  /** A relative objective: `needed` are pairs of requests, of versions that are alike. */
  readonly relative?: LimitAssessment['relative'];
  /** Requests below which it cannot be satisfied whatever they say. */
  readonly fewest?: number | undefined;
  /** `yes`: the plan gives what it takes in 80 % of the runs; `extending`: extending can; `seldom`: neither; `no`: nothing can. */
  readonly decided: 'yes' | 'extending' | 'depends' | 'seldom' | 'no';
  /** Why it is `seldom` or `no`, or what else is worth knowing. */
  readonly remark?: string | undefined;
}

/** The bar that a candidate, or the only version, has to clear. */
export function lnSatisfiedNeeded({ answered, versions }: Question): number {
  return Math.max(0, ...(answered.length > 0 ? answered : versions).map((version) => version.lnSatisfiedNeeded));
}

/** Names of those that no task loads and measures, or not at that endpoint: of them our metrics have no value. */
export function unloadedVersions(
  { load }: Pick<Question, 'load'>,
  versions: readonly { readonly name: string }[],
  endpoint?: string,
): string[] {
  return versions.map(({ name }) => name).filter((name) => sentTo(load.tasks, [name], endpoint).plannedRequests === 0);
}

export const unloadedText = (names: readonly string[], endpoint?: string): string =>
  `no metrics/collect task measures ${endpoint === undefined ? '' : `${endpoint} of `}${names.join(' or ')}, so that it has no value`;

/** To the version that is sent least of those that are asked about; `beside`: by tasks that load this one, too. */
export function leastSent(
  { load, answered }: Question,
  { endpoint, beside = [] }: { readonly endpoint?: string | undefined; readonly beside?: readonly string[] },
): SentRequests {
  const sent = answered.map(({ name }) => sentTo(load.tasks, [...beside, name], endpoint));
  const least = (numbers: readonly (number | undefined)[]) => {
    const all = numbers.filter((one) => one !== undefined);
    return all.length < numbers.length ? undefined : all.length === 0 ? 0 : Math.min(...all);
  };
  return {
    plannedRequests: least(sent.map(({ plannedRequests }) => plannedRequests)),
    mostRequests: least(sent.map(({ mostRequests }) => mostRequests)),
  };
}

/** What an earlier run showed. */
export interface Seen {
  readonly latencies?: Distribution | undefined;
  /** The same, as fine as it was measured. */
  readonly spread?: LatencySpread | undefined;
}

/** Latencies as the version with the most requests had them; nothing without a record, or of a closed loop. */
export function seenIn(earlier: Experiment): Seen {
  const record = readRecord(earlier);
  if (record === undefined || record.closedLoop === true) return {};
  const [most] = countedScopes(record)
    .filter(({ endpoint }) => endpoint === undefined)
    .map(({ tally }) => readTally(tally).response)
    .toSorted((a, b) => b.n - a.n);
  return most === undefined ? {} : { latencies: measured(most.histogram), spread: measuredSpread(most.histogram) };
}

export interface Needs {
  readonly needed?: NeededRequests;
  readonly assumed?: AssumedTruth;
  readonly isMeasured?: true;
  readonly fewest?: number;
}

export function reachable(
  { needed, fewest = 0 }: Needs,
  { plannedRequests, mostRequests }: SentRequests,
): Pick<PowerRow, 'decided' | 'remark'> {
  if (plannedRequests === undefined || mostRequests === undefined)
    return { decided: 'depends', remark: 'how many requests a closed loop sends in its time is not known before' };
  const usual = Math.max(needed?.most ?? 0, fewest);
  if (usual <= plannedRequests) return { decided: 'yes' };
  if (usual <= mostRequests) return { decided: 'extending' };
  const sent = `at most ${formatCounted(mostRequests, 'request is', 'requests are')} sent`;
  if (fewest > mostRequests)
    return {
      decided: 'seldom',
      remark: `${sent}, and fewer than ${formatCount(Math.ceil(fewest))} can never satisfy it`,
    };
  const often = needed !== undefined && needed.half <= mostRequests;
  return {
    decided: 'seldom',
    remark: often ? `${sent}, which is enough in about half of the runs` : `${sent}, which is enough in few runs`,
  };
}
