/** Where a verdict is first reached. */
import { firstWhere } from '../bisection.ts';

/** Nothing is planned beyond. */
const MOST_REQUESTS = 1e9;

/** The smallest whole number from `from` on for which `holds`, which is false and then true; undefined beyond a billion. */
export function firstNumber(from: number, holds: (n: number) => boolean): number | undefined {
  if (holds(from)) return from;
  let step = 1;
  while (!holds(from + step)) {
    step *= 2;
    if (from + step > MOST_REQUESTS) return undefined;
  }
  const low = from + Math.floor(step / 2) + 1;
  return low + firstWhere(from + step - low, (at) => holds(low + at));
}
