/** Where a verdict is first reached. */

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
  let low = from + Math.floor(step / 2);
  let high = from + step;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
