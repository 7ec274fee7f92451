// Ends the output of vitest with test-summary.mjs. A skip that nobody explains fails the run.
// ITER8_TEST_SUMMARY names a file that takes the outcomes instead, a line for each run: for whoever runs several.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { summarize } from './test-summary.mjs';

const root = path.join(import.meta.dirname, '..');

/** Said by the test itself while it ran (`skip(reason)`), or where it or a suite around it was declared. */
function reasonOf(test) {
  const { note } = test.result();
  if (note !== undefined) return note;
  for (let at = test; ; at = at.parent) {
    const { skipped } = at.meta();
    if (skipped !== undefined) return skipped;
    if (at.type !== 'test' && at.errors().length > 0) return 'what has to come first failed (beforeAll)';
    if (at.type === 'module') return undefined;
  }
}

function outcomeOf(module) {
  const { duration, collectDuration, setupDuration } = module.diagnostic();
  return {
    file: path.relative(root, module.moduleId),
    ms: duration + collectDuration + setupDuration,
    skipped: [...module.children.allTests('skipped')].map((test) => ({ name: test.fullName, reason: reasonOf(test) })),
  };
}

export default class SummaryReporter {
  onInit(vitest) {
    this.vitest = vitest;
  }

  onTestRunEnd(modules) {
    // Whoever runs single tests by name (-t) knows that the others are skipped.
    if (this.vitest.config.testNamePattern !== undefined) return;
    const outcomes = modules.map(outcomeOf);
    const { lines, unexplained } = summarize(outcomes);
    const file = process.env.ITER8_TEST_SUMMARY;
    if (file === undefined) console.log(lines.join('\n'));
    else appendFileSync(file, `${JSON.stringify(outcomes)}\n`);
    if (unexplained > 0) process.exitCode = 1;
  }
}

/** Lines about all runs that wrote to this file. */
export function summaryOf(file) {
  if (!existsSync(file)) return [];
  const runs = readFileSync(file, 'utf8').trim().split('\n');
  return summarize(runs.flatMap((line) => JSON.parse(line))).lines;
}
