/** The measured values of one experiment, from its view. Pure. */
import { STAGES } from '../experiment/experiment.ts';
import type { LimitAssessment, Unit } from '../judge/assessment.ts';
import type { RecommendationKind } from '../judge/recommendation.ts';
import type { ExperimentView } from '../view/experiment-view.ts';
import type { FamilyKey, Sample } from '../telemetry/families.ts';
import { labelValue } from '../telemetry/label-value.ts';

const VERDICTS: readonly LimitAssessment['verdict'][] = ['satisfied', 'violated', 'undecided'];
const RECOMMENDATIONS: Readonly<Record<RecommendationKind, string>> = {
  promote: 'promote',
  'do not promote': 'do_not_promote',
  undecided: 'undecided',
  failed: 'failed',
};

type Add = (family: FamilyKey, labels: Readonly<Record<string, string>>, value: number | undefined) => void;

/** `driven`: whether anybody drives it; undefined when that is not known. */
export function experimentSamples(view: ExperimentView, driven?: boolean): Sample[] {
  const own = { namespace: labelValue(view.namespace), experiment: labelValue(view.name) };
  const samples: Sample[] = [];
  // What is not known has no series, rather than a value that could be taken for one.
  const add: Add = (family, labels, value) => {
    if (value !== undefined && Number.isFinite(value)) samples.push({ family, labels: { ...own, ...labels }, value });
  };
  addObjectives(view.objectives, add);
  addVersions(view, add);
  const state = (family: FamilyKey, label: string, states: readonly string[], now: string | undefined) => {
    for (const one of states) add(family, { [label]: one }, Number(one === now));
  };
  state('experiment_stage', 'stage', STAGES, view.stage);
  state(
    'experiment_recommendation',
    'recommendation',
    Object.values(RECOMMENDATIONS),
    RECOMMENDATIONS[view.recommendation.verdict],
  );
  add('experiment_ended', {}, Number(view.ended));
  add('experiment_failed', {}, Number(view.failure !== undefined));
  if (!view.ended && driven !== undefined) add('experiment_driven', {}, Number(driven));
  add('experiment_waiting', { reason: 'target' }, Number(!view.ended && view.stage === 'Waiting'));
  add('experiment_waiting', { reason: 'person' }, Number(view.waiting !== undefined));
  add('experiment_iterations_completed', {}, view.iterations.completed);
  add('experiment_iterations_planned', {}, view.iterations.total);
  add('experiment_start_time_seconds', {}, secondsOf(view.startedAt));
  add('experiment_change_time_seconds', {}, secondsOf(view.changedAt));
  return samples;
}

const secondsOf = (time: string | undefined): number | undefined =>
  time === undefined ? undefined : Date.parse(time) / 1000;

/** Suffix of the name, and what the value is divided by. */
const UNITS: Readonly<Record<Unit, { readonly suffix: '_seconds' | '_ratio' | ''; readonly divisor: number }>> = {
  ms: { suffix: '_seconds', divisor: 1000 },
  share: { suffix: '_ratio', divisor: 1 },
  count: { suffix: '', divisor: 1 },
  plain: { suffix: '', divisor: 1 },
};

function addObjectives(objectives: readonly LimitAssessment[], add: Add): void {
  const names = objectiveNames(objectives);
  for (const one of objectives) {
    const labels = {
      version: labelValue(one.version),
      objective: labelValue(names.get(one.objective)!),
      side: one.side,
    };
    const { suffix, divisor } = UNITS[one.unit];
    const quantities = [
      ['estimate', one.estimate],
      ['lower_bound', one.lower],
      ['upper_bound', one.upper],
      ['limit', one.limit],
    ] as const;
    for (const [key, value] of quantities)
      add(`objective_${key}${suffix}`, labels, value === undefined ? undefined : value / divisor);
    add('objective_requests', labels, one.n);
    if (typeof one.requestsNeeded === 'number') add('objective_requests_needed', labels, one.requestsNeeded);
    for (const verdict of VERDICTS) add('objective_verdict', { ...labels, verdict }, Number(verdict === one.verdict));
  }
}

/**
 * The metric as it was written, and what it is compared with. A second objective on the same metric has its position behind its
 * name, so that no two have the same series.
 */
function objectiveNames(objectives: readonly LimitAssessment[]): Map<number, string> {
  const names = new Map<number, string>();
  const taken = new Set<string>();
  for (const { objective, metric, relative } of objectives) {
    if (names.has(objective)) continue;
    const plain = relative === undefined ? metric : `${metric} relative to ${relative.to}`;
    const name = taken.has(plain) ? `${plain} (objective ${objective + 1})` : plain;
    taken.add(name);
    names.set(objective, name);
  }
  return names;
}

function addVersions(view: ExperimentView, add: Add): void {
  const { weights, recommendation, load } = view;
  const promoted = recommendation.verdict === 'promote' ? recommendation.version : undefined;
  for (const { name } of view.versions) add('version_recommended', named(name), Number(name === promoted));
  const shares = [
    // Where no object says it, the split is only a default.
    ['version_weight_ratio', weights.known ? weights.now : []],
    ['version_weight_wanted_ratio', weights.recommended],
    ['version_weight_observed_ratio', weights.observed ?? []],
  ] as const;
  for (const [family, split] of shares) for (const { name, value } of split) add(family, named(name), value / 100);
  for (const { version, endpoint, requests, errors, late } of view.observations) {
    if (endpoint !== undefined) continue; // the version has them all
    add('version_load_requests_total', named(version), requests);
    add('version_load_errors_total', named(version), errors);
    add('version_load_late_total', named(version), late);
  }
  for (const { version, sent, resolved } of load?.versions ?? [])
    add('version_load_in_flight', named(version), Math.max(0, sent - resolved));
}

const named = (version: string) => ({ version: labelValue(version) });
