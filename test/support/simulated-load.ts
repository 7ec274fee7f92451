/**
 * A load generator without a network: requests get their outcomes from a function, time is the schedule's own.
 *
 * Obeys the port: caps, finish, stop, kill, slices of 100 ms in order. Does not simulate:
 * lateness, workers, connections, checkpoints of unresolved requests (everything is resolved at once).
 */
import type { LatencyLimit, SparseHistogram, Tally } from '../../src/evidence/request-tally.ts';
import { Slice } from '../../src/evidence/slice-counts.ts';
import type { LoadGenerator, LoadPlan, LoadReport, LoadRun, Scope } from '../../src/drive/ports.ts';

export interface Outcome {
  readonly latencyMs: number;
  /** HTTP code, or a class of failure such as `connect`. */
  readonly code: string;
}

/** Outcome of the k-th request of a version. */
export type Service = (version: string, k: number) => Outcome;

export const TIMEOUT_MS = 10_000;

/** The tally of these outcomes, counted exactly at these limits, as a worker counts them. */
export function tallyFor(
  outcomes: readonly Outcome[],
  limits: readonly LatencyLimit[] = [],
  capMs = TIMEOUT_MS,
): Tally {
  const slice = new Slice(limits);
  for (const { latencyMs, code } of outcomes) {
    const isAnswered = /^\d+$/.test(code);
    const ms = isAnswered ? Math.min(latencyMs, capMs) : capMs;
    const isError = !isAnswered || Number(code) >= 400;
    slice.record({
      code,
      responseMs: ms,
      responseError: isError,
      sent: true,
      serviceMs: ms,
      serviceError: isError,
      unanswered: !isAnswered,
      late: false,
      scheduled: true,
      reconnected: false,
    });
  }
  return slice.tally();
}

/** The histogram of answers that took so long. */
export function histogramOf(latenciesMs: readonly number[], capMs = TIMEOUT_MS): SparseHistogram {
  const outcomes = latenciesMs.map((latencyMs) => ({ latencyMs, code: '200' }));
  return tallyFor(outcomes, [], capMs).response.histogram;
}

export function simulatedLoad(service: Service): LoadGenerator & { readonly plans: LoadPlan[] } {
  const plans: LoadPlan[] = [];
  return {
    plans,
    start: (plan) => {
      plans.push(plan);
      return Promise.resolve(new SimulatedRun(plan, service));
    },
  };
}

class SimulatedRun implements LoadRun {
  readonly reports: AsyncIterable<LoadReport>;
  readonly #caps = new Map<string, number>();
  readonly #sent = new Map<string, number>();
  readonly #answered = new Set<string>();
  #ending = false;

  constructor(plan: LoadPlan, service: Service) {
    for (const { version, firstCap } of plan.targets) {
      this.#caps.set(version, Math.min(firstCap ?? plan.plannedRequests, plan.plannedRequests));
      this.#sent.set(version, 0);
    }
    this.reports = this.#simulate(plan, service);
  }

  setCaps(caps: ReadonlyMap<string, number>): void {
    for (const [version, cap] of caps) if (this.#caps.has(version)) this.#caps.set(version, cap);
  }
  finish(): void {
    this.#ending = true;
  }
  stop(): void {
    this.#ending = true;
  }
  kill(): void {
    this.#ending = true;
  }

  async *#simulate(plan: LoadPlan, service: Service): AsyncGenerator<LoadReport> {
    const rate = plan.ratePerSec === 0 ? 1000 : plan.ratePerSec;
    let tick = 0;
    for (let slice = 0; ; slice++) {
      await Promise.resolve();
      if (this.#ending) break;
      const until = Math.floor(((slice + 1) * rate) / 10);
      const slices: { slice: number; scope: Scope; tally: Tally }[] = [];
      let open = false;
      for (const { version, limits, endpoints } of plan.targets) {
        const outcomes: Outcome[] = [];
        const byEndpoint = new Map<string, Outcome[]>();
        for (let due = tick; due < until; due++) {
          const k = this.#sent.get(version)!;
          if (k >= this.#caps.get(version)!) break;
          const outcome = service(version, k);
          if (/^\d+$/.test(outcome.code)) this.#answered.add(version);
          outcomes.push(outcome);
          const name = endpoints[k % endpoints.length]?.name;
          if (name !== undefined) byEndpoint.set(name, [...(byEndpoint.get(name) ?? []), outcome]);
          this.#sent.set(version, k + 1);
        }
        if (this.#sent.get(version)! < this.#caps.get(version)!) open = true;
        if (outcomes.length > 0)
          slices.push({ slice, scope: { version }, tally: tallyFor(outcomes, limits, plan.timeoutMs) });
        for (const [endpoint, own] of byEndpoint)
          slices.push({ slice, scope: { version, endpoint }, tally: tallyFor(own, limits, plan.timeoutMs) });
      }
      tick = until;
      yield this.#report(open ? 'running' : 'drained', (slice + 1) * 100, slices);
    }
    yield this.#report('ended', (tick / rate) * 1000, []);
  }

  #report(
    state: LoadReport['state'],
    elapsedMs: number,
    slices: readonly { slice: number; scope: Scope; tally: Tally }[],
  ): LoadReport {
    return {
      state,
      elapsedMs,
      slices,
      progress: [...this.#sent].map(([version, sent]) => ({
        version,
        sent,
        resolved: sent,
        answered: this.#answered.has(version),
        ...(this.#answered.has(version) ? {} : { lastFailure: 'connect ECONNREFUSED 127.0.0.1:1' }),
      })),
      checkpoint: [],
    };
  }
}
