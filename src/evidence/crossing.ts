/** Where a function that increases crosses zero, in few looks: each look at evidence costs a logarithm for every bet and row. */

export interface Stretch {
  readonly start: number;
  readonly end: number;
  /** Narrow enough: this part of the upper end of the interval, ... */
  readonly narrow: number;
  /** ... or this width. */
  readonly width?: number;
}

interface Look {
  readonly at: number;
  readonly is: number;
}

const MOST_LOOKS = 100;

/**
 * The last place found where it is negative, and the first where it is not; the ends of the stretch are never looked at.
 *
 * Source: Chandrupatla, Advances in Engineering Software 28(3), 1997: a parabola through the last three looks where that is
 * safe, else a half: 8 to 25 looks to a relative width of 1e-13, where halving takes 45.
 */
export function crossing(
  { start, end, narrow, width = 0 }: Stretch,
  value: (at: number) => number,
): { readonly before: number; readonly from: number } {
  let [before, from] = [start, end];
  let last: Look = { at: start, is: Number.NEGATIVE_INFINITY };
  let across: Look = { at: end, is: Number.POSITIVE_INFINITY };
  let part = 0.5;
  for (let look = 0; look < MOST_LOOKS && from - before > Math.max(width, narrow * from); look++) {
    const at = last.at + part * (across.at - last.at);
    if (!(at > before && at < from)) break;
    const found = { at, is: value(at) };
    const isSameSide = found.is >= 0 === last.is >= 0;
    const third = isSameSide ? last : across;
    if (!isSameSide) across = last;
    last = found;
    if (found.is >= 0) from = at;
    else before = at;
    const least = Math.max(width / 2, narrow * at) / Math.abs(across.at - at);
    part = Math.min(1 - least, Math.max(least, parabolaPart(last, across, third)));
  }
  return { before, from };
}

/** Where the parabola crosses zero, as a part of the way from `last` to `across`; a half where it says nothing. */
function parabolaPart(last: Look, across: Look, third: Look): number {
  const [a, b, c] = [last.is, across.is, third.is];
  const xi = (last.at - across.at) / (third.at - across.at);
  const phi = (a - b) / (c - b);
  if (!(phi ** 2 < xi && (1 - phi) ** 2 < 1 - xi)) return 0.5;
  return (
    (a / (b - a)) * (c / (b - c)) + ((((third.at - last.at) / (across.at - last.at)) * a) / (c - a)) * (b / (c - b))
  );
}
