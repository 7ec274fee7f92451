// All measurements that need no cluster, beside the peers of each, in one run: one table of what was measured and what was reached.
// Usage: npm run bench [-- --json FILE] [--only NAME,NAME] [--soak MINUTES]. Ends with 1 when a measurement itself fails.
// No measurement takes longer than a quarter of an hour: then it is ended, and said to be missing.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { printResults } from './support/report.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    soak: { type: 'string', default: '2' },
  },
});
const root = path.join(import.meta.dirname, '..');
const MEASUREMENTS = {
  'cold-start': [],
  throughput: [],
  load: [],
  'watch-many': [],
  soak: ['--minutes', values.soak],
};
const names = values.only?.split(',') ?? Object.keys(MEASUREMENTS);
for (const name of names)
  if (!Object.hasOwn(MEASUREMENTS, name))
    throw new Error(`--only ${name}: expected of ${Object.keys(MEASUREMENTS).join(', ')}`);

/** On a busy machine a measurement takes several times as long as on an idle one, but not for ever. */
const MOST_MINUTES = 15;

/** Runs a measurement to its end, or ends it with all that it started. Resolves to what went wrong, if anything did. */
function measure(args, minutes) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', detached: true });
    const end = (signal) => process.kill(-child.pid, signal);
    const interrupted = () => end('SIGINT');
    process.once('SIGINT', interrupted);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      end('SIGKILL');
    }, minutes * 60_000);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      process.off('SIGINT', interrupted);
      resolve(late ? `not over within ${minutes} minutes` : signal === null ? `exit ${code}` : `ended by ${signal}`);
    });
  });
}

const commit = spawnSync('git', ['describe', '--always', '--dirty'], { cwd: root, encoding: 'utf8' }).stdout.trim();
const machine = {
  commit,
  node: process.version,
  cores: cpus().length,
  processor: cpus()[0]?.model ?? 'unknown',
  memoryGB: Math.round(totalmem() / 1e9),
  // What others do on the machine makes every figure worse.
  loadBefore: Number(loadavg()[0].toFixed(1)),
  time: new Date().toISOString(),
};
const scratch = mkdtempSync(path.join(tmpdir(), 'iter8ctl-bench-'));
spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' });
const results = [];
const failed = [];
for (const name of names) {
  console.log(`\n== ${name}`);
  const file = path.join(scratch, `${name}.json`);
  const args = [path.join(root, 'bench', `${name}.mjs`), '--json', file, ...MEASUREMENTS[name]];
  const ending = await measure(args, MOST_MINUTES + (name === 'soak' ? Number(values.soak) : 0));
  try {
    results.push(...JSON.parse(readFileSync(file, 'utf8')).map((result) => ({ measurement: name, ...result })));
  } catch {
    failed.push(`${name} (${ending})`);
  }
}
rmSync(scratch, { recursive: true });
console.log(
  `\n== all, at ${machine.commit}, Node ${machine.node}, ${machine.cores} cores of ${machine.processor}, load ${machine.loadBefore} before`,
);
printResults(results);
const missed = results.filter(({ reached }) => reached === false);
console.log(
  `\n${results.length - missed.length} of ${results.length} reached${failed.length > 0 ? `; not measured: ${failed.join(', ')}` : ''}`,
);
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ machine, results, failed }, undefined, 2)}\n`);
process.exit(failed.length > 0 ? 1 : 0);
