/**
 * When each request is due, and which version it is for. Pure.
 *
 * Tick k of every version falls into the k-th interval of 1/rate seconds. Its slots, one for each version, are spread evenly
 * over it in an order that is random but the same for every worker. Tick k belongs to worker k mod workers: their schedules
 * interleave, and requests of a tick can be paired.
 * Source: docs/method.md 5.3.
 */

export interface Slot {
  readonly tick: number;
  /** Index into the plan's targets. */
  readonly target: number;
}

/** A well-mixed 32-bit hash of two integers (murmur3's finaliser). */
function mix(seed: number, value: number): number {
  let h =
    (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(value | 0, 0xcc9e2d51) ^ Math.floor(value / 2 ** 32)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The order of the versions in a tick: a permutation of 0..count-1, the same on every call. */
function orderOfTick(seed: number, tick: number, count: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const chosen = mix(seed + last, tick) % (last + 1);
    [order[last], order[chosen]] = [order[chosen]!, order[last]!];
  }
  return order;
}

export class Schedule {
  readonly #targets: number;
  readonly #seed: number;
  readonly #slotMs: number;
  /** The piece under way: tick `#firstTick` is due at `#startMs`. */
  #startMs = 0;
  #firstTick = 0;
  #orderTick = Number.NaN;
  #order: number[] = [];

  constructor(options: { readonly targets: number; readonly ratePerSec: number; readonly seed: number }) {
    this.#targets = options.targets;
    this.#seed = options.seed;
    this.#slotMs = 1000 / options.ratePerSec / options.targets;
  }

  /** From now on tick `firstTick` is due at `startMs`. */
  startPiece(startMs: number, firstTick: number): void {
    this.#startMs = startMs;
    this.#firstTick = firstTick;
  }

  slot(index: number): Slot {
    const tick = Math.floor(index / this.#targets);
    if (this.#targets === 1) return { tick, target: 0 };
    if (tick !== this.#orderTick) {
      this.#orderTick = tick;
      this.#order = orderOfTick(this.#seed, tick, this.#targets);
    }
    return { tick, target: this.#order[index - tick * this.#targets]! };
  }

  /** When a slot is due: computed from the piece's start each time, so that no error adds up. */
  dueMs(index: number): number {
    return this.#startMs + (index - this.#firstTick * this.#targets) * this.#slotMs;
  }

  /** The first slot that is not due before `ms`; before the piece begins: of the warm-up, if there is one. */
  firstSlotFrom(ms: number): number {
    return this.#firstTick * this.#targets + Math.ceil((ms - this.#startMs) / this.#slotMs);
  }
}
