// Many experiments: time to the first screen, to the whole list, and peak memory, of `watch -A`, `get -A` and `get -A -w`, and of the
// controller, against a server that gives them page by page, as an API server does.
// Usage: node bench/watch-many.mjs [--count 10000] [--kilobytes 50] [--seconds 20] [--only watch] [--json FILE]   (after npm run build)
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { finish } from './support/report.mjs';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    kilobytes: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '20' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
});
const count = Number(values.count);
const bytes = Number(values.kilobytes) * 1000;
const root = new URL('..', import.meta.url).pathname;
const template = JSON.parse(readFileSync(path.join(root, 'bench/experiment.json'), 'utf8'));

/** The k-th experiment as JSON, filled up in the free-form part to the wanted size; still running. */
function experiment(k, version) {
  const object = structuredClone(template);
  object.metadata = {
    name: `experiment-${k}`,
    namespace: 'default',
    uid: `uid-${k}`,
    resourceVersion: String(version),
  };
  object.status.stage = 'Running';
  for (const condition of object.status.conditions) condition.status = 'False';
  const { data } = object.status.analysis.aggregatedBuiltinHists;
  const missing = bytes - JSON.stringify(object).length;
  if (missing > 0) data.filler = Array.from({ length: Math.floor(missing / 8) }, (_, i) => 1_000_000 + i);
  return JSON.stringify(object);
}
const filled = experiment(0, 1);
const metadataOf = (k) =>
  JSON.stringify({ name: `experiment-${k}`, namespace: 'default', uid: `uid-${k}`, resourceVersion: '1' });
const { metadata: _, ...rest } = JSON.parse(filled);
const afterMetadata = `,${JSON.stringify(rest).slice(1)}`;

let started = 0;
let listedMs;
const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://x');
  if (!url.pathname.endsWith('/experiments')) {
    // No leases: nobody drives them.
    response.writeHead(404, { 'Content-Type': 'application/json' });
    response.end(
      '{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"not found"}',
    );
    return;
  }
  if (url.searchParams.get('watch') === 'true') {
    listedMs ??= performance.now() - started;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    let version = count + 1;
    const timer = setInterval(() => {
      version += 1;
      response.write(`{"type":"MODIFIED","object":${experiment(version % count, version)}}\n`);
    }, 20);
    request.on('close', () => clearInterval(timer));
    return;
  }
  const from = Number(url.searchParams.get('continue') ?? 0);
  const to = Math.min(count, from + Number(url.searchParams.get('limit')));
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.write(`{"metadata":{"resourceVersion":"${count}"${to < count ? `,"continue":"${to}"` : ''}},"items":[`);
  for (let k = from; k < to; k++)
    response.write(`${k === from ? '' : ','}{"metadata":${metadataOf(k)}${afterMetadata}`);
  response.end(']}');
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-bench-'));
const kubeconfig = path.join(folder, 'kubeconfig');
const clusterUrl = `http://127.0.0.1:${server.address().port}`;
writeFileSync(
  kubeconfig,
  JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: clusterUrl } }],
    contexts: [{ name: 'x', context: { cluster: 'c' } }],
    'current-context': 'x',
  }),
);

const results = [];
const program = path.join(root, 'bin/iter8ctl.js');

/** Runs it on a terminal of its own (script of util-linux), with the time and the memory that it takes. */
async function measure(name, args, seconds) {
  if (!name.includes(values.only)) return;
  listedMs = undefined;
  started = performance.now();
  const memoryFile = path.join(folder, 'memory');
  const line = [
    'timeout',
    '-s',
    'INT',
    seconds ?? '120',
    '/usr/bin/time',
    '-o',
    memoryFile,
    '-f',
    '%M',
    process.execPath,
    program,
    ...args,
  ];
  const child = spawn(
    'script',
    ['-qfec', `stty rows 40 cols 120; ${line.map((word) => `'${word}'`).join(' ')}`, '/dev/null'],
    {
      env: { ...process.env, KUBECONFIG: kubeconfig, TERM: 'xterm', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let firstMs;
  let tail = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    tail = (tail + text).slice(-2000);
    if (/experiment-\d/.test(tail)) firstMs ??= performance.now() - started;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  const peak = Number(readFileSync(memoryFile, 'utf8').trim().split('\n').at(-1)) / 1024;
  const what = `${name} of ${count} experiments of ${Math.round(filled.length / 1000)} kB`;
  if (firstMs === undefined) {
    // 124 and 130: its time was over.
    if (code !== 124 && code !== 130) throw new Error(`${name} showed no experiment (exit ${code}): ${tail}`);
    const value = (performance.now() - started) / 1000;
    results.push({
      what: `${what}, first screen`,
      value,
      unit: 's',
      goal: '<= 2',
      reached: false,
      note: 'ended without',
    });
    return;
  }
  const note = listedMs === undefined ? '' : `whole list after ${(listedMs / 1000).toFixed(1)} s`;
  results.push(
    { what: `${what}, peak memory`, value: peak, unit: 'MB', goal: '< 200', reached: peak < 200 },
    { what: `${what}, first screen`, value: firstMs / 1000, unit: 's', goal: '<= 2', reached: firstMs <= 2000, note },
  );
}

await measure('watch -A', ['watch', '-A', '--timeout', `${values.seconds}s`]);
await measure('get -A', ['get', '-A']);
// It lists all of them before it shows the first.
await measure('get -A -w', ['get', '-A', '-w'], String(Math.max(60, Number(values.seconds))));
finish(results, values.json);
server.closeAllConnections();
server.close();
rmSync(folder, { recursive: true });
