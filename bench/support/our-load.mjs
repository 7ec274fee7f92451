// Our load generator as a program uses it: built, with its worker threads.
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = path.join(import.meta.dirname, '../..');

/** Builds the program, and the generator as a module of its own. Returns the module's file. */
export async function buildLoad() {
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root });
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'iter8ctl-bench-')), 'load.mjs');
  await build({
    stdin: {
      contents: `
        export { createLoadGenerator } from './src/adapters/load/load-generator.ts';
        export { addTally, EMPTY_TALLY } from './src/evidence/request-tally.ts';
        export { percentile } from './src/evidence/one-sample/percentile-bounds.ts';`,
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile: file,
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  });
  return file;
}

/** What `buildLoad` has built: runs one load to its end, and hands each report to `watch`. */
export async function openLoad(file) {
  const { createLoadGenerator, addTally, EMPTY_TALLY, percentile } = await import(pathToFileURL(file));
  const generator = createLoadGenerator({ workerFile: pathToFileURL(path.join(root, 'dist/load-worker.js')) });
  const load = async (url, change, watch) => {
    const run = await generator.start({
      targets: [{ version: 'v', endpoints: [{ url, method: 'GET', headers: {} }], limits: [] }],
      ratePerSec: 0,
      plannedRequests: Number.POSITIVE_INFINITY,
      timeoutMs: 10_000,
      lateAfterMs: 5,
      seed: 1,
      ...change,
    });
    let total = EMPTY_TALLY;
    let elapsedMs = 0;
    for await (const report of run.reports) {
      for (const { tally } of report.slices) total = addTally(total, tally);
      watch?.(report, run);
      if (report.state === 'running') elapsedMs = report.elapsedMs;
      if (report.state === 'drained') run.finish();
    }
    return { total, elapsedMs };
  };
  return { load, addTally, EMPTY_TALLY, percentile };
}

/** The cores that this process was busy with meanwhile, and the most memory it had. */
export async function measured(work) {
  const cpu = process.cpuUsage();
  const started = performance.now();
  let megabytes = 0;
  const sampling = setInterval(() => (megabytes = Math.max(megabytes, process.memoryUsage().rss / 1e6)), 100);
  const result = await work();
  clearInterval(sampling);
  const { user, system } = process.cpuUsage(cpu);
  const cpuUs = user + system;
  return { result, cpuUs, cores: cpuUs / 1000 / (performance.now() - started), megabytes };
}

/** Of the sum of a tally: how late requests left on average, ms. */
export const meanLateness = ({ response, service }) => response.sumMs / response.n - service.sumMs / service.n;
