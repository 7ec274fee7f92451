/** HDR layout over whole microseconds. Source: statistics.md 5.4. */
import type { SparseHistogram } from './tally.ts';

const SUB_BITS = 11;
const SUB = 1 << SUB_BITS;
const HALF = SUB / 2;

export function binIndex(us: number): number {
  if (us < SUB) return us;
  const shift = 32 - Math.clz32(us) - SUB_BITS;
  return HALF * shift + (us >>> shift);
}

function edgesUs(index: number): [number, number] {
  if (index < SUB) return [index, index + 1];
  const shift = Math.floor(index / HALF) - 1;
  const mantissa = index - HALF * shift;
  return [mantissa * 2 ** shift, (mantissa + 1) * 2 ** shift];
}

/** A latency is rounded to the nearest microsecond before it is recorded. */
export function binEdgesMs(index: number): { readonly lowMs: number; readonly highMs: number } {
  const [low, high] = edgesUs(index);
  return { lowMs: Math.max(0, low - 0.5) / 1000, highMs: (high - 0.5) / 1000 };
}

export class LatencyHistogram {
  readonly #counts: Float64Array;
  readonly #capUs: number;

  constructor(capMs: number) {
    this.#capUs = Math.max(1, Math.round(capMs * 1000));
    this.#counts = new Float64Array(binIndex(this.#capUs) + 1);
  }

  record(us: number): void {
    const capped = us > this.#capUs ? this.#capUs : us;
    const index = binIndex(capped);
    this.#counts[index] = this.#counts[index]! + 1;
  }

  toSparse(): SparseHistogram {
    const sparse: [number, number][] = [];
    for (let i = 0; i < this.#counts.length; i++) if (this.#counts[i]! > 0) sparse.push([i, this.#counts[i]!]);
    return sparse;
  }

  clear(): void {
    this.#counts.fill(0);
  }
}
