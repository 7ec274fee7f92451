/** What the planned load can decide, and how many requests it would take: for `plan`, and for the warning of `run`. Pure. */
import { collectInputs } from '../experiment/task-inputs.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { StrengthSettings } from '../experiment/strength-settings.ts';
import type { CounterKind } from '../evidence/counters/counter-samples.ts';
import type { LimitAssessment } from '../judge/assessment.ts';
import { relativePower } from './relative-decidability.ts';
import { judgedLimits, judgedVersions, judgeSettings, type JudgedLimit } from '../judge/question.ts';
import { expectedRequests, fewestRequests, meanExpectedRequests } from '../evidence/planning/requests-needed.ts';

/** How many requests for each version the collect tasks plan and may send at most. */
export interface PlannedLoad {
  readonly plannedRequests: number;
  readonly mostRequests: number;
  /** Requests a second; 0 for a closed loop. */
  readonly ratePerSec: number;
  readonly closedLoop: boolean;
}

export interface PowerRow {
  readonly metric: string;
  readonly side: JudgedLimit['side'];
  readonly limit: number;
  readonly unit: JudgedLimit['unit'];
  /** Requests on average until it is satisfied at the assumed truth; undefined when that says nothing (exact, point). */
  readonly expected?: number | undefined;
  /** The assumed truth: share, or ms. */
  readonly assumed?: number | undefined;
  /** A relative objective: `expected` are pairs of requests, of versions that are alike. */
  readonly relative?: LimitAssessment['relative'];
  /** Requests below which it cannot be satisfied whatever they say. */
  readonly fewest?: number | undefined;
  /** `yes`: the plan gives what it takes on average; `extending`: extending can; `no`: neither. */
  readonly decided: 'yes' | 'extending' | 'depends' | 'no';
  /** Why it is `no`, or what else is worth knowing. */
  readonly remark?: string | undefined;
}

export function plannedLoad(experiment: Experiment, strength: StrengthSettings): PlannedLoad {
  const judged = new Set(judgedVersions(experiment).map((version) => version.name));
  const tasks = Object.entries(experiment.spec.strategy.actions).flatMap(([action, list]) => {
    const times = action === 'loop' ? experiment.spec.duration.maxLoops : 1;
    return list
      .filter((task) => task.task === 'metrics/collect')
      .map((task) => ({ inputs: collectInputs(task), times }));
  });
  let plannedRequests = 0;
  let mostRequests = 0;
  let ratePerSec = 0;
  let closedLoop = false;
  for (const { inputs, times } of tasks) {
    if (inputs.loadOnly || !inputs.versions.some((version) => judged.has(version.name))) continue;
    const planned = Number.isFinite(inputs.plannedRequests) ? inputs.plannedRequests : 0;
    plannedRequests += times * planned;
    ratePerSec = Math.max(ratePerSec, inputs.qps);
    closedLoop ||= inputs.qps === 0;
    const extends_ = strength.extend && strength.confidence !== 'none';
    const inTime =
      inputs.qps === 0
        ? strength.maxRequests
        : Math.min(strength.maxRequests, Math.floor(strength.maxSeconds * inputs.qps));
    mostRequests += times * (extends_ ? Math.max(planned, inTime) : planned);
  }
  return { plannedRequests, mostRequests, ratePerSec, closedLoop };
}

/** One row for each side of each objective, for the version with the highest bar to clear. */
export function powerOf(experiment: Experiment, strength: StrengthSettings): PowerRow[] {
  const load = plannedLoad(experiment, strength);
  const versions = judgedVersions(experiment);
  const candidates = versions.filter((version) => version.role === 'candidate').length;
  const alpha = strength.confidence === 'none' ? undefined : 1 - strength.confidence;
  const factor = candidates > 1 ? versions.length - 1 : 1;
  const settings = judgeSettings(experiment, strength);
  const own = judgedLimits(experiment).map((limit): PowerRow => {
    const base = { metric: limit.metric, side: limit.side, limit: limit.limit, unit: limit.unit };
    // How much somebody else will have counted is not ours to say.
    if (limit.quantity.kind === 'custom') return { ...base, decided: 'depends' };
    if (limit.unit === 'ms' && load.closedLoop)
      return { ...base, decided: 'no', remark: 'with qps 0 latency depends on the load itself' };
    if (limit.unit === 'count' || (limit.quantity.kind === 'error-rate' && limit.limit === 0) || alpha === undefined) {
      return { ...base, decided: 'yes', remark: 'compared when the plan is done' };
    }
    const lnThreshold = Math.log(factor / alpha);
    const needs =
      limit.quantity.kind === 'mean-latency'
        ? meanNeeds(limit, settings.capMs(limit), lnThreshold)
        : shareNeeds(limit, lnThreshold);
    return { ...base, ...needs, ...reachable(needs, load) };
  });
  return [...own, ...relativePower(experiment, strength, load)];
}

