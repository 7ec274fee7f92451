/**
 * One worker's share of a load: sends each request when it is due, times it, counts it.
 *
 * Two times start for every request: when it was due, and when it left. Source: statistics.md 0.2, 5.3; behaviour.md 5.
 */
import type { LoadPlan } from '../../drive/ports.ts';
import { Connections, type Lease } from './connections.ts';
import { classifyFailure } from './failure-class.ts';
import { scopesOf, type ToWorker, type WorkerReport, type WorkerSetup } from './worker-messages.ts';
import { Schedule } from './schedule.ts';
import { type Slice, SLICE_MS, type OpenRequest, type Outcome } from './slice-counts.ts';
import { SliceBook } from './open-slices.ts';
import { TickBook } from './tick-pairs.ts';

/** Connections of one version that are opened when no cap is written. */
const MOST_CONNECTIONS = 1024;
/** A GET on a connection that was idle for so long, and dies before any answer, is sent once more. */
const RECONNECT_AFTER_IDLE_MS = 1_000;
/** Timers are late by about a millisecond: from here on the due time is awaited by spinning. */
const SPIN_MS = 2;
/** Spinning pays only where slots are far apart; beyond this rate plain timers do, a few requests at a time. */
const SPIN_BELOW_PER_SEC = 2_000;
const SWEEP_EVERY_MS = 20;
const TIMED_OUT = new Error('no answer within the timeout');

interface Request extends OpenRequest {
  readonly tick: number;
  readonly target: number;
  readonly endpoint: number;
  readonly slices: readonly Slice[];
  readonly counted: boolean;
  readonly late: boolean;
  lease: Lease | undefined;
  /** When the connection attempt of this request began; undefined while it waits for its turn. */
  startedMs: number | undefined;
  code: number | undefined;
  resent: boolean;
}

interface Target {
  readonly version: string;
  readonly connections: readonly Connections[];
  readonly waiting: Request[];
  readonly cap: number;
  /** Numbers of its scopes: the version, and for each endpoint its own (or undefined). */
  readonly scope: number;
  readonly endpointScopes: readonly (number | undefined)[];
  /** Closed loop: requests that are still to be sent uncounted. */
  warmupLeft: number;
  active: number;
  requests: number;
  sent: number;
  resolved: number;
  answered: boolean;
  lastFailure: string | undefined;
}

export class Sender {
  readonly #plan: LoadPlan;
  readonly #index: number;
  readonly #count: number;
  readonly #now: () => number;
  readonly #post: (report: WorkerReport) => void;
  readonly #schedule: Schedule | undefined;
  readonly #targets: Target[];
  readonly #book: SliceBook;
  readonly #ticks: TickBook | undefined;
  readonly #open = new Set<Request>();
  readonly #spins: boolean;
  #nextSlot: number;
  #originMs = 0;
  #warmupSlots = 0;
  #warmupMs = 0;
  #warmupStartMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #stopped = false;
  #ended = false;
  #heard = 0;
  #exhausted = false;
  #endAtMs = Number.POSITIVE_INFINITY;
  #lastReportMs = 0;

