/**
 * One worker's share of a load: sends each request when its pacing says so, times it, counts it, reports.
 *
 * Two times start for every request: when it was due, and when it left. Source: docs/method.md 0.2, 5.3;
 * docs/behavior.md 5.
 */
import type { LoadEndpoint, LoadPlan } from '../../drive/ports.ts';
import { ClosedLoop } from './closed-loop.ts';
import { connectionsOf } from './connection-limits.ts';
import type { ConnectionKind, Transport } from './connections.ts';
import { classifyFailure } from './failure-class.ts';
import { OpenLoop } from './open-loop.ts';
import { SliceBook } from './open-slices.ts';
import type { Fire, Pacing } from './pacing.ts';
import { Request, type Receiver } from './request.ts';
import { mayResend } from './resend-once.ts';
import { SLICE_MS, type Outcome } from '../../evidence/slice-counts.ts';
import { TickBook } from './tick-pairs.ts';
import type { Timers } from './timers.ts';
import { couplesOf, scopesOf, type ToWorker, type WorkerReport, type WorkerSetup } from './worker-messages.ts';

const SWEEP_EVERY_MS = 20;
/** A sweep after so long: this thread stood still meanwhile, for want of a core or because the process was stopped. */
const STOOD_STILL_MS = 100;
const TIMED_OUT = new Error('no answer within the timeout');

interface Target {
  readonly version: string;
  readonly endpoints: readonly LoadEndpoint[];
  readonly transports: readonly Transport[];
  readonly waiting: Request[];
  /** Requests that may be under way at once. */
  readonly places: number;
  /** Numbers of its scopes: the version, and for each endpoint its own (or undefined). */
  readonly scope: number;
  readonly endpointScopes: readonly (number | undefined)[];
  active: number;
  sent: number;
  resolved: number;
  missed: number;
  answered: boolean;
  lastFailure: string | undefined;
}

export interface SenderOptions {
  readonly timers: Timers;
  readonly post: (report: WorkerReport) => void;
  readonly connect: (endpoint: LoadEndpoint) => Transport;
}

export class Sender {
  readonly #plan: LoadPlan;
  readonly #timers: Timers;
  readonly #post: (report: WorkerReport) => void;
  readonly #pacing: Pacing;
  readonly #targets: Target[];
  readonly #book: SliceBook;
  readonly #receiver: Receiver;
  readonly #ticks: TickBook | undefined;
  readonly #open = new Set<Request>();
  #originMs = 0;
  #sweptMs = 0;
  #endSweeps: (() => void) | undefined;
  #ended = false;
  #received = 0;
  #lastReportMs = 0;