interface Needs {
  readonly expected?: number;
  readonly assumed?: number;
  readonly fewest?: number;
}

/** What a backend was seen to count for a metric: see `stats/counter-rows.ts`. */
export interface SeenCounters {
  readonly kind: CounterKind;
  readonly percentile?: number | undefined;
}

/** The rows with what they need, for metrics whose raw counters were seen: how many of them there will be is not ours to say. */
export function withBackendNeeds(
  rows: readonly PowerRow[],
  seen: ReadonlyMap<string, SeenCounters>,
  how: { readonly experiment: Experiment; readonly strength: StrengthSettings },
): PowerRow[] {
  const { experiment, strength } = how;
  if (strength.confidence === 'none') return [...rows];
  const candidates = judgedVersions(experiment).filter((version) => version.role === 'candidate').length;
  const lnThreshold = Math.log(Math.max(1, candidates) / (1 - strength.confidence));
  const settings = judgeSettings(experiment, strength);
  const limits = judgedLimits(experiment);
  return rows.map((row) => {
    const counters = seen.get(row.metric);
    const limit = limits.find((one) => one.metric === row.metric && one.side === row.side && one.limit === row.limit);
    if (row.decided !== 'depends' || counters === undefined || limit === undefined) return row;
    const needs = backendNeeds(limit, counters, { capMs: settings.capMs(limit), lnThreshold });
    return typeof needs === 'string'
      ? { ...row, decided: 'no', remark: needs }
      : { ...row, ...(counters.kind === 'shares' ? { unit: 'share' } : {}), ...needs };
  });
}

/** A text says why it can never be decided. */
function backendNeeds(
  limit: JudgedLimit,
  { kind, percentile }: SeenCounters,
  { capMs, lnThreshold }: { readonly capMs: number | undefined; readonly lnThreshold: number },
): Needs | string {
  switch (kind) {
    case 'counts':
      return {};
    case 'shares':
      return limit.limit > 0 && limit.limit < 1 ? shareNeeds(limit, lnThreshold) : {};
    case 'histograms':
      return shareNeeds({ ...limit, quantity: { kind: 'percentile', percent: percentile ?? 50 } }, lnThreshold);
    case 'sums':
      if (capMs === undefined) return 'a mean needs its largest value: declare it (strength.cap)';
      return limit.limit > 0 && limit.limit < capMs ? meanNeeds(limit, capMs, lnThreshold) : {};
  }
}

function shareNeeds(limit: JudgedLimit, lnThreshold: number): Needs {
  const p0 = limit.quantity.kind === 'percentile' ? (100 - limit.quantity.percent) / 100 : limit.limit;
  const truth = limit.side === 'upper' ? p0 / 10 : Math.min(1, 2 * p0);
  return {
    expected: expectedRequests({ p0, truth, lnThreshold, side: limit.side === 'upper' ? 'satisfied' : 'violated' }),
    assumed: truth,
    ...(limit.side === 'upper' ? { fewest: fewestRequests(p0, lnThreshold) } : {}),
  };
}

function meanNeeds(limit: JudgedLimit, capMs: number | undefined, lnThreshold: number): Needs {
  if (capMs === undefined) return {};
  return {
    expected: meanExpectedRequests({ limitMs: limit.limit, capMs, truthMs: limit.limit / 2, lnThreshold }),
    assumed: limit.limit / 2,
  };
}

function reachable(needs: Needs, load: PlannedLoad): Pick<PowerRow, 'decided' | 'remark'> {
  const expected = Math.max(needs.expected ?? 0, needs.fewest ?? 0);
  if (expected <= load.plannedRequests) return { decided: 'yes' };
  const fewest = needs.fewest ?? expected;
  if (fewest > load.mostRequests) {
    return {
      decided: 'no',
      remark: `at most ${load.mostRequests} requests are sent, and fewer than ${fewest} can never satisfy it`,
    };
  }
  return {
    decided: expected <= load.mostRequests ? 'extending' : 'no',
    ...(expected <= load.mostRequests ? {} : { remark: `at most ${load.mostRequests} requests are sent` }),
  };
}

/** Sentences for the start of a run: objectives that plan and maximum cannot decide, with the number that could. */
export function powerWarnings(experiment: Experiment, strength: StrengthSettings): string[] {
  return powerOf(experiment, strength)
    .filter((row) => row.decided === 'no')
    .map((row) => {
      const name = row.metric.replace(/^iter8-system\//, '');
      const number = row.fewest ?? row.expected;
      const needs = number === undefined ? '' : `; it takes at least ${Math.ceil(number)} requests`;
      return `${name} cannot be decided by this plan: ${row.remark ?? 'too few requests'}${needs}`;
    });
}