  constructor(
    setup: WorkerSetup,
    options: { readonly now: () => number; readonly post: (report: WorkerReport) => void },
  ) {
    const { plan, index, count } = setup;
    this.#plan = plan;
    this.#index = index;
    this.#count = count;
    this.#now = options.now;
    this.#post = options.post;
    this.#schedule =
      plan.ratePerSec > 0
        ? new Schedule({ targets: plan.targets.length, ratePerSec: plan.ratePerSec, seed: plan.seed })
        : undefined;
    this.#spins = (plan.ratePerSec * plan.targets.length) / count <= SPIN_BELOW_PER_SEC;
    const scopes = scopesOf(plan);
    this.#book = new SliceBook(scopes.map(({ target }) => plan.targets[target]!.limits));
    const baseline = plan.targets.findIndex(({ version }) => version === plan.pairedWith);
    this.#ticks = baseline < 0 || this.#schedule === undefined ? undefined : new TickBook(baseline);
    this.#nextSlot = this.#firstOwnSlot(0);
    this.#targets = plan.targets.map((target, at) => ({
      version: target.version,
      connections: target.endpoints.map(
        (endpoint) => new Connections({ endpoint, timeoutMs: plan.timeoutMs, now: options.now }),
      ),
      waiting: [],
      cap: Math.max(
        1,
        Math.floor(
          (plan.connections ?? (plan.ratePerSec === 0 ? 4 : MOST_CONNECTIONS)) / count +
            (index < (plan.connections ?? MOST_CONNECTIONS) % count ? 1 : 0),
        ),
      ),
      scope: scopes.findIndex((scope) => scope.target === at && scope.endpoint === undefined),
      endpointScopes: target.endpoints.map((endpoint) =>
        endpoint.name === undefined
          ? undefined
          : scopes.findIndex((scope) => scope.target === at && scope.endpoint === endpoint.name),
      ),
      warmupLeft: plan.ratePerSec === 0 ? Math.ceil((plan.warmup?.requests ?? 0) / count) : 0,
      active: 0,
      requests: plan.plannedRequests,
      sent: 0,
      resolved: 0,
      answered: false,
      lastFailure: undefined,
    }));
  }

  hear(message: ToWorker): void {
    this.#heard += 1;
    if (this.#ended) return;
    switch (message.kind) {
      case 'start':
        this.#start(message.warmupMs, message.startMs);
        break;
      case 'cap':
        this.#raise(message.target, message.requests);
        break;
      case 'piece':
        this.#schedule?.startPiece(message.startMs, message.firstTick);
        this.#nextSlot = this.#firstOwnSlot(message.firstTick * this.#targets.length);
        this.#exhausted = false;
        this.#arm();
        break;
      case 'stop':
        this.#stopped = true;
        for (const target of this.#targets) for (const request of target.waiting.splice(0)) this.#forget(request);
        this.#report();
        break;
      case 'kill':
        this.#end();
        break;
    }
  }

  // ------------------------------------------------------------------------------------------------------ schedule

  #start(warmupMs: number, startMs: number): void {
    this.#originMs = startMs;
    this.#warmupStartMs = warmupMs;
    const warmup = this.#plan.warmup?.requests ?? 0;
    this.#warmupSlots = warmup * this.#targets.length;
    this.#warmupMs = startMs - warmupMs;
    this.#schedule?.startPiece(startMs, 0);
    if (this.#schedule !== undefined && this.#warmupSlots > 0) this.#nextSlot = this.#firstOwnSlot(-this.#warmupSlots);
    if (this.#plan.plannedSeconds !== undefined) this.#endAtMs = startMs + this.#plan.plannedSeconds * 1000;
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_EVERY_MS);
    this.#lastReportMs = this.#now();
    this.#arm();
  }

  /** The first slot of the first tick of ours that begins at or after this slot. */
  #firstOwnSlot(from: number): number {
    const targets = this.#plan.targets.length;
    const tick = Math.ceil(from / targets);
    const over = (((tick - this.#index) % this.#count) + this.#count) % this.#count;
    return (over === 0 ? tick : tick + this.#count - over) * targets;
  }

  #raise(index: number, requests: number): void {
    const target = this.#targets[index]!;
    if (requests > target.requests && this.#exhausted && this.#schedule !== undefined) {
      // Ticks whose time has passed were never promised to anybody: they are left out, not caught up with.
      // Nor may they come into a slice that was told to be closed.
      const open = this.#originMs + this.#book.reached * SLICE_MS;
      this.#nextSlot = Math.max(
        this.#nextSlot,
        this.#firstOwnSlot(this.#schedule.firstSlotFrom(Math.max(this.#now(), open))),
      );
    }
    target.requests = requests;
    this.#exhausted = false;
    if (this.#sweeper !== undefined) this.#arm();
  }

  #arm(): void {
    if (this.#stopped || this.#ended) return;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#schedule === undefined) this.#fillClosedLoop();
    else this.#tick();
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    if (this.#stopped || this.#ended) return;
    const schedule = this.#schedule!;
    const targets = this.#targets.length;
    const last = Math.max(...this.#targets.map((target) => target.requests)) * targets;
    for (;;) {
      if (this.#nextSlot >= last) {
        this.#exhausted = true;
        return;
      }
      const due = schedule.dueMs(this.#nextSlot);
      const now = this.#now();
      if (due > now) {
        this.#wait(due - now);
        return;
      }
      const { tick, target } = schedule.slot(this.#nextSlot);
      this.#nextSlot =
        (this.#nextSlot + 1) % targets === 0 ? this.#firstOwnSlot(this.#nextSlot + 1) : this.#nextSlot + 1;
      if (tick < this.#targets[target]!.requests) this.#fire(target, Math.abs(tick), due, now);
    }
  };

  #wait(ms: number): void {
    if (this.#spins) {
      if (ms > SPIN_MS) this.#timer = setTimeout(this.#tick, ms - SPIN_MS);
      else setImmediate(this.#tick);
    } else {
      this.#timer = setTimeout(this.#tick, ms);
    }
  }

  /** Closed loop: a connection that is free sends the next request. */
  #fillClosedLoop(): void {
    const now = this.#now();
    if (now < this.#warmupStartMs || this.#stopped || this.#ended) {
      if (!this.#stopped && !this.#ended)
        this.#timer = setTimeout(() => this.#fillClosedLoop(), Math.max(1, this.#warmupStartMs - now));
      return;
    }
    let open = false;
    for (const [index, target] of this.#targets.entries()) {
      while (target.active < target.cap) {
        const share = Math.ceil((target.requests - this.#index) / this.#count);
        if (target.sent >= share || this.#now() >= this.#endAtMs) break;
        const due = this.#now();
        this.#fire(index, target.sent, due, due);
      }
      if (target.active > 0) open = true;
    }
    this.#exhausted = !open;
  }

  // ------------------------------------------------------------------------------------------------------ requests

  #fire(index: number, tick: number, dueMs: number, nowMs: number): void {
    const target = this.#targets[index]!;
    const endpoint = tick % target.connections.length;
    const counted = this.#schedule === undefined ? target.warmupLeft-- <= 0 : dueMs >= this.#originMs;
    const slices = counted ? this.#slicesAt(target, endpoint, dueMs) : [];
    const request: Request = {
      tick,
      dueMs,
      sentMs: undefined,
      target: index,
      endpoint,
      slices,
      counted,
      late: this.#schedule !== undefined && nowMs - dueMs > this.#plan.lateAfterMs,
      lease: undefined,
      startedMs: undefined,
      code: undefined,
      resent: false,
    };
    for (const slice of slices) slice.open.add(request);
    if (counted) this.#ticks?.open(tick, index, this.#sliceAt(dueMs));
    if (counted) target.sent += 1;
    this.#open.add(request);
    if (target.active < target.cap) this.#send(request, false);
    else target.waiting.push(request);
  }

  #sliceAt(dueMs: number): number {
    return Math.floor((dueMs - this.#originMs) / SLICE_MS);
  }

  #slicesAt(target: Target, endpoint: number, dueMs: number): Slice[] {
    const index = this.#sliceAt(dueMs);
    const whole = this.#book.slice(target.scope, index);
    const scope = target.endpointScopes[endpoint];
    return scope === undefined ? [whole] : [whole, this.#book.slice(scope, index)];
  }

  #send(request: Request, fresh: boolean): void {
    const target = this.#targets[request.target]!;
    if (!request.resent) target.active += 1;
    request.startedMs ??= this.#now();
    request.lease = target.connections[request.endpoint]!.send(
      {
        sent: () => {
          request.sentMs ??= this.#now();
        },
        answered: (code) => {
          request.code = code;
        },
        done: () => this.#resolve(request, String(request.code)),
        failed: (error) => this.#fail(request, error),
      },
      fresh,
    );
  }

  #fail(request: Request, error: unknown): void {
    if (!this.#open.has(request)) return;
    const { lease } = request;
    const mayResend = !request.resent && request.code === undefined && request.sentMs !== undefined;
    const isGet = this.#plan.targets[request.target]!.endpoints[request.endpoint]!.method === 'GET';
    if (
      mayResend &&
      isGet &&
      lease?.reused === true &&
      lease.idleMs >= RECONNECT_AFTER_IDLE_MS &&
      error !== TIMED_OUT
    ) {
      request.resent = true;
      this.#send(request, true);
      return;
    }
    const connecting = request.sentMs === undefined;
    if (error === TIMED_OUT) {
      if (connecting) this.#targets[request.target]!.lastFailure = 'connect: no connection within the timeout';
      else this.#targets[request.target]!.lastFailure = TIMED_OUT.message;
      this.#resolve(request, connecting ? 'connect' : 'timeout');
      return;
    }
    const { kind, text } = classifyFailure(error, connecting);
    this.#targets[request.target]!.lastFailure = text;
    this.#resolve(request, kind === 'unsent' && !connecting ? 'other' : kind);
  }

  #resolve(request: Request, code: string): void {
    if (!this.#open.delete(request)) return;
    const now = this.#now();
    const target = this.#targets[request.target]!;
    if (request.lease !== undefined) target.active -= 1;
    const answered = /^\d+$/.test(code);
    if (answered) target.answered = true;
    if (request.counted) {
      target.resolved += 1;
      const capMs = this.#plan.timeoutMs;
      const failed = !answered || Number(code) >= 400;
      // A failure to connect is the server's: it was sent as far as we could.
      const sent = code !== 'unsent';
      const outcome: Outcome = {
        code,
        responseMs: answered ? Math.min(capMs, now - request.dueMs) : capMs,
        responseError: failed || request.resent,
        sent,
        serviceMs: answered ? Math.min(capMs, now - (request.sentMs ?? now)) : capMs,
        serviceError: failed,
        unanswered: !answered,
        late: request.late,
        scheduled: this.#schedule !== undefined,
        reconnected: request.resent,
      };
      for (const slice of request.slices) {
        slice.open.delete(request);
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
    if (waiting !== undefined) this.#send(waiting, false);
    else if (this.#schedule === undefined && !this.#stopped) this.#fillClosedLoop();
  }

  /** A request that was never sent because the load was stopped is none. */
  #forget(request: Request): void {
    if (!this.#open.delete(request)) return;
    if (request.counted) this.#targets[request.target]!.sent -= 1;
    this.#ticks?.forget(request.tick, request.target);
    for (const slice of request.slices) slice.open.delete(request);
  }

  // ------------------------------------------------------------------------------------------------------- reports

  #sweep(): void {
    const now = this.#now();
    for (const request of this.#open) {
      // From the send; before it, from the start of the connection attempt; before that, from the intended start.
      const since = request.sentMs ?? request.startedMs ?? request.dueMs;
      if (now - since < this.#plan.timeoutMs) continue;
      if (request.startedMs === undefined) {
        const { waiting } = this.#targets[request.target]!;
        const at = waiting.indexOf(request);
        if (at >= 0) waiting.splice(at, 1);
        this.#targets[request.target]!.lastFailure = 'no connection became free within the timeout';
        this.#resolve(request, 'unsent');
      } else {
        request.lease!.abort(TIMED_OUT);
      }
    }
    if (this.#schedule === undefined && !this.#stopped) this.#fillClosedLoop();
    if (now - this.#lastReportMs >= SLICE_MS || this.#isIdle) this.#report();
  }

  get #isIdle(): boolean {
    return (this.#exhausted || this.#stopped) && this.#open.size === 0;
  }

  #report(): void {
    const now = this.#now();
    this.#lastReportMs = now;
    // No request can come into a slice below this any more: its time has passed, and so have all slots due in it.
    const due =
      this.#schedule !== undefined && !this.#exhausted && !this.#stopped
        ? Math.min(now, this.#schedule.dueMs(this.#nextSlot))
        : now;
    const complete = Math.floor((due - this.#originMs) / SLICE_MS) + (this.#isIdle ? 1 : 0);
    const closed = this.#book.close(complete, now);
    this.#post({
      kind: 'report',
      heard: this.#heard,
      ...closed,
      pairs: this.#ticks?.take((target) => closed.frontier[this.#targets[target]!.scope]!) ?? [],
      progress: this.#targets.map(({ sent, resolved, answered, lastFailure }) => ({
        sent,
        resolved,
        answered,
        ...(lastFailure === undefined ? {} : { lastFailure }),
      })),
      idle: this.#isIdle,
      warmingUp: this.#warmupMs > 0 && now < this.#originMs,
      checkpoint: this.#book.checkpoint(this.#plan.timeoutMs),
      checkpointPairs: this.#ticks?.checkpoint(this.#plan.timeoutMs) ?? [],
      ended: this.#ended,
    });
  }

  #end(): void {
    this.#ended = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.#sweeper !== undefined) clearInterval(this.#sweeper);
    this.#report();
    this.#open.clear();
    for (const target of this.#targets) for (const connections of target.connections) void connections.destroy();
  }
}
