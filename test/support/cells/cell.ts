/**
 * A cell of the simulation that checks the guarantees (`npm run evidence`, and in short in `test/evidence/guarantees-simulation.test.ts`): a
 * situation that is run many times with other random numbers, and how often something may, or should, happen in it.
 */
import type { Uniform } from '../../../src/traffic/seeded-random.ts';

export interface Cell {
  readonly name: string;
  /** Whether it happened in one run. */
  readonly run: (random: Uniform) => boolean;
  /** Share of the runs in which it may happen: what is claimed of a wrong verdict. */
  readonly atMost?: number;
  /** Share of the runs in which it should happen: that the evidence has power, or that a trap is there. */
  readonly atLeast?: number;
  /** It takes long: only in the full simulation. */
  readonly slow?: boolean;
}

export interface CellResult {
  readonly name: string;
  readonly runs: number;
  readonly happened: number;
  readonly claimed: string;
  /** 99.9 % interval of the share (Wilson). */
  readonly interval: readonly [low: number, high: number];
  readonly ok: boolean;
}

const Z = 3.29;

/** A cell fails when the whole interval is beyond what is claimed: by chance once in two thousand cells. */
export function runCell(cell: Cell, runs: number, randomOf: (run: number) => Uniform): CellResult {
  let happened = 0;
  for (let run = 0; run < runs; run++) if (cell.run(randomOf(run))) happened += 1;
  const interval = wilson(happened, runs);
  const { atMost = 1, atLeast = 0 } = cell;
  return {
    name: cell.name,
    runs,
    happened,
    claimed: [
      ...(cell.atMost === undefined ? [] : [`<= ${percent(cell.atMost)}`]),
      ...(cell.atLeast === undefined ? [] : [`>= ${percent(cell.atLeast)}`]),
    ].join(', '),
    interval,
    ok: interval[0] <= atMost && interval[1] >= atLeast,
  };
}

export const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;

function wilson(happened: number, runs: number): readonly [number, number] {
  const share = happened / runs;
  const center = (share + Z ** 2 / (2 * runs)) / (1 + Z ** 2 / runs);
  const half = (Z / (1 + Z ** 2 / runs)) * Math.sqrt((share * (1 - share)) / runs + Z ** 2 / (4 * runs ** 2));
  return [Math.max(0, center - half), Math.min(1, center + half)];
}
