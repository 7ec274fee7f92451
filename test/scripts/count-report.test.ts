import { expect, it } from 'vitest';
// @ts-expect-error a script without types
import { closingLine, countReport } from '../../scripts/count-report.mjs';

const count = (report: object, status = 0) =>
  closingLine((countReport as (r: object, s: number) => unknown)(report, status)) as string;

it.each([
  ['all passed', { numPassedTests: 3, numFailedTests: 0, testResults: [] }, 0, '3 passed, 0 failed'],
  [
    'one failed',
    {
      numPassedTests: 3,
      numFailedTests: 1,
      testResults: [{ status: 'failed', assertionResults: [{ status: 'failed' }] }],
    },
    1,
    '3 passed, 1 failed',
  ],
  [
    'skipped',
    { numPassedTests: 3, numFailedTests: 0, numPendingTests: 2, testResults: [] },
    0,
    '3 passed, 0 failed, 2 skipped',
  ],
  [
    'a file that could not be loaded',
    { numPassedTests: 3, numFailedTests: 0, testResults: [{ status: 'failed', assertionResults: [] }] },
    1,
    '3 passed, 1 failed',
  ],
  [
    'a runner that failed without a failed test',
    { numPassedTests: 3, numFailedTests: 0, testResults: [] },
    1,
    '3 passed, 1 failed',
  ],
  ['no test at all', { numPassedTests: 0, numFailedTests: 0, testResults: [] }, 0, '0 passed, 1 failed'],
])('counts %s', (_, report, status, line) => {
  expect(count(report, status)).toBe(line);
});
