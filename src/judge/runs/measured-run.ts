/** One of two runs that are compared: what was counted of a version, and what is not known of it. Pure. */
import { isSaturated, SATURATED_ALPHA } from '../../evidence/load-self-check.ts';
import type { Tally } from '../../evidence/request-tally.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import type { MetricQuantity } from '../../experiment/metric-names.ts';
import type { MeasuredMetric } from '../limits/custom-metric.ts';
import { idsOf, type PlannedTask } from '../question/planned-load.ts';
import { compileQuestion } from '../question/question.ts';
import { changedSentence } from '../record/void-measurements.ts';
import { countedScopes, knownTimeoutMs, tallyOf, type Iter8Record } from '../record/stored-record.ts';

export interface MeasuredRun {
  readonly version: string;
  readonly tally: Tally;
  readonly tallyOf: (endpoint: string | undefined) => Tally;
  /** Seconds of load; 0 where that is not known. */
  readonly seconds: number;
  /** How long was waited for an answer, ms: latencies beyond it count as it. Absent: it is not known. */
  readonly timeoutMs?: number | undefined;
  /** What latencies count from: when a request was due, or when it was sent, after others were answered, or perhaps so. */
  readonly latency: 'due' | 'closed-model' | 'unknown-model';
  /** Requests that failed, or did not end, may be missing. */
  readonly missing?: 'failures-missing' | 'unfinished-missing' | undefined;
  /** Our own generator was late: that condemns nobody. */
  readonly isSaturated: boolean;
  /** The tool that measured it, where it is not ours. */
  readonly tool?: string | undefined;
  /** Metrics of backends. */
  readonly measured: Readonly<Record<string, MeasuredMetric>>;
  /** What the experiment asks for: rows of its own, and which values are the better ones. */
  readonly asked: readonly AskedQuantity[];
  /** It became another build while it was measured: nothing that was counted says anything about what runs now. */
  readonly changed?: string | undefined;
  /** Sentences about what was read. */
  readonly warnings: readonly string[];
}

export interface AskedQuantity {
  readonly metric: string;
  readonly quantity: MetricQuantity;
  readonly endpoint?: string | undefined;
  readonly better: 'lower' | 'higher';
  /** The largest value that counts, of metrics of backends. */
  readonly cap?: number | undefined;
  /** It has a lower limit: of a share, hits are good ones. */
  readonly isGood?: boolean | undefined;
}

/** What requests without an answer of another tool are taken for, where its timeout is not known. */
export const ASSUMED_TIMEOUT_MS = 10_000;

export function runOf(experiment: Experiment, record: Iter8Record, version: string): MeasuredRun {
  const scopes = countedScopes(record);
  const tally = tallyOf(scopes, version);
  const { imported } = record;
  const timeoutMs = knownTimeoutMs(record);
  const latency = imported?.latency ?? (record.closedLoop === true ? 'closed-model' : 'due');
  return {
    version,
    tally,
    tallyOf: (endpoint) => tallyOf(scopes, version, endpoint),
    seconds: secondsOf(experiment, record, version),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    latency,
    ...(imported?.requests === undefined ? {} : { missing: imported.requests }),
    isSaturated: isSaturated(tally.late, SATURATED_ALPHA),
    ...(imported === undefined ? {} : { tool: imported.from }),
    measured: Object.fromEntries(
      Object.entries(record.measured ?? {}).flatMap(([metric, byVersion]) =>
        Object.hasOwn(byVersion, version) ? [[metric, byVersion[version]!] as const] : [],
      ),
    ),
    asked: askedBy(experiment, record.strength),
    ...(record.changed === undefined
      ? {}
      : { changed: changedSentence(compileQuestion(experiment, record.strength), record.changed) }),
    warnings: record.warnings,
  };
}

/** Of all load that counts, less that of tasks that sent nothing to this version. */
function secondsOf(experiment: Experiment, { loadSeconds, tasks, strength }: Iter8Record, version: string): number {
  const counting = compileQuestion(experiment, strength).load.tasks;
  const secondsIn = (isMeant: (task: PlannedTask, id: string) => boolean) =>
    counting.reduce(
      (sum, task) =>
        idsOf(task).reduce((all, id) => all + (isMeant(task, id) ? (tasks[id]?.loadSeconds ?? 0) : 0), sum),
      0,
    );
  const underWay = secondsIn((_, id) => tasks[id]?.state === 'running');
  return loadSeconds + underWay - secondsIn(({ versions }) => !versions.includes(version));
}

/** `strength`: settings of flags, over those that are written. */
export function askedBy(experiment: Experiment, strength: Iter8Record['strength'] = {}): AskedQuantity[] {
  const question = compileQuestion(experiment, strength);
  const { reward } = question;
  return [
    ...question.limits.map(({ metric, quantity, endpoint, side, cap }) => ({
      metric,
      quantity,
      endpoint,
      better: side === 'upper' ? ('lower' as const) : ('higher' as const),
      isGood: side === 'lower',
      cap,
    })),
    ...question.relative.map(({ metric, quantity, endpoint, cap }) => ({
      metric,
      quantity,
      endpoint,
      better: 'lower' as const,
      cap,
    })),
    ...(reward === undefined
      ? []
      : [{ ...reward, better: reward.preferred === 'High' ? ('higher' as const) : ('lower' as const) }]),
  ];
}

/** Whether requests of two versions were sent side by side on one schedule, in random order: by every load that sent to either. */
export function areSentTogether(experiment: Experiment, record: Iter8Record, versions: readonly string[]): boolean {
  if (record.imported !== undefined || record.closedLoop === true) return false;
  const { tasks } = compileQuestion(experiment, record.strength).load;
  const sent = tasks.filter((task) => versions.some((version) => task.versions.includes(version)));
  return sent.length > 0 && sent.every((task) => versions.every((version) => task.versions.includes(version)));
}
