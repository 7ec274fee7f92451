/** Ends the output of the test runner with test-summary.ts. A skip that nobody explains fails the run. */
import path from 'node:path';
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';
import { summarize } from './test-summary.ts';
import './needs.ts';

/** By the test itself while it ran (`skip(reason)`), or by it or a suite around it when it was declared. */
function reasonOf(test: TestCase): string | undefined {
  const result = test.result();
  if (result.state === 'skipped' && result.note !== undefined) return result.note;
  let at: TestCase | TestCase['parent'] = test;
  for (;;) {
    const { skipped } = at.meta();
    if (skipped !== undefined) return skipped;
    if (at.type === 'module') return undefined;
    at = at.parent;
  }
}

export default class SummaryReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    // Whoever runs single tests by name (-t) knows that the others are skipped.
    if (this.#vitest?.config.testNamePattern !== undefined) return;
    const { lines, unexplained } = summarize(
      modules.map((module) => {
        const { duration, collectDuration, setupDuration } = module.diagnostic();
        return {
          file: path.relative(process.cwd(), module.moduleId),
          ms: duration + collectDuration + setupDuration,
          skipped: [...module.children.allTests('skipped')].map((test) => ({
            name: test.fullName,
            reason: reasonOf(test),
          })),
        };
      }),
    );
    console.log(lines.join('\n'));
    if (unexplained > 0) process.exitCode = 1;
  }
}
