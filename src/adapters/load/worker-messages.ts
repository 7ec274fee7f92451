/** What the coordinator and the workers say to each other. Plain data: it crosses threads. */
import type { LimitCount, LimitKey, Tally } from '../../evidence/request-tally.ts';
import type { LoadPlan } from '../../drive/ports.ts';
import type { TargetPairs } from './tick-pairs.ts';

export interface WorkerSetup {
  readonly plan: LoadPlan;
  readonly index: number;
  readonly count: number;
}

export type ToWorker =
  /** Warm-up begins at `warmupMs`, tick 0 is due at `startMs` (absolute ms of the shared clock). */
  | { readonly kind: 'start'; readonly warmupMs: number; readonly startMs: number }
  | { readonly kind: 'cap'; readonly target: number; readonly requests: number }
  /** A new piece of schedule after draining: tick `firstTick` is due at `startMs`. */
  | { readonly kind: 'piece'; readonly startMs: number; readonly firstTick: number }
  | { readonly kind: 'stop' }
  | { readonly kind: 'kill' };

/** Scopes are numbered in the order of `scopesOf`. */
export interface WorkerReport {
  readonly kind: 'report';
  /** Answer to the newest message that was read before this report was made. */
  readonly heard: number;
  readonly slices: readonly { readonly scope: number; readonly slice: number; readonly tally: Tally }[];
  readonly limits: readonly {
    readonly scope: number;
    readonly slice: number;
    readonly key: LimitKey;
    readonly count: LimitCount;
  }[];
  /** Of closed slices. */
  readonly pairs: readonly TargetPairs[];
  /** For each scope: all slices below are closed. */
  readonly frontier: readonly number[];
  /** For each scope and limit likewise. */
  readonly limitFrontier: readonly (readonly number[])[];
  readonly progress: readonly {
    readonly sent: number;
    readonly resolved: number;
    readonly answered: boolean;
    readonly lastFailure?: string | undefined;
  }[];
  /** Every request of the schedule up to the caps has been sent, and nothing is under way. */
  readonly idle: boolean;
  readonly warmingUp: boolean;
  /** Everything that is not in a closed slice, as if the worker died now. */
  readonly checkpoint: readonly { readonly scope: number; readonly tally: Tally }[];
  readonly checkpointPairs: readonly Omit<TargetPairs, 'slice'>[];
  readonly ended: boolean;
}

/** A version as a whole, then each of its named endpoints, version by version. */
export function scopesOf(
  plan: LoadPlan,
): { readonly target: number; readonly version: string; readonly endpoint?: string }[] {
  return plan.targets.flatMap(({ version, endpoints }, target) => [
    { target, version },
    ...[...new Set(endpoints.flatMap((endpoint) => endpoint.name ?? []))].map((endpoint) => ({
      target,
      version,
      endpoint,
    })),
  ]);
}
