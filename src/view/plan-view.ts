/** What `plan` finds out, as plain data: rendered by `render/plan`. */
import type { Weight } from '../experiment/experiment.ts';
import type { GateAhead } from './gates-ahead.ts';
import type { RewardPower } from '../preflight/reward-decidability.ts';
import type { PlannedLoad } from '../judge/question/planned-load.ts';
import type { NoValueReason } from '../judge/no-value-reasons.ts';
import type { Expectation } from '../preflight/outlook.ts';
import type { PowerRow } from '../preflight/power-row.ts';

export interface TargetCheck {
  readonly version: string;
  readonly url: string;
  readonly ok: boolean;
  /** `200 in 3 ms`, or what went wrong with its code. */
  readonly text: string;
  /** Its answer leads elsewhere: nothing is promoted on such answers. */
  readonly redirects?: true;
}

export interface MetricCheck {
  readonly metric: string;
  readonly version: string;
  readonly ok: boolean;
  /** The value, or why there is none. */
  readonly text: string;
  /** What was asked, without secrets. */
  readonly query: string;
  /** Absent without one. */
  readonly value?: number | undefined;
  /** Why there is no value, or no number of data points behind it. */
  readonly reason?: NoValueReason | undefined;
  /** What was asked for the number of data points, where that failed. */
  readonly sizeQuery?: string | undefined;
  /** What the backend says beside the value. */
  readonly warnings?: readonly string[] | undefined;
}

export interface PermissionCheck {
  readonly granted: number;
  readonly total: number;
  /** `patch experiments.iter8.tools/status in namespace shop`. */
  readonly missing: readonly string[];
}

/** How traffic would be split. */
export interface TrafficPlan {
  readonly now: readonly Weight[];
  /** After each iteration in which the candidate does well, as far as it changes; then when it is promoted. */
  readonly ahead: readonly (readonly Weight[])[];
}

export interface Preflight {
  readonly name: string;
  /** What `run` would come to, and every reason why it is not `decided`, the worst first. */
  readonly expectation: Expectation;
  /** `run` would accept it, every target answers, and every objective can be decided. */
  readonly wouldBeDecided: boolean;
  readonly source: string;
  /** Sentences about the manifest; empty when it is valid. */
  readonly problems: readonly string[];
  /** What the account may do of what driving takes; absent without a cluster. */
  readonly permissions?: PermissionCheck | undefined;
  /** One trial query of each metric that is not built in, for each version. */
  readonly metrics: readonly MetricCheck[];
  /** Absent where no traffic is moved. */
  readonly traffic?: TrafficPlan | undefined;
  /** Where it will wait for a person. */
  readonly gates: readonly GateAhead[];
  readonly targets: readonly TargetCheck[];
  readonly load: PlannedLoad;
  readonly power: readonly PowerRow[];
  readonly reward?: RewardPower | undefined;
}
