/**
 * Every defect of Iter8 0.7 (iter8.md 8) and the test that would see it again. The comment of each names a mutation of one
 * line by which it was seen to fail.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const [ANSWER, COURSE, MEASURING, TASKS, WEIGHTS] = ['answer', 'course', 'measuring', 'tasks', 'weights'].map(
  (theme) => `defects/${theme}.test.ts`,
) as [string, string, string, string, string];

/** Defect, file, and the beginning of the test's title. */
const TABLE: readonly (readonly [number, string, string])[] = [
  [1, ANSWER, '1: candidateWon'],
  [2, COURSE, '2: the newest experiment'],
  [3, ANSWER, '3: %d errors'],
  [4, ANSWER, '4: describe shows'],
  [5, ANSWER, '5: a missing value'],
  [6, 'engine/extension.test.ts', 'is not for a bad baseline'],
  [7, 'cli/custom-metrics.test.ts', 'keeps a value over one failure'],
  [8, MEASURING, '8: a server that closes'],
  [9, 'adapters/metrics/measure.test.ts', 'verifies certificates'],
  [11, WEIGHTS, '11: equal shares'],
  [12, MEASURING, '12: a noisy moment'],
  [13, ANSWER, '13: without data'],
  [14, COURSE, '14: debug tells'],
  [15, 'adapters/tasks/script.test.ts', 'keeps a secret out of its text'],
  [15, 'adapters/tasks/script.test.ts', 'gives it values as variables'],
  [16, TASKS, '16: no two experiments'],
  [17, MEASURING, '17: percentiles'],
  [18, ANSWER, '18: the mark'],
  [19, COURSE, '19: what loop tasks'],
  [20, COURSE, '20: iterations keep'],
  [21, WEIGHTS, '21: a rollback'],
  [22, 'engine/loop.test.ts', 'is the end when a version never gives'],
  [23, COURSE, '23: a task that was done'],
  [24, COURSE, '24: a task that touches'],
  [25, TASKS, '25: readiness looks'],
  [26, MEASURING, '26: a metrics backend'],
  [26, COURSE, '26: a drive that fails'],
  [27, MEASURING, '27: a metric that was made'],
];

/** A weight patch that failed was only logged: nothing moves weights yet. */
const NOT_YET = [10];

it.each(TABLE)('defect %i is watched by %s: %s', (_, file, title) => {
  const text = readFileSync(path.join(import.meta.dirname, '..', file), 'utf8');
  const [, test] = text.split(`'${title}`);
  expect(test?.split(/^ *it[(.]/m)[0]).toContain('Mutation: in src/');
});

it('all of them are in the table', () => {
  const numbers = [...new Set([...TABLE.map(([number]) => number), ...NOT_YET])].toSorted((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: 27 }, (_, index) => index + 1));
});
