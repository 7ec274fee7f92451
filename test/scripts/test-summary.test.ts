/** What the test runner says at its end. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { inFull } from '../support/search-depth.ts';
// @ts-expect-error a script without types
import { summarize } from '../../scripts/test-summary.mjs';

interface Outcome {
  readonly file: string;
  readonly ms: number;
  readonly skipped: readonly { readonly name: string; readonly reason?: string }[];
}

const linesOf = (outcomes: readonly Outcome[]) =>
  (summarize as (outcomes: readonly Outcome[]) => { lines: string[] })(outcomes).lines;

describe('the last lines', () => {
  it('list slow files, the slowest first, and nothing else that is quick', () => {
    const file = (name: string, ms: number) => ({ file: name, ms, skipped: [] });
    expect(linesOf([file('quick', 4_999), file('slow', 5_000), file('slower', 12_340)])).toEqual([
      'slow files (5 s and more):',
      '   12.3 s  slower',
      '    5.0 s  slow',
      'nothing was skipped',
    ]);
  });

  it('count what was skipped by its reason', () => {
    const skipped = (...reasons: string[]) => ({
      file: 'f',
      ms: 0,
      skipped: reasons.map((reason, k) => ({ name: `t${k}`, reason })),
    });
    expect(linesOf([skipped('no tmux', 'no cluster'), skipped('no cluster')])).toEqual([
      'skipped: 3',
      '      1    no tmux',
      '      2    no cluster',
    ]);
  });
});

describe('the runner', inFull, () => {
  const root = path.join(import.meta.dirname, '../..');
  const run = (env: Readonly<Record<string, string>> = {}) =>
    spawnSync(
      process.execPath,
      [path.join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', 'test/fixtures/skips/vitest.config.mjs'],
      // Without what the runner around this test sets for its own workers.
      { cwd: root, encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', ...env } },
    );

  it('finds the reason of every kind of skip', () => {
    const { status, stdout, stderr } = run();
    expect(stdout.trim().split('\n'), stderr).toEqual(['skipped: 3', '      2    no moon', '      1    no sun']);
    expect(status).toBe(0);
  });

  it('fails when somebody skips without a reason', () => {
    const { status, stdout } = run({ ITER8_SAMPLE_UNEXPLAINED: 'true' });
    expect(stdout).toMatch(/without a reason \(see test\/support\/needs\.ts\): .*skips\.sample\.ts > was forgotten\n/);
    expect(status).toBe(1);
  });
});
