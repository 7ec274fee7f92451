// The load generator: requests a second beside autocannon on the same server; rate, lateness and CPU at 1,000/s; ten and thirty
// loads of 50/s in one process; and the truth about a server that stalls. Usage: node bench/load.mjs [--seconds 5] [--rounds 3]
// The server is a process of its own; autocannon is installed into a temporary folder from the npm registry.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { median, printTable } from './support/report.mjs';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, rounds: { type: 'string', default: '3' } },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
const CONNECTIONS = 16;
const root = path.join(import.meta.dirname, '..');
const scratch = mkdtempSync(path.join(tmpdir(), 'iter8ctl-bench-'));

execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root });
await build({
  stdin: {
    contents: `
      export { createLoadGenerator } from '../src/adapters/load/load-generator.ts';
      export { addTally, EMPTY_TALLY } from '../src/evidence/request-tally.ts';
      export { percentile } from '../src/evidence/one-sample/percentile.ts';`,
    resolveDir: import.meta.dirname,
    loader: 'ts',
  },
  bundle: true,
  format: 'esm',
  platform: 'node',
  outfile: path.join(scratch, 'load.mjs'),
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
});
const { createLoadGenerator, addTally, EMPTY_TALLY, percentile } = await import(
  pathToFileURL(path.join(scratch, 'load.mjs'))
);
execFileSync('npm', ['install', '--silent', '--no-save', '--prefix', scratch, 'autocannon@9.0.0'], {
  stdio: 'inherit',
});
const autocannon = createRequire(path.join(scratch, 'x.js'))('autocannon');

/** Answers at once; with `stall`, everything that arrives in the first second of every five waits for its end. */
const SERVER = `
  const { createServer } = require('node:http');
  const stall = process.argv[1] === 'stall';
  const started = performance.now();
  const server = createServer((request, response) => {
    const at = (performance.now() - started) % 5000;
    if (stall && at < 1000) setTimeout(() => response.end('ok'), 1000 - at);
    else response.end('ok');
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;

async function withServer(mode, use) {
  const child = spawn(process.execPath, ['-e', SERVER, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise((resolve) => child.stdout.once('data', (data) => resolve(Number(data))));
  try {
    return await use(`http://127.0.0.1:${port}/`);
  } finally {
    child.kill();
  }
}

/** One process of nginx, where it is installed: faster than its clients, so that they are what is measured. */
async function withFastServer(use) {
  if (spawnSync('nginx', ['-v']).error !== undefined) return withServer('fast', (url) => use(url, 'node:http'));
  const { port } = await new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(address));
    });
  });
  const folder = path.join(scratch, 'nginx');
  mkdirSync(folder);
  const config = path.join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `worker_processes 1; daemon off; pid pid; error_log error.log;
     events { worker_connections 256; }
     http { access_log off; keepalive_requests 1000000000;
       server { listen 127.0.0.1:${port}; location / { return 200 "ok"; } } }`,
  );
  const child = spawn('nginx', ['-p', folder, '-c', config], { stdio: 'inherit' });
  const url = `http://127.0.0.1:${port}/`;
  try {
    while (
      !(await fetch(url)
        .then((response) => response.ok)
        .catch(() => false))
    )
      await setTimeout(20);
    return await use(url, 'nginx');
  } finally {
    child.kill();
  }
}

const workerFile = pathToFileURL(path.join(root, 'dist/load-worker.js'));
const generator = createLoadGenerator({ workerFile });
async function load(url, change) {
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
    if (report.state === 'running') elapsedMs = report.elapsedMs;
    if (report.state === 'drained') run.finish();
  }
  return { total, elapsedMs };
}

