// Runs vitest and counts what its report says.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { countReport } from './count-report.mjs';

const root = path.join(import.meta.dirname, '..');
const REPORTERS = ['default', 'json', './scripts/summary-reporter.mjs'].map((name) => `--reporter=${name}`);

/**
 * `report`: where the report is written; `summary`: the file that takes what was slow and skipped (summary-reporter.mjs);
 * `inside`: a program that runs it; `allSkipped`: that nothing runs is no mistake.
 */
export function runVitest({ args, report, summary, inside = [], env = {}, allSkipped = false }) {
  const [program, ...rest] = [
    ...inside,
    path.join(root, 'node_modules/.bin/vitest'),
    'run',
    ...REPORTERS,
    `--outputFile.json=${report}`,
    ...args,
  ];
  const { status } = spawnSync(program, rest, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ITER8_TEST_SUMMARY: summary, ...env },
  });
  try {
    return countReport(JSON.parse(readFileSync(report, 'utf8')), status, allSkipped);
  } catch (error) {
    console.error(`the test runner left no report: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
