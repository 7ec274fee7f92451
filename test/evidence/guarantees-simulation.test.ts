/** The short form of `npm run evidence`: few runs of each cell, so only gross errors are seen here. */
import { describe, expect, it } from 'vitest';
import { runCell } from '../support/cells/cell.ts';
import { CELLS } from '../support/cells/all-cells.ts';
import { seeded } from '../support/seeded.ts';

const RUNS = 25;

describe('what is claimed', () => {
  it.each(CELLS.filter(({ slow }) => slow !== true).map((cell) => [cell.name, cell] as const))('%s', (_, cell) => {
    const { happened, ok } = runCell(cell, RUNS, (run) => seeded(run + 1));
    expect(ok, `${happened} of ${RUNS}`).toBe(true);
  });
});
