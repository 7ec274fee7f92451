// What all benchmarks share: medians, a table, and what was reached.
import { writeFileSync } from 'node:fs';

export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function printTable(head, rows) {
  const all = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  for (const row of all) {
    console.log(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
        .join('  ')
        .trimEnd(),
    );
  }
}

/** At most four digits that say something. */
export function shown(value) {
  return value >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/**
 * The results of a benchmark: printed, and written to a file for `run.mjs`. Each is `{ what, value, unit, goal, reached, note }`;
 * `goal`, `reached` and `note` are left out where there is none.
 */
export function finish(results, file) {
  console.log('');
  printResults(results);
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
}

export function printResults(results) {
  printTable(
    ['what', 'measured', 'goal', 'reached', 'note'],
    results.map(({ what, value, unit, goal = '', reached, note = '' }) => [
      what,
      `${shown(value)} ${unit}`,
      goal,
      reached === undefined ? '' : reached ? 'yes' : 'NO',
      note,
    ]),
  );
}

/** A seeded generator of numbers in [0, 1): mulberry32. */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
