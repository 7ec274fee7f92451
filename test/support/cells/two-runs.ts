/** Two runs of the same service, at different times: how often `diff` shows a difference that is not there. */
import { binIndex } from '../../../src/evidence/latency-histogram.ts';
import type { SparseHistogram } from '../../../src/evidence/request-tally.ts';
import { differenceBounds, shownOrder } from '../../../src/evidence/two-runs/difference.ts';
import { meanLevels } from '../../../src/evidence/two-runs/mean-levels.ts';
import { percentileLevels } from '../../../src/evidence/two-runs/percentile-levels.ts';
import { shareLevels } from '../../../src/evidence/two-runs/share-levels.ts';
import { drawNormal, type Uniform } from '../../../src/traffic/seeded-random.ts';
import type { Cell } from './cell.ts';

export interface SimulatedRun {
  readonly n: number;
  readonly errors: number;
  readonly histogram: SparseHistogram;
}

const CAP_MS = 1000;
const PERCENTS = [50, 90, 95, 99];
/** Rows of the table: the share of errors, the mean, four percentiles; each in two directions. */
const LN_NEEDED = Math.log((2 * (2 + PERCENTS.length)) / 0.05);

export function simulatedRun(
  random: Uniform,
  n: number,
  how: { readonly errors: number; readonly latencyMs: (random: Uniform, part: number) => number },
): SimulatedRun {
  const bins = new Map<number, number>();
  let errors = 0;
  for (let i = 0; i < n; i++) {
    if (random() < how.errors) errors += 1;
    const index = binIndex(Math.round(1000 * Math.min(CAP_MS, how.latencyMs(random, i / n))));
    bins.set(index, (bins.get(index) ?? 0) + 1);
  }
  return { n, errors, histogram: [...bins].toSorted(([x], [y]) => x - y) };
}

/** The bounds of every row, as `diff` has them. */
export function comparedRuns(a: SimulatedRun, b: SimulatedRun) {
  const [x, y] = [a, b].map(({ n, errors, histogram }) => {
    const count = { n, bad: errors };
    const views = { response: histogram, service: histogram };
    return [
      shareLevels({ response: count, service: count }, LN_NEEDED),
      meanLevels(views, { capMs: CAP_MS, lnNeeded: LN_NEEDED }),
      ...PERCENTS.map((percent) => percentileLevels(views, { percent, lnNeeded: LN_NEEDED })),
    ];
  });
  return x!.map((levels, row) => differenceBounds(levels, y![row]!, LN_NEEDED));
}

const differs = (a: SimulatedRun, b: SimulatedRun): boolean =>
  comparedRuns(a, b).some((bounds) => shownOrder(bounds) !== undefined);

const lognormal = (random: Uniform) => 50 * Math.exp(0.6 * drawNormal(random));
/** Runs of slow and of fast requests: the same share of both, in other places. */
const waves = (turns: number) => (random: Uniform, part: number) =>
  lognormal(random) * (Math.floor(part * turns) % 2 === 0 ? 1 : 2);
const heavy = (random: Uniform) => Math.min(CAP_MS, 10 / Math.sqrt(1 - random()));

export const TWO_RUNS_CELLS: readonly Cell[] = [
  {
    name: 'diff: two runs of one service differ in none of six rows (lognormal latencies, 1 % errors)',
    atMost: 0.05,
    slow: true,
    run: (random) => {
      const how = { errors: 0.01, latencyMs: lognormal };
      return differs(simulatedRun(random, 2000, how), simulatedRun(random, 2000, how));
    },
  },
  {
    name: 'diff: the same with heavy tails and four times the requests in one of them',
    atMost: 0.05,
    slow: true,
    run: (random) => {
      const how = { errors: 0.2, latencyMs: heavy };
      return differs(simulatedRun(random, 1000, how), simulatedRun(random, 4000, how));
    },
  },
  {
    name: 'diff: latencies that come in waves, of other lengths in either run',
    atMost: 0.05,
    slow: true,
    run: (random) =>
      differs(
        simulatedRun(random, 2000, { errors: 0.02, latencyMs: waves(4) }),
        simulatedRun(random, 2000, { errors: 0.02, latencyMs: waves(40) }),
      ),
  },
  {
    name: 'diff: latencies that are a fifth longer are shown',
    atLeast: 0.9,
    slow: true,
    run: (random) =>
      differs(
        simulatedRun(random, 3000, { errors: 0.01, latencyMs: lognormal }),
        simulatedRun(random, 3000, { errors: 0.01, latencyMs: (r) => 1.2 * lognormal(r) }),
      ),
  },
];
