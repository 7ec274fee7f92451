/** Every cell: see `cell.ts`. */
import type { Cell } from './cell.ts';
import { COUNTER_CELLS } from './counters.ts';
import { LIVE_CELLS } from './live-comparison.ts';
import { OWN_LOAD_CELLS } from './own-load.ts';
import { PAIRED_LATENCY_CELLS } from './paired-latency.ts';
import { REWARD_CELLS } from './rewards.ts';
import { TWO_RUNS_CELLS } from './two-runs.ts';

export const CELLS: readonly Cell[] = [
  ...OWN_LOAD_CELLS,
  ...COUNTER_CELLS,
  ...LIVE_CELLS,
  ...PAIRED_LATENCY_CELLS,
  ...REWARD_CELLS,
  ...TWO_RUNS_CELLS,
];
