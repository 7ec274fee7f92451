// `npm run evidence`: every cell of test/support/cells, many runs each: how often something wrong was claimed, against what we
// promise. Seeded, minutes. Usage: node scripts/evidence.mjs [--runs 2000] [--only TEXT]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values } = parseArgs({ options: { runs: { type: 'string' }, only: { type: 'string' } } });
const runs = Number(values.runs ?? 2000);
if (!Number.isSafeInteger(runs) || runs < 1)
  throw new Error(`--runs: expected a whole number, 1 or more, got ${values.runs}`);

const scratch = mkdtempSync(path.join(tmpdir(), 'iter8ctl-evidence-'));
const outfile = path.join(scratch, 'cells.mjs');
const root = path.join(import.meta.dirname, '..');
try {
  await build({
    stdin: {
      contents: `
        export * from './test/support/cells/all-cells.ts';
        export * from './test/support/cells/cell.ts';
        export * from './test/support/seeded.ts';`,
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile,
    logLevel: 'error',
  });
  const { CELLS, percent, runCell, seeded } = await import(pathToFileURL(outfile));
  const chosen = CELLS.filter(({ name }) => values.only === undefined || name.includes(values.only));
  let failed = 0;
  for (const cell of chosen) {
    const started = performance.now();
    const { ok, happened, claimed, interval } = runCell(cell, runs, (run) => seeded(run + 1));
    if (!ok) failed += 1;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const [low, high] = interval.map(percent);
    console.log(
      `${ok ? 'ok    ' : 'FAILED'} ${cell.name}: claimed ${claimed}, measured ${percent(happened / runs)} (${low} to ${high}, ${runs} runs, ${seconds} s)`,
    );
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || chosen.length === 0 ? 1 : 0;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
