/** Tables: columns that stand below each other, whatever is in them and however many rows there are. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fittedLines, tableLines } from '../../src/render/table.ts';
import { displayWidth } from '../../src/text/width.ts';

describe('the lines of a table', () => {
  it('has columns as wide as their widest cell, numbers at the right, nothing behind the last', () => {
    expect(
      tableLines({
        head: ['NAME', 'REQUESTS', 'AGE'],
        rows: [
          ['checkout', '12', '5m'],
          ['日本', '12,345,678', ''],
          ['\u001b[31mred\u001b[39m', '', '3d'],
        ],
        right: [1],
        indent: ' ',
      }),
    ).toEqual([
      ' NAME        REQUESTS  AGE',
      ' checkout          12  5m',
      ' 日本      12,345,678',
      ' \u001b[31mred\u001b[39m                   3d',
    ]);
  });

  it('keeps numbers at the right where there are no titles', () => {
    expect(
      tableLines({
        head: [],
        rows: [
          ['a', '1'],
          ['b', '100'],
        ],
        right: [1],
      }),
    ).toEqual(['a    1', 'b  100']);
  });

  it('starts each column at one place, in every row', () => {
    const cell = fc.constantFrom('', 'a', 'promote', '数', '🎉', 'é', '\u001b[1mbold\u001b[22m', 'x y');
    const table = fc.integer({ min: 1, max: 5 }).chain((columns) =>
      fc.record({
        rows: fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 6 }),
        right: fc.uniqueArray(fc.nat(columns - 1)),
      }),
    );
    fc.assert(
      fc.property(table, ({ rows, right }) => {
        const lines = tableLines({ head: [], rows, right });
        const widths = rows[0]!.map((_, column) => Math.max(1, ...rows.map((row) => displayWidth(row[column]!))));
        for (const [at, row] of rows.entries()) {
          const expected = row.map((text, column) => {
            const space = ' '.repeat(widths[column]! - displayWidth(text));
            return right.includes(column) ? space + text : text + space;
          });
          expect(lines[at]).toBe(expected.join('  ').trimEnd());
        }
      }),
    );
  });

  it('has the same columns however many rows there are', () => {
    const cells = Array.from({ length: 120 }, (_, row) => (row === 60 ? 'the-widest-of-all' : `experiment-${row}`));
    const lines = fittedLines(
      [
        { head: 'NAME', cells },
        { head: 'TARGET', cells },
      ],
      { room: 80 },
    )!;
    expect(lines).toHaveLength(121);
    for (const line of lines) expect(line.slice(17, 19), line).toMatch(/^( {2})?$/);
    expect(lines.at(-1)).toBe('experiment-119      experiment-119');
  });
});
