/**
 * Every metric that we give out, by /metrics and by OTLP alike: name, unit, meaning, labels. docs/observability.md is made of it.
 *
 * Names: https://prometheus.io/docs/practices/naming/ (base units in the name, `_total` for what only grows).
 */

export interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  /** Of the values; `none` for counts and states. */
  readonly unit: 'seconds' | 'ratio' | 'none';
  /** One sentence. */
  readonly help: string;
  readonly labels: readonly string[];
}

const EXPERIMENT = ['namespace', 'experiment'] as const;
const VERSION = [...EXPERIMENT, 'version'] as const;
const OBJECTIVE = [...VERSION, 'objective', 'side'] as const;

/** The same in seconds, as a ratio, and in the unit of the metric: a name has one unit. */
const inEachUnit = (key: string, what: string) =>
  [
    [`objective_${key}_seconds`, 'gauge', 'seconds', `${what}, of an objective on a latency.`, OBJECTIVE],
    [
      `objective_${key}_ratio`,
      'gauge',
      'ratio',
      `${what}, of an objective on a share, such as an error rate.`,
      OBJECTIVE,
    ],
    [`objective_${key}`, 'gauge', 'none', `${what}, of any other objective, in the unit of its metric.`, OBJECTIVE],
  ] as const;

const ROWS = [
  ...inEachUnit('estimate', 'Estimate of the value'),
  ...inEachUnit('lower_bound', 'With the confidence asked for, the value is at least this'),
  ...inEachUnit('upper_bound', 'With the confidence asked for, the value is at most this'),
  ...inEachUnit('limit', 'Limit that the value must keep'),
  ['objective_requests', 'gauge', 'none', 'Requests or data points behind the estimate.', OBJECTIVE],
  [
    'objective_requests_needed',
    'gauge',
    'none',
    'Further requests that would settle the objective if what was seen went on; absent where that is not known.',
    OBJECTIVE,
  ],
  [
    'objective_verdict',
    'gauge',
    'none',
    '1 for the verdict on the objective, 0 for the others.',
    [...OBJECTIVE, 'verdict'],
  ],
  ['version_weight_ratio', 'gauge', 'ratio', 'Share of the traffic that the version gets, as objects say.', VERSION],
  ['version_weight_wanted_ratio', 'gauge', 'ratio', 'Share of the traffic that the version should get next.', VERSION],
  ['version_weight_observed_ratio', 'gauge', 'ratio', 'Share of the requests that a backend counted.', VERSION],
  ['version_recommended', 'gauge', 'none', '1 for the version that is to be promoted (so far), 0 for others.', VERSION],
  ['version_load_requests_total', 'counter', 'none', 'Requests of ours to the version that have ended.', VERSION],
  ['version_load_errors_total', 'counter', 'none', 'Those of them that failed.', VERSION],
  ['version_load_late_total', 'counter', 'none', 'Those of them that left late by our own fault.', VERSION],
  ['version_load_in_flight', 'gauge', 'none', 'Requests of ours to the version that have not ended yet.', VERSION],
  [
    'experiment_stage',
    'gauge',
    'none',
    '1 for the stage of the experiment, 0 for the others.',
    [...EXPERIMENT, 'stage'],
  ],
  [
    'experiment_recommendation',
    'gauge',
    'none',
    '1 for what is recommended (so far, before the end), 0 for the others.',
    [...EXPERIMENT, 'recommendation'],
  ],
  ['experiment_ended', 'gauge', 'none', 'Whether the experiment has ended.', EXPERIMENT],
  ['experiment_failed', 'gauge', 'none', 'Whether the experiment has failed.', EXPERIMENT],
  [
    'experiment_driven',
    'gauge',
    'none',
    'Whether anybody drives the experiment; absent when it has ended.',
    EXPERIMENT,
  ],
  [
    'experiment_waiting',
    'gauge',
    'none',
    'Whether it waits for another experiment on its target, or for a person (a gate, a pause).',
    [...EXPERIMENT, 'reason'],
  ],
  ['experiment_iterations_completed', 'gauge', 'none', 'Iterations that are done.', EXPERIMENT],
  ['experiment_iterations_planned', 'gauge', 'none', 'Iterations that it has in all.', EXPERIMENT],
  ['experiment_start_time_seconds', 'gauge', 'seconds', 'When it started, in seconds since 1970.', EXPERIMENT],
  [
    'experiment_change_time_seconds',
    'gauge',
    'seconds',
    'When it was last saved, or ended, in seconds since 1970.',
    EXPERIMENT,
  ],
  ['leader', 'gauge', 'none', 'Whether this controller leads.', []],
  ['experiments_driving', 'gauge', 'none', 'Experiments that this controller drives and that have their turn.', []],
  ['experiments_waiting', 'gauge', 'none', 'Experiments that this controller drives and that wait for their turn.', []],
  [
    'experiments_queued',
    'gauge',
    'none',
    'Experiments that have not ended and that this controller does not drive.',
    [],
  ],
  ['experiments_unfinished', 'gauge', 'none', 'Experiments that have not ended.', []],
  ['experiments_completed_total', 'counter', 'none', 'Experiments that this controller drove to their end.', []],
  ['drive_failures_total', 'counter', 'none', 'Attempts to drive an experiment that had to be made again.', []],
  [
    'experiments_dropped',
    'gauge',
    'none',
    'Experiments whose values are left out here, because there are too many.',
    [],
  ],
  ['build_info', 'gauge', 'none', '1; its label is the version of iter8ctl.', ['release']],
] as const;

export type FamilyKey = (typeof ROWS)[number][0];

/** By name without the prefix, in the order of the documentation. */
export const FAMILIES: ReadonlyMap<FamilyKey, Family> = new Map(
  ROWS.map(([key, type, unit, help, labels]) => [key, { name: `iter8ctl_${key}`, type, unit, help, labels }]),
);

/** One value. Finite. `labels` has exactly those of its family. */
export interface Sample {
  readonly family: FamilyKey;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with its values, as outputs take them; those without a value are left out. */
export interface Measured {
  readonly family: Family;
  readonly values: readonly Omit<Sample, 'family'>[];
}

export function byFamily(samples: readonly Sample[]): Measured[] {
  const groups = new Map<FamilyKey, Sample[]>();
  for (const sample of samples) {
    const group = groups.get(sample.family);
    if (group === undefined) groups.set(sample.family, [sample]);
    else group.push(sample);
  }
  return [...FAMILIES].flatMap(([key, family]) => {
    const values = groups.get(key);
    return values === undefined ? [] : [{ family, values }];
  });
}
