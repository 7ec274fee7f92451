/**
 * Kills `run --local` at random moments, resumes it, and looks at what is left (test/support/kill-drill.ts). Seeded: run K of seed S is
 * run 0 of seed S + K.
 *
 *   npm run kills -- [--runs N] [--seed N] [--jobs N]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values } = parseArgs({
  options: { runs: { type: 'string' }, seed: { type: 'string' }, jobs: { type: 'string' } },
});
const wholeNumber = (name, otherwise) => {
  const number = Number(values[name] ?? otherwise);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`--${name}: expected a whole number, 1 or more, got ${values[name]}`);
  return number;
};
const runs = wholeNumber('runs', 50);
const seed = wholeNumber('seed', 1 + Math.floor(Math.random() * 2 ** 30));
// They wait most of the time.
const jobs = wholeNumber('jobs', 2 * availableParallelism());

const root = path.join(import.meta.dirname, '..');
const scratch = mkdtempSync(path.join(tmpdir(), 'iter8ctl-kills-bundle-'));
try {
  execFileSync(process.execPath, [path.join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
  const outfile = path.join(scratch, 'kill-drill.mjs');
  await build({
    entryPoints: [path.join(root, 'test/support/kill-drill.ts')],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    outfile,
    define: { 'import.meta.dirname': JSON.stringify(path.join(root, 'test/support')) },
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
    logLevel: 'warning',
  });
  const { killDrills } = await import(pathToFileURL(outfile).href);
  console.log(`seed ${seed}: ${runs} runs, ${jobs} at a time`);
  let failed = 0;
  await killDrills({
    runs,
    seed,
    lostSeconds: 1,
    jobs,
    onResult: ({ seed: own, killed, faults, seconds }) => {
      if (faults.length > 0) failed += 1;
      const where = killed.length === 0 ? 'not killed' : `killed in ${killed.join(', ')}`;
      console.log(`${faults.length === 0 ? 'ok    ' : 'FAULT '} seed ${own}: ${where} (${seconds.toFixed(1)} s)`);
      for (const fault of faults) console.log(`       ${fault}`);
    },
  });
  console.log(`${runs - failed} passed, ${failed} failed (seed ${seed})`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
