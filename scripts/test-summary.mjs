// The last lines of a test run: which files were slow, what was skipped and why. Pure.

/** Files below this are not worth a line. */
const SLOW_MS = 5_000;
const MOST_SLOW_FILES = 10;

/**
 * `outcomes`: `{ file, ms, skipped: [{ name, reason }] }` for each file; `ms` is wall time with imports. `unexplained`: how
 * many skips have no reason, as a forgotten `.skip` or `.only` leaves them.
 */
export function summarize(outcomes) {
  const slow = outcomes
    .filter(({ ms }) => ms >= SLOW_MS)
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, MOST_SLOW_FILES)
    .map(({ file, ms }) => `  ${(ms / 1000).toFixed(1).padStart(5)} s  ${file}`);
  const skips = outcomes.flatMap(({ file, skipped }) => skipped.map((test) => ({ file, ...test })));
  const byReason = new Map();
  for (const { reason } of skips) if (reason !== undefined) byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  const unexplained = skips.filter(({ reason }) => reason === undefined);
  return {
    lines: [
      ...(slow.length === 0 ? [] : [`slow files (${SLOW_MS / 1000} s and more):`, ...slow]),
      ...(skips.length === 0 ? ['nothing was skipped'] : [`skipped: ${skips.length}`]),
      ...[...byReason].map(([reason, count]) => `  ${String(count).padStart(5)}    ${reason}`),
      ...unexplained.map(({ file, name }) => `  without a reason (see test/support/needs.ts): ${file} > ${name}`),
    ],
    unexplained: unexplained.length,
  };
}
