/** What whoever drives an experiment decides, and what it gets. */
import type { TypedCommand } from './pause-and-abort.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Recommendation } from '../judge/recommendation.ts';
import type { InterruptionSources } from './interruption.ts';
import type { Holder } from './ports.ts';

export interface DriveOptions extends InterruptionSources {
  readonly driver: Holder;
  /** Settings that flags of `run` put over spec.criteria.strength. */
  readonly strength?: Readonly<Record<string, unknown>> | undefined;
  /** What somebody types to go on with it, for hints. Absent: nobody has to. */
  readonly goOn?: string | undefined;
  /** What traffic was moved to stays when the experiment ends without a promotion, or the drive is stopped. */
  readonly keepSplit?: boolean | undefined;
  readonly saveEveryMs: number;
  /** How often it looks for what people ask of it while nothing is saved. Absent: every second. */
  readonly lookEveryMs?: number | undefined;
  /** How commands about this experiment are typed. Absent: without anything that says where it is. */
  readonly typed?: TypedCommand | undefined;
  readonly seed: number;
  /** How long after the experiment was made its metrics may be made. Absent: they are there. */
  readonly metricsFollowMs?: number | undefined;
  /** It uses no metrics of other namespaces but the shared ones, also where a metric names another one: this driver drives for many. */
  readonly ownMetricsOnly?: boolean | undefined;
  /** What this driver does not do for an experiment that is otherwise valid. Asked whenever its spec is read. */
  readonly refuse?:
    | ((experiment: Experiment) => readonly { readonly path: string; readonly message: string }[])
    | undefined;
}

export interface DriveOutcome {
  readonly experiment: Experiment;
  readonly recommendation: Recommendation;
  readonly interrupted: boolean;
  /** The store took nothing of what was measured last. */
  readonly isBehind: boolean;
}
