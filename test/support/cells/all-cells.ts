/** Every cell: see `cell.ts`. */
import type { Cell } from './cell.ts';
import { LIVE_CELLS } from './live-comparison.ts';
import { PAIRED_LATENCY_CELLS } from './paired-latency.ts';

export const CELLS: readonly Cell[] = [...LIVE_CELLS, ...PAIRED_LATENCY_CELLS];
