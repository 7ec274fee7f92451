/** Counts by cell of a logarithmic grid of latencies, as a flat list: cell, count, cell, count, ... in increasing order of cells. */
export type Cells = readonly number[];

/** The union of two disjoint sets. */
export function addCells(one: Cells, other: Cells): Cells {
  if (one.length === 0) return other;
  if (other.length === 0) return one;
  const sum: number[] = [];
  let i = 0;
  let j = 0;
  while (i < one.length || j < other.length) {
    const x = one[i] ?? Number.POSITIVE_INFINITY;
    const y = other[j] ?? Number.POSITIVE_INFINITY;
    sum.push(Math.min(x, y), (x <= y ? one[i + 1]! : 0) + (y <= x ? other[j + 1]! : 0));
    if (x <= y) i += 2;
    if (y <= x) j += 2;
  }
  return sum;
}

/** For each place (increasing) how many are in it or in a later cell. */
export function countsFrom(cells: Cells, places: readonly number[]): number[] {
  let left = 0;
  for (let k = 1; k < cells.length; k += 2) left += cells[k]!;
  let k = 0;
  return places.map((place) => {
    for (; k < cells.length && cells[k]! < place; k += 2) left -= cells[k + 1]!;
    return left;
  });
}

/** Cells farther from the middle than `width` become one of so many. */
const COARSER = 16;

/** Fewer cells: those far from the middle are joined, and count as the first (`down`) or the last of those that are joined. */
export function coarserOutside(
  cells: Cells,
  { middle, width, towards }: { readonly middle: number; readonly width: number; readonly towards: 'down' | 'up' },
): Cells {
  const joined = new Map<number, number>();
  for (let k = 0; k < cells.length; k += 2) {
    const cell = cells[k]!;
    const group = (towards === 'down' ? Math.floor : Math.ceil)(cell / COARSER) * COARSER;
    const place = Math.abs(cell - middle) <= width ? cell : group;
    joined.set(place, (joined.get(place) ?? 0) + cells[k + 1]!);
  }
  return [...joined].toSorted(([x], [y]) => x - y).flat();
}
