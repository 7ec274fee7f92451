/** A request of a load, from the moment it is due until it is resolved. */
import type { Slice } from '../../evidence/slice-counts.ts';
import type { Lease, RequestEvents } from './connections.ts';
import type { Fire } from './pacing.ts';

/** What happens to the requests of a worker. */
export interface Receiver {
  now(): number;
  answered(request: Request, nowMs: number): void;
  failed(request: Request, error: unknown): void;
}

/** A class, and no closures: tens of thousands are made in a second. */
export class Request implements RequestEvents {
  readonly #receiver: Receiver;
  readonly tick: number;
  readonly target: number;
  readonly endpoint: number;
  readonly dueMs: number;
  readonly counted: boolean;
  readonly late: boolean;
  /** Of its version, and of its endpoint where that has a name; none for warm-up. */
  slice: Slice | undefined = undefined;
  endpointSlice: Slice | undefined = undefined;
  lease: Lease | undefined = undefined;
  /** When the connection attempt of this request began; undefined while it waits for its turn. */
  startedMs: number | undefined = undefined;
  /** Of the first send; undefined while it waits for a connection. */
  sentMs: number | undefined = undefined;
  code: number | undefined = undefined;
  resent = false;
  /** What its timeout counts from, once a sweep has found that it is over. */
  overdueFromMs: number | undefined = undefined;
  /** Of the time that its timeout counts: ms in which this thread stood still. */
  stoodStillMs = 0;

  constructor(receiver: Receiver, fired: Parameters<Fire>[0], endpoint: number, lateAfterMs: number) {
    this.#receiver = receiver;
    this.tick = fired.tick;
    this.target = fired.target;
    this.endpoint = endpoint;
    this.dueMs = fired.dueMs;
    this.counted = fired.counted;
    this.late = fired.nowMs - fired.dueMs > lateAfterMs;
  }

  sent(): void {
    if (this.sentMs !== undefined) return;
    this.sentMs = this.#receiver.now();
    this.stoodStillMs = 0;
  }

  answered(code: number): void {
    this.code = code;
  }

  done(nowMs: number): void {
    this.#receiver.answered(this, nowMs);
  }

  failed(error: unknown): void {
    this.#receiver.failed(this, error);
  }
}
