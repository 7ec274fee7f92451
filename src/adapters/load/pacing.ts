/** What decides when a worker sends its next request: `OpenLoop` by a schedule, `ClosedLoop` by connections that are free. */
import type { LoadPlan } from '../../drive/ports.ts';

/** How much of the load may be sent, by target: ticks below this number, in a closed loop requests. */
export type Until = readonly number[];

/** What may be sent before anything else is said: a message that says so later may come when the first requests have left. */
export function firstCaps({ targets, plannedRequests }: LoadPlan): number[] {
  return targets.map(({ firstCap = plannedRequests }) => Math.min(firstCap, plannedRequests));
}

/** Sends one request now, which was due at `dueMs`. */
export type Fire = (request: {
  readonly target: number;
  readonly tick: number;
  readonly dueMs: number;
  readonly nowMs: number;
  /** Warm-up is not. */
  readonly counted: boolean;
}) => void;

export interface Pacing {
  /** Warm-up begins at `warmupMs`, the first counted request is due at `startMs`. */
  start(warmupMs: number, startMs: number): void;
  setUntil(until: Until): void;
  /** A new piece of schedule: tick `firstTick` is due at `startMs`, nothing before. */
  startPiece(piece: { readonly startMs: number; readonly firstTick: number; readonly until: Until }): void;
  /** A request of this target is resolved. */
  freed(): void;
  /** Nothing more is sent. */
  stop(): void;
  /** Whether everything that may be sent was sent. */
  readonly isExhausted: boolean;
  /** No request can be due before this, ms. */
  earliestMs(): number;
  /** Since when requests count, or will, ms; undefined before the start, and in a closed loop until all is warm. */
  readonly countsFromMs: number | undefined;
}
