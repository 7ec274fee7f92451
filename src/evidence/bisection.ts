/** Where a condition that is false and then true begins to hold. */

/** First position of 0 to length - 1 at which `holds`; the length when nowhere. */
export function firstWhere(length: number, holds: (at: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Between two numbers, after so many halvings: the last place found where it does not hold, and the first where it does. */
export function halved(
  start: number,
  end: number,
  { steps, holds }: { readonly steps: number; readonly holds: (middle: number) => boolean },
): { readonly before: number; readonly from: number } {
  let before = start;
  let from = end;
  for (let step = 0; step < steps; step++) {
    const middle = (before + from) / 2;
    if (holds(middle)) from = middle;
    else before = middle;
  }
  return { before, from };
}
