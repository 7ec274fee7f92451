/** What is around the drivers that cluster-kill-drill.ts kills: the versions, their users, a metric backend, whoever gets messages. */
import { VERSIONS, type Plan } from './cluster-kill-experiment.ts';
import type { Seen } from './cluster-kill-moments.ts';

export interface WeightObject {
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly replicas: number };
  readonly data?: Readonly<Record<string, string>>;
}

export class KillWorld {
  /** Requests of the driver, of each version. */
  readonly arrived = new Map<string, number>(VERSIONS.map((name) => [name, 0]));
  /** What the backend said of each version. */
  readonly counters = new Map<string, number[]>();
  readonly messages = new Map<string, number>();
  readonly #plan: Plan;
  readonly #onSeen: (seen: Seen) => void;
  #shares: readonly number[] = [1, 0];
  #grown = { atMs: performance.now(), counts: [0, 0] };

  constructor(plan: Plan, onSeen: (seen: Seen) => void) {
    this.#plan = plan;
    this.#onSeen = onSeen;
  }

  answer(what: string, search: URLSearchParams): { readonly status: number; readonly body: string } {
    if (what === 'message') {
      const id = search.get('id') ?? '';
      this.messages.set(id, (this.messages.get(id) ?? 0) + 1);
      this.#onSeen({ kind: 'message' });
      return { status: 200, body: 'ok' };
    }
    if (what === 'counters') {
      const version = search.get('version') ?? '';
      this.#grow();
      const all = this.#grown.counts[VERSIONS.findIndex((name) => name === version)]!;
      const hits = this.#plan.isBad && version === VERSIONS[1] ? Math.floor(0.8 * all) : 0;
      const given = this.counters.get(version) ?? [];
      this.counters.set(version, given);
      given.push(all);
      const at = Date.now() / 1000;
      const rows = [
        { series: 'a', at, hits },
        { series: 'a', at, others: all - hits },
      ];
      return { status: 200, body: JSON.stringify({ shares: rows }) };
    }
    const n = (this.arrived.get(what) ?? 0) + 1;
    this.arrived.set(what, n);
    this.#onSeen({ kind: 'request', k: [...this.arrived.values()].reduce((sum, one) => sum + one, 0) });
    return { status: 200, body: 'ok' };
  }

  /** The weights were changed so. The share of the candidate, in percent. */
  follow({ metadata, spec, data }: WeightObject): number {
    this.#grow();
    const { kind } = this.#plan;
    const values =
      kind === 'one object'
        ? VERSIONS.map((name) => Number(data![name]))
        : VERSIONS.map((name, index) => (metadata.name === name ? spec!.replicas : 4 * this.#shares[index]!));
    const sum = values.reduce((all, one) => all + one, 0);
    // Between the changes of two objects there are more pods, or fewer.
    this.#shares = kind === 'one object' ? values.map((value) => value / sum) : values.map((value) => value / 4);
    return (100 * this.#shares[1]!) / this.#shares.reduce((all, one) => all + one, 0);
  }

  /** Requests of others: they go on whether we look or not, and follow the weights. */
  #grow(): void {
    const nowMs = performance.now();
    const ms = nowMs - this.#grown.atMs;
    const counts = this.#grown.counts.map((count, index) => count + Math.floor((ms / 2) * this.#shares[index]!));
    this.#grown = { atMs: nowMs, counts };
  }
}
