import type { Distribution } from '../../src/evidence/planning/distribution.ts';

/** Latencies that hardly vary. */
export const constant = (value: number): Distribution => [[value, 1]];
