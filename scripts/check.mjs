// What `npm run check` and CI run: types, lint, format, build, an audit of the lock, tests, simulations, tests on a
// real cluster. Every step runs, whatever the one before said.
// At the end it says which files were slow, and what was skipped and why; the last line counts: `N passed, N failed` (and
// skipped, if any). A failed step counts as a failed one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { audit } from './audit.mjs';
import { closingLine } from './count-report.mjs';
import { runVitest } from './run-vitest.mjs';
import { summaryOf } from './summary-reporter.mjs';
import { runClusterTests } from './test-cluster.mjs';

const root = path.join(import.meta.dirname, '..');
const bin = (name) => path.join(root, 'node_modules/.bin', name);
const scratch = mkdtempSync(path.join(tmpdir(), 'iter8ctl-check-'));
const report = path.join(scratch, 'vitest.json');
const summary = path.join(scratch, 'summary.ndjson');

const steps = [
  { name: 'types', command: bin('tsc'), args: ['--noEmit'] },
  {
    name: 'lint',
    command: bin('oxlint'),
    args: ['--type-aware', '--deny-warnings', 'src', 'test', 'bin', 'scripts', 'samples', 'bench', 'deploy'],
  },
  { name: 'format', command: bin('biome'), args: ['format', '.'] },
  { name: 'build', command: process.execPath, args: ['scripts/build.mjs'] },
];

let failedSteps = 0;
let skippedSteps = 0;
for (const { name, command, args } of steps) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) console.error(`${name}: ${error.message}`);
  const ok = status === 0;
  if (!ok) failedSteps += 1;
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`);
}

const audited = await audit();
if (audited.kind === 'vulnerable') {
  for (const line of audited.found) console.error(line);
  failedSteps += 1;
}
if (audited.kind === 'unknown') skippedSteps += 1;
console.log(
  { clean: 'ok     audit', vulnerable: 'FAILED audit', unknown: `skipped audit: ${audited.why}` }[audited.kind],
);

// Properties look at all of their cases here; `npm test` at a part of them (test/support/search-depth.ts).
const env = { ITER8_TEST_DEPTH: 'full' };
const counts = runVitest({ args: process.argv.slice(2), report, summary, env });
const simulations = runVitest({ args: ['--config', 'vitest.simulations.config.ts'], report, summary, env });
const cluster = runClusterTests({ summary });
const suites = [counts, simulations, cluster];
const sumOf = (outcome) => suites.reduce((sum, suite) => sum + suite[outcome], 0);
const total = {
  passed: sumOf('passed'),
  failed: sumOf('failed') + failedSteps,
  skipped: sumOf('skipped') + skippedSteps,
};
for (const line of summaryOf(summary)) console.log(line);
rmSync(scratch, { recursive: true, force: true });
console.log(closingLine(total));
process.exitCode = total.failed > 0 ? 1 : 0;
