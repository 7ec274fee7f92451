/** Every cell: see `cell.ts`. */
import type { Cell } from './cell.ts';
import { LIVE_CELLS } from './live-comparison.ts';
import { PAIRED_LATENCY_CELLS } from './paired-latency.ts';
import { REWARD_CELLS } from './rewards.ts';

export const CELLS: readonly Cell[] = [...LIVE_CELLS, ...PAIRED_LATENCY_CELLS, ...REWARD_CELLS];
