/**
 * How many more requests settle a question if what was seen so far goes on: the log wealth of a constant bet grows in proportion to
 * the requests, so it is known of each node, and with it of the mixture. An estimate for people; no verdict depends on it.
 */
import { halved } from '../bisection.ts';
import { lnMeanExp } from '../betting-grid.ts';

/** Log wealth of every node of a mixture, and what the mixture must reach. Natural logs. */
export interface Claim {
  readonly lnWealth: ArrayLike<number>;
  readonly lnNeeded: number;
}

/** No prediction goes beyond so many times what was seen. */
const MOST_TIMES = 1e6;
const STEPS = 40;

/** The fewer of what two opposite claims take, from n requests on. `never`: neither gains. Undefined without data. */
export function furtherRequests(claims: readonly Claim[], n: number): number | 'never' | undefined {
  if (n === 0) return undefined;
  const times = claims.map(timesNeeded).filter((one) => one !== undefined);
  return times.length === 0 ? 'never' : Math.max(1, Math.ceil(n * (Math.min(...times) - 1)));
}

/** How many times the data so far would reach it; undefined when no number does. */
function timesNeeded({ lnWealth, lnNeeded }: Claim): number | undefined {
  const nodes = Array.from(lnWealth);
  const isReached = (times: number) => lnMeanExp(nodes.map((ln) => ln * times)) >= lnNeeded;
  if (!nodes.some((ln) => ln > 0)) return undefined;
  if (isReached(1)) return 1;
  let most = 2;
  while (!isReached(most)) {
    if (most > MOST_TIMES) return undefined;
    most *= 2;
  }
  return halved(most / 2, most, { steps: STEPS, holds: isReached }).from;
}
