/** How traffic is divided between going on to measure all versions (exploration) and the best of them. Source: docs/contract.md 6. */

/** Percent that is spread evenly over all versions, so that each goes on being measured. */
const EXPLORATION = 10;

/** In percent: what every version has, and what a favourite has in all. `favourites` is at least 1 and at most `versions`. */
export function explorationShares(
  versions: number,
  favourites: number,
): { readonly each: number; readonly favourite: number } {
  const each = EXPLORATION / versions;
  return { each, favourite: each + (100 - EXPLORATION) / favourites };
}
