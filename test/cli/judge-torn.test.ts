/** `judge`: a file that breaks off in a row is never a reason to promote, whatever its format. */
import { expect, it } from 'vitest';
import { judgedInPieces, RESULT_ROWS } from '../support/result-rows.ts';

it.each(RESULT_ROWS.map((one) => [one.name, one] as const))(
  'promotes by a whole file of %s, and not by one that breaks off in a row',
  async (_, { heading = '', row, end = '', args = [] }) => {
    const rows = Array.from({ length: 200 }, (_none, k) => row(k, true)).join('');
    expect((await judgedInPieces(`${heading}${rows}${end}`, args, [65_536])).code).toBe(0);
    const last = row(200, false);
    for (const kept of [0.5, 0.8, 0.95].map((part) => Math.floor(part * last.length)).concat(last.length - 1)) {
      const { code, shown } = await judgedInPieces(`${heading}${rows}${last.slice(0, kept)}`, args, [65_536]);
      expect(code, `${last.slice(0, kept)}: ${shown}`).toBe(3);
    }
  },
);
