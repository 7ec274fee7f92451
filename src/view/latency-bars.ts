/** The latencies of a version as a few bins that people can read: how many requests took how long. Pure. */
import { binEdgesMs } from '../evidence/latency-histogram.ts';
import { answersOf, type SparseHistogram } from '../evidence/request-tally.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { sortedLike } from '../experiment/spec-order.ts';
import { countedTallies, knownJudgement } from '../judge/iter8-07/judge-recorded-object.ts';
import { versionRoles } from '../judge/question/question.ts';

export interface LatencyHistogram {
  readonly version: string;
  /** Requests that got an HTTP answer, which are those in the bins. */
  readonly answers: number;
  /** From the fastest to the slowest, without gaps; each from its low edge to below its high one. */
  readonly bins: readonly { readonly lowMs: number; readonly highMs: number; readonly count: number }[];
}

/** Of every version with latencies, over all its endpoints, in the order of the spec; on the same bins, to be compared. */
export function latencyHistograms(experiment: Experiment): LatencyHistogram[] {
  const names = versionRoles(experiment).map(({ name }) => name);
  const whole = countedTallies(experiment, knownJudgement(experiment).record)
    .filter(({ endpoint }) => endpoint === undefined)
    .map(({ version, tally }) => ({ version, ...answersOf(tally) }))
    .filter(({ histogram }) => histogram.length > 0);
  const edges = edgesOf(whole.flatMap(({ histogram }) => histogram));
  return sortedLike(names, whole, ({ version }) => version).map(({ version, n, histogram }) => ({
    version,
    answers: n,
    bins: binned(histogram, edges),
  }));
}

/** Middles of bins, which are at most 0.1 % wide. */
const middleMs = (index: number): number => {
  const { lowMs, highMs } = binEdgesMs(index);
  return (lowMs + highMs) / 2;
};

/** Steps of round numbers, coarse to fine: by as few as give enough bins, and no more than fit on a screen. */
const STEPS = [
  [1, 10],
  [1, 2, 5],
  [1, 1.5, 2, 3, 5, 7],
  [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8],
] as const;
const FEWEST_BINS = 6;

/** Of all of these, from below the fastest to above the slowest. */
function edgesOf(histogram: SparseHistogram): number[] {
  if (histogram.length === 0) return [];
  const values = histogram.map(([index]) => middleMs(index));
  const low = values.reduce((least, value) => Math.min(least, value));
  const high = values.reduce((most, value) => Math.max(most, value));
  for (const steps of STEPS) {
    const edges = roundEdges(steps, low, high);
    if (edges.length > FEWEST_BINS) return edges;
  }
  return evenEdges(low, high);
}

function roundEdges(steps: readonly number[], low: number, high: number): number[] {
  const first = Math.floor(Math.log10(Math.max(low, 1e-3)));
  const last = Math.ceil(Math.log10(Math.max(high, 1e-3))) + 1;
  const all: number[] = [];
  for (let power = first - 1; power <= last; power++)
    for (const step of steps) if (step < 10) all.push(Number(`${step}e${power}`));
  const from = all.findLastIndex((edge) => edge <= low);
  const to = all.findIndex((edge) => edge > high);
  return all.slice(Math.max(0, from), to + 1);
}

/** Of values near one another: steps of 1, 2 or 5 times a power of ten. */
function evenEdges(low: number, high: number): number[] {
  const wanted = Math.max((high - low) / FEWEST_BINS, low / 1000, 1e-3);
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = [1, 2, 5, 10].map((times) => times * power).find((one) => one >= wanted - 1e-12)!;
  const first = Math.floor(low / step);
  const count = Math.max(1, Math.floor(high / step) - first + 1);
  return Array.from({ length: count + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

function binned(histogram: SparseHistogram, edges: readonly number[]): LatencyHistogram['bins'] {
  const counts = Array.from({ length: edges.length - 1 }, () => 0);
  for (const [index, count] of histogram) {
    const value = middleMs(index);
    const above = edges.findIndex((edge) => edge > value);
    counts[Math.max(0, above < 0 ? counts.length - 1 : above - 1)]! += count;
  }
  return counts.map((count, at) => ({ lowMs: edges[at]!, highMs: edges[at + 1]!, count }));
}
