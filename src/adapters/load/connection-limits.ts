/** How many connections a version gets, as its plan says or by default, and which part of them each worker gets. Pure. */
import type { LoadPlan } from '../../drive/ports.ts';

const CLOSED_LOOP_CONNECTIONS = 4;
/** They are opened as they are needed. */
const MOST_AT_A_RATE = 1024;

/** For worker `index` of so many; each has one at least. */
export function connectionsOf({ connections, ratePerSec }: LoadPlan, index: number, count: number): number {
  const all = connections ?? (ratePerSec > 0 ? MOST_AT_A_RATE : CLOSED_LOOP_CONNECTIONS);
  return Math.max(1, Math.floor(all / count) + (index < all % count ? 1 : 0));
}