  constructor(setup: WorkerSetup, options: SenderOptions) {
    const { plan, index, count } = setup;
    const { timers, post } = options;
    this.#plan = plan;
    this.#timers = timers;
    this.#post = post;
    this.#receiver = {
      now: () => timers.now(),
      answered: (request, nowMs) => this.#resolve(request, request.code!, nowMs),
      failed: (request, error) => this.#fail(request, error),
    };
    const scopes = scopesOf(plan);
    this.#book = new SliceBook(scopes.map(({ target }) => plan.targets[target]!.limits));
    const paced = {
      plan,
      index,
      count,
      timers,
      fire: this.#fire,
      openFromMs: () => this.#originMs + this.#book.reached * SLICE_MS,
    };
    this.#pacing = isOpenLoop(plan)
      ? new OpenLoop({ ...paced, missed: (target) => (this.#targets[target]!.missed += 1) })
      : new ClosedLoop({ ...paced, hasRoom: (target) => hasRoom(this.#targets[target]!) });
    const couples = couplesOf(plan);
    this.#ticks = couples.length === 0 || !isOpenLoop(plan) ? undefined : new TickBook(couples);
    this.#targets = plan.targets.map((target, at) => ({
      version: target.version,
      endpoints: target.endpoints,
      transports: target.endpoints.map(options.connect),
      waiting: [],
      places: connectionsOf(plan, index, count),
      scope: scopes.findIndex((scope) => scope.target === at && scope.endpoint === undefined),
      endpointScopes: target.endpoints.map((endpoint) =>
        endpoint.name === undefined
          ? undefined
          : scopes.findIndex((scope) => scope.target === at && scope.endpoint === endpoint.name),
      ),
      active: 0,
      sent: 0,
      resolved: 0,
      missed: 0,
      answered: false,
      lastFailure: undefined,
    }));
  }

  receive(message: ToWorker): void {
    this.#received += 1;
    if (this.#ended) return;
    switch (message.kind) {
      case 'start':
        this.#start(message.warmupMs, message.startMs);
        break;
      case 'until':
        this.#pacing.setUntil(message.until);
        break;
      case 'piece':
        this.#pacing.startPiece(message);
        break;
      case 'stop':
        this.#stop();
        break;
      case 'kill':
        this.#end();
        break;
    }
  }

  #start(warmupMs: number, startMs: number): void {
    this.#originMs = startMs;
    this.#endSweeps = this.#timers.every(SWEEP_EVERY_MS, () => this.#sweep());
    this.#lastReportMs = this.#timers.now();
    this.#sweptMs = this.#lastReportMs;
    this.#pacing.start(warmupMs, startMs);
  }

  #stop(): void {
    this.#pacing.stop();
    for (const target of this.#targets) for (const request of target.waiting.splice(0)) this.#forget(request);
    this.#report();
  }

  #end(): void {
    this.#ended = true;
    this.#pacing.stop();
    this.#endSweeps?.();
    this.#report();
    this.#open.clear();
    for (const target of this.#targets) for (const transport of target.transports) void transport.destroy();
  }

  // ------------------------------------------------------------------------------------------------------ requests

  readonly #fire: Fire = (fired) => {
    const target = this.#targets[fired.target]!;
    const endpoint = fired.tick % target.transports.length;
    const request = new Request(this.#receiver, fired, endpoint, this.#plan.lateAfterMs);
    if (fired.counted) {
      const index = this.#sliceAt(fired.dueMs);
      this.#openSlices(request, target, index);
      this.#ticks?.open(fired.tick, fired.target, { slice: index, endpoint: target.endpoints[endpoint]!.name });
      target.sent += 1;
    }
    this.#open.add(request);
    if (hasRoom(target)) this.#send(request, fired.nowMs);
    else target.waiting.push(request);
  };

  #sliceAt(dueMs: number): number {
    return Math.floor((dueMs - this.#originMs) / SLICE_MS);
  }

  #openSlices(request: Request, target: Target, index: number): void {
    request.slice = this.#book.slice(target.scope, index);
    request.slice.open += 1;
    const scope = target.endpointScopes[request.endpoint];
    if (scope === undefined) return;
    request.endpointSlice = this.#book.slice(scope, index);
    request.endpointSlice.open += 1;
  }

  #send(request: Request, nowMs: number, connection: ConnectionKind = 'any'): void {
    const target = this.#targets[request.target]!;
    if (!request.resent) target.active += 1;
    request.startedMs ??= nowMs;
    request.lease = target.transports[request.endpoint]!.send(request, nowMs, connection);
  }

  #fail(request: Request, error: unknown): void {
    if (!this.#open.has(request)) return;
    const { method } = this.#targets[request.target]!.endpoints[request.endpoint]!;
    if (error !== TIMED_OUT && mayResend(request, method)) {
      request.resent = true;
      this.#send(request, this.#timers.now(), 'fresh');
      return;
    }
    const connecting = request.sentMs === undefined;
    const target = this.#targets[request.target]!;
    if (error === TIMED_OUT) {
      target.lastFailure = connecting ? 'connect: no connection within the timeout' : TIMED_OUT.message;
      this.#resolve(request, connecting ? 'connect' : 'timeout', this.#timers.now());
      return;
    }
    const { kind, text } = classifyFailure(error, connecting);
    target.lastFailure = text;
    this.#resolve(request, kind === 'unsent' && !connecting ? 'other' : kind, this.#timers.now());
  }

  /** `code`: of its answer, or a class of failure. */
  #resolve(request: Request, code: number | string, now: number): void {
    if (!this.#open.delete(request)) return;
    const target = this.#targets[request.target]!;
    if (request.lease !== undefined) target.active -= 1;
    const answered = typeof code === 'number';
    if (answered) target.answered = true;
    if (request.counted) {
      target.resolved += 1;
      const capMs = this.#plan.timeoutMs;
      const failed = !answered || code >= 400;
      const serviceMs = now - (request.sentMs ?? now);
      // Sweeps notice only some time after the timeout that it is over. An answer in between seems to be too late: for
      // `satisfied` it counts as an error. For `violated` it does not, since it may be we who read it late.
      const isOver = answered && serviceMs >= capMs;
      const isOurs = request.stoodStillMs > 0 || now - this.#sweptMs >= STOOD_STILL_MS;
      const outcome: Outcome = {
        code: isOver && code < 300 && !isOurs ? 'timeout' : String(code),
        responseMs: answered ? Math.min(capMs, now - request.dueMs) : capMs,
        responseError: failed || isOver || request.resent,
        // A failure to connect is the server's: it was sent as far as we could.
        sent: code !== 'unsent',
        serviceMs: answered ? Math.min(capMs, serviceMs) : capMs,
        serviceError: failed,
        unanswered: !answered,
        late: request.late,
        scheduled: isOpenLoop(this.#plan),
        reconnected: request.resent,
      };
      for (const slice of [request.slice, request.endpointSlice]) {
        if (slice === undefined) continue;
        slice.open -= 1;
        slice.record(outcome);
      }
      this.#ticks?.resolve(request.tick, request.target, outcome);
    }
    this.#next(target);
  }

  /** A place is free: the oldest that waits is sent, or in a closed loop the next one. */
  #next(target: Target): void {
    if (this.#ended) return;
    const waiting = target.waiting.shift();
    if (waiting === undefined) this.#pacing.freed();
    else this.#send(waiting, this.#timers.now());
  }

  /** A request that was never sent because the load was stopped is none. */
  #forget(request: Request): void {
    if (!this.#open.delete(request)) return;
    if (request.counted) this.#targets[request.target]!.sent -= 1;
    this.#ticks?.forget(request.tick, request.target);
    if (request.slice !== undefined) request.slice.open -= 1;
    if (request.endpointSlice !== undefined) request.endpointSlice.open -= 1;
  }

  // ------------------------------------------------------------------------------------------------------- reports

  #sweep(): void {
    const now = this.#timers.now();
    const sweptMs = this.#sweptMs;
    this.#sweptMs = now;
    const stoodStill = now - sweptMs >= STOOD_STILL_MS;
    const { timeoutMs } = this.#plan;
    for (const request of this.#open) {
      // From the send; before it, from the start of the connection attempt; before that, from the intended start.
      const since = request.sentMs ?? request.startedMs ?? request.dueMs;
      // A thread that stood still took no next step of a handshake and read nothing: that is not the service's time. At most
      // one timeout is added, so that a load ends on the busiest machine.
      if (stoodStill && request.startedMs !== undefined)
        request.stoodStillMs = Math.min(timeoutMs, request.stoodStillMs + now - Math.max(sweptMs, since));
      if (now - since < timeoutMs + request.stoodStillMs) continue;
      // Where this thread did not get its core, the answer may have come and nobody has read it: everything that is there is
      // read before the next sweep, and only who is still without an answer then has none.
      if (request.overdueFromMs === since) this.#timeOut(request);
      else request.overdueFromMs = since;
    }
    if (now - this.#lastReportMs >= SLICE_MS || this.#isIdle) this.#report();
  }

  #timeOut(request: Request): void {
    if (request.startedMs !== undefined) {
      request.lease!.abort(TIMED_OUT);
      return;
    }
    const target = this.#targets[request.target]!;
    target.waiting.splice(target.waiting.indexOf(request), 1);
    target.lastFailure = 'no connection became free within the timeout';
    this.#resolve(request, 'unsent', this.#timers.now());
  }

  get #isIdle(): boolean {
    return this.#pacing.isExhausted && this.#open.size === 0;
  }

