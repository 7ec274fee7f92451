import { expect, it } from 'vitest';
import { enumerated } from '../../src/text/enumerate.ts';

it.each([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b'], 'a and b'],
  [['a', 'b', 'c'], 'a, b and c'],
])('%j', (names, expected) => {
  expect(enumerated(names)).toBe(expected);
});
