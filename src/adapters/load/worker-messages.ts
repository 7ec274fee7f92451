/** What the coordinator and the workers say to each other. Plain data: it crosses threads. */
import type { Tally } from '../../evidence/request-tally.ts';
import type { LoadPlan } from '../../drive/ports.ts';
import type { Until } from './pacing.ts';
import type { CouplePairs, TargetCouple } from './tick-pairs.ts';

export interface WorkerSetup {
  readonly plan: LoadPlan;
  readonly index: number;
  readonly count: number;
}

export type ToWorker =
  /** Warm-up begins at `warmupMs`, tick 0 is due at `startMs` (absolute ms of the shared clock). */
  | { readonly kind: 'start'; readonly warmupMs: number; readonly startMs: number }
  | { readonly kind: 'until'; readonly until: Until }
  /** A new piece of schedule after draining: tick `firstTick` is due at `startMs`. */
  | { readonly kind: 'piece'; readonly startMs: number; readonly firstTick: number; readonly until: Until }
  | { readonly kind: 'stop' }
  | { readonly kind: 'kill' };

/** A thread works for several loads at a time: each message names its load by a number. */
export type ToThread =
  | { readonly load: number; readonly kind: 'open'; readonly setup: WorkerSetup }
  | { readonly load: number; readonly kind: 'message'; readonly message: ToWorker }
  /** Nothing of it is sent or reported any more. */
  | { readonly load: number; readonly kind: 'close' };

export type FromThread =
  /** Its part of this load could begin now. */
  | { readonly load: number; readonly kind: 'ready' }
  | { readonly load: number; readonly kind: 'report'; readonly report: WorkerReport };

/** Scopes are numbered in the order of `scopesOf`. */
export interface WorkerReport {
  readonly kind: 'report';
  /** Messages that were received before this report was made. */
  readonly received: number;
  readonly slices: readonly { readonly scope: number; readonly slice: number; readonly tally: Tally }[];
  /** Of closed slices. */
  readonly pairs: readonly CouplePairs[];
  /** For each scope: all slices below are closed. */
  readonly frontier: readonly number[];
  readonly progress: readonly {
    readonly sent: number;
    readonly resolved: number;
    /** As in `LoadProgress`. */
    readonly missed: number;
    readonly answered: boolean;
    readonly lastFailure?: string | undefined;
  }[];
  /** Everything that may be sent was sent, and nothing is under way. */
  readonly idle: boolean;
  /** As in `Pacing`. */
  readonly countsFromMs: number | undefined;
  /** Everything that is not in a closed slice, as if the worker died now. */
  readonly checkpoint: readonly { readonly scope: number; readonly tally: Tally }[];
  readonly checkpointPairs: readonly Omit<CouplePairs, 'slice'>[];
  readonly ended: boolean;
}

/** The couples of a plan, by the positions of their versions. */
export function couplesOf({ targets, couples = [] }: LoadPlan): TargetCouple[] {
  const at = (name: string) => targets.findIndex(({ version }) => version === name);
  return couples.map(({ version, against }) => ({ a: at(against), b: at(version) }));
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