  #report(): void {
    const now = this.#timers.now();
    this.#lastReportMs = now;
    // No request can come into a slice below this any more: its time has passed, and so have all slots due in it.
    const passedMs = Math.min(now, this.#pacing.earliestMs());
    const complete = Math.floor((passedMs - this.#originMs) / SLICE_MS) + (this.#isIdle ? 1 : 0);
    const closed = this.#book.close(complete);
    this.#post({
      kind: 'report',
      received: this.#received,
      ...closed,
      pairs: this.#ticks?.take((target) => closed.frontier[this.#targets[target]!.scope]!) ?? [],
      progress: this.#targets.map(({ sent, resolved, missed, answered, lastFailure }) => ({
        sent,
        resolved,
        missed,
        answered,
        ...(lastFailure === undefined ? {} : { lastFailure }),
      })),
      idle: this.#isIdle,
      countsFromMs: this.#pacing.countsFromMs,
      checkpoint: this.#book.checkpoint(this.#plan.timeoutMs),
      checkpointPairs: this.#ticks?.checkpoint(this.#plan.timeoutMs) ?? [],
      ended: this.#ended,
    });
  }
}

function hasRoom(target: Target): boolean {
  return target.active < target.places;
}

function isOpenLoop(plan: LoadPlan): boolean {
  return plan.ratePerSec > 0;
}
