// `npm run evidence`: every cell of test/support/cells, many runs each: how often something wrong was claimed, against what we
// promise. Seeded; some minutes on all cores. Usage: node scripts/evidence.mjs [--runs 2000] [--only TEXT] [--jobs N]
// With --gates instead: how often other gates and this one are wrong on the same requests, the tables of docs/why.md.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    only: { type: 'string' },
    jobs: { type: 'string' },
    gates: { type: 'boolean', default: false },
  },
});
const wholeNumber = (name, text, otherwise) => {
  const number = text === undefined ? otherwise : Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`--${name}: expected a whole number, 1 or more, got ${text}`);
  return number;
};
const runs = wholeNumber('runs', values.runs, 2000);
const jobs = wholeNumber('jobs', values.jobs, availableParallelism());

/** One thread: the cells that it is given, one after the other. */
const WORKER = `
  import { parentPort } from 'node:worker_threads';
  import { CELLS, runCell, seeded } from './cells.mjs';
  parentPort.on('message', ({ index, runs }) => {
    const started = performance.now();
    const result = runCell(CELLS[index], runs, (run) => seeded(run + 1));
    parentPort.postMessage({ ...result, seconds: (performance.now() - started) / 1000 });
  });`;

const scratch = mkdtempSync(path.join(tmpdir(), 'iter8ctl-evidence-'));
const outfile = path.join(scratch, 'cells.mjs');
const root = path.join(import.meta.dirname, '..');
try {
  await build({
    stdin: {
      contents: `
        export * from './test/support/cells/all-cells.ts';
        export * from './test/support/cells/cell.ts';
        export * from './test/support/gates/rate-gates.ts';
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
  if (values.gates) await playGates();
  else await playCells();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function playGates() {
  const { TOTALS, gatesTable, seeded } = await import(pathToFileURL(outfile));
  for (const total of TOTALS) console.log(`${gatesTable(total, runs, (run) => seeded(run + 1))}\n`);
}

async function playCells() {
  const entry = path.join(scratch, 'worker.mjs');
  writeFileSync(entry, WORKER);
  const { CELLS, percent } = await import(pathToFileURL(outfile));
  const chosen = [...CELLS.keys()].filter(
    (index) => values.only === undefined || CELLS[index].name.includes(values.only),
  );
  let next = 0;
  let failed = 0;
  const work = (worker) =>
    new Promise((resolve, reject) => {
      const give = () => {
        if (next < chosen.length) worker.postMessage({ index: chosen[next++], runs });
        else resolve(worker.terminate());
      };
      worker.on('error', reject);
      worker.on('message', ({ name, ok, happened, claimed, interval, seconds }) => {
        if (!ok) failed += 1;
        const [low, high] = interval.map(percent);
        console.log(
          `${ok ? 'ok    ' : 'FAILED'} ${name}: claimed ${claimed}, measured ${percent(happened / runs)} (${low} to ${high}, ${runs} runs, ${seconds.toFixed(1)} s)`,
        );
        give();
      });
      give();
    });
  await Promise.all(Array.from({ length: Math.min(jobs, chosen.length) }, () => work(new Worker(entry))));
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || chosen.length === 0 ? 1 : 0;
}
