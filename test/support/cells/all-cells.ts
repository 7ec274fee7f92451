/** Every cell: see `cell.ts`. */
import type { Cell } from './cell.ts';
import { LIVE_CELLS } from './live-comparison.ts';

export const CELLS: readonly Cell[] = [...LIVE_CELLS];