/** The cores that this process was busy with meanwhile, and the most memory it had. */
async function measured(work) {
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

const meanLateness = ({ response, service }) => response.sumMs / response.n - service.sumMs / service.n;

const rates = { 'iter8ctl, one worker': [], autocannon: [] };
const cpu = { 'iter8ctl, one worker': [], autocannon: [] };
const serverName = await withFastServer(async (url, name) => {
  for (let round = 0; round < rounds; round++) {
    const ours = await measured(() => load(url, { plannedSeconds: seconds, connections: CONNECTIONS, workers: 1 }));
    rates['iter8ctl, one worker'].push(ours.result.total.response.n / seconds);
    cpu['iter8ctl, one worker'].push(ours.cpuUs / ours.result.total.response.n);
    const theirs = await measured(() => autocannon({ url, connections: CONNECTIONS, duration: seconds }));
    rates.autocannon.push(theirs.result.requests.total / theirs.result.duration);
    cpu.autocannon.push(theirs.cpuUs / theirs.result.requests.total);
  }
  return name;
});
console.log(
  `closed loop against ${serverName}, ${CONNECTIONS} connections, ${rounds} alternating rounds of ${seconds} s`,
);
printTable(
  ['client', 'requests/s', 'of autocannon', 'CPU us a request', 'of autocannon'],
  Object.entries(rates).map(([name, all]) => [
    name,
    median(all).toFixed(0),
    (median(all) / median(rates.autocannon)).toFixed(2),
    median(cpu[name]).toFixed(1),
    (median(cpu[name]) / median(cpu.autocannon)).toFixed(2),
  ]),
);

console.log('\n1,000 requests a second');
await withServer('fast', async (url) => {
  const planned = 1000 * seconds;
  const { result, cores } = await measured(() => load(url, { ratePerSec: 1000, plannedRequests: planned, workers: 1 }));
  const { total, elapsedMs } = result;
  const lateness = (q) => percentile(total.response.histogram, q) - percentile(total.service.histogram, q);
  printTable(
    ['what', 'value'],
    [
      ['requests sent', `${total.response.n} of ${planned}`],
      ['rate kept', `${(total.response.n / (Math.max(elapsedMs, planned) / 1000)).toFixed(1)}/s`],
      ['start lateness, median of response less median of service', `${lateness(50).toFixed(3)} ms`],
      ['start lateness, p99 of response less p99 of service', `${lateness(99).toFixed(3)} ms`],
      ['start lateness, mean', `${meanLateness(total).toFixed(3)} ms`],
      ['late by more than 5 ms', `${total.late.bad}`],
      ['cores of the whole process', cores.toFixed(2)],
    ],
  );
});

console.log('\nloads of 50 requests a second each, in one process');
await withServer('fast', async (url) => {
  const rows = [];
  for (const loads of [1, 10, 30]) {
    const one = () => load(url, { ratePerSec: 50, plannedRequests: 50 * seconds });
    const { result, cores, megabytes } = await measured(() => Promise.all(Array.from({ length: loads }, one)));
    const total = result.reduce((sum, run) => addTally(sum, run.total), EMPTY_TALLY);
    rows.push([
      `${loads}`,
      cores.toFixed(2),
      megabytes.toFixed(0),
      `${meanLateness(total).toFixed(3)} ms`,
      `${((100 * total.late.bad) / total.response.n).toFixed(2)} %`,
    ]);
  }
  printTable(['loads', 'cores', 'MB', 'late, mean', 'late by more than 5 ms'], rows);
});

console.log(
  '\na server that stalls 1 s in every 5 s, 200 requests a second for 20 s: true mean 100 ms, true p95 750 ms',
);
await withServer('stall', async (url) => {
  const { total } = await load(url, { ratePerSec: 200, plannedRequests: 4000, workers: 1 });
  printTable(
    ['client', 'mean ms', 'p95 ms'],
    [
      [
        'iter8ctl',
        (total.response.sumMs / total.response.n).toFixed(1),
        percentile(total.response.histogram, 95).toFixed(0),
      ],
    ],
  );
});
rmSync(scratch, { recursive: true });
process.exit(0);
