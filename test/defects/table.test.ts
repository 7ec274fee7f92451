/**
 * Every defect of Iter8 0.7 (docs/contract.md 8) and the test that would see it again, with a mutation of the source
 * that brings it back. `node scripts/defects.mjs` applies each, and fails when its test does not.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

interface Guard {
  readonly defect: number;
  readonly file: string;
  /** The beginning of its title. */
  readonly test: string;
  readonly mutation: { readonly file: string; readonly from: string; readonly to: string };
}

const read = (file: string): string => readFileSync(path.join(import.meta.dirname, '../..', file), 'utf8');
const guards = JSON.parse(read('test/defects/defects.json')) as Guard[];

it.each(guards)('defect $defect is watched by $file: $test, and its mutation applies', ({ file, test, mutation }) => {
  expect(read(file)).toContain(`'${test}`);
  expect(read(mutation.file).split(mutation.from)).toHaveLength(2);
});

it('all of them are in the table', () => {
  const numbers = [...new Set(guards.map(({ defect }) => defect))].toSorted((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: 27 }, (_, index) => index + 1));
});
