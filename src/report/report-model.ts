/** Everything that a report for people shows of an experiment: plain data. Pure. */
import { writeYaml } from '../adapters/manifest/write-yaml.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { momentsOf, type Moment } from '../judge/record/run-over-time.ts';
import { readRecord } from '../judge/record/stored-record.ts';
import { hideCredentials } from '../text/credentials.ts';
import { experimentView, type Driven, type ExperimentView } from '../view/experiment-view.ts';
import { latencyCurves, type LatencyCurve } from './latency-curve.ts';

export interface ReportModel {
  readonly view: ExperimentView;
  readonly curves: readonly LatencyCurve[];
  /** Oldest first. */
  readonly moments: readonly Moment[];
  /** What drove it: `iter8ctl 0.1.0`; undefined for an object of Iter8 0.7. */
  readonly by?: string | undefined;
  /** YAML, without credentials. */
  readonly spec: string;
  /** YAML: settings that flags of `run` put over those of the spec; undefined without any. */
  readonly flags?: string | undefined;
}

export function reportModel(experiment: Experiment, now: number, driven?: Driven): ReportModel {
  const record = readRecord(experiment);
  const { strength } = record ?? {};
  return {
    view: experimentView(experiment, now, driven),
    curves: latencyCurves(experiment),
    moments: record === undefined ? [] : momentsOf(record),
    ...(record === undefined || record.by === '' ? {} : { by: record.by }),
    spec: writeYaml(hideCredentials(experiment.spec)),
    ...(strength === undefined || Object.keys(strength).length === 0 ? {} : { flags: writeYaml(strength) }),
  };
}
