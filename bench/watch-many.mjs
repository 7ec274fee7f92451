// A watch of many experiments: peak memory and requests of `watch --all` against a server that gives them page by page, as
// an API server does. Usage: node bench/watch-many.mjs [--count 10000] [--kilobytes 50] [--file FILE]
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { printTable } from './support/report.mjs';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    kilobytes: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '20' },
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
let requests = 0;
let watches = 0;
const server = createServer((request, response) => {
  requests += 1;
  const url = new URL(request.url, 'http://x');
  if (url.searchParams.get('watch') === 'true') {
    watches += 1;
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
started = performance.now();
const program = spawn(
  '/usr/bin/time',
  ['-f', '%M', process.execPath, path.join(root, 'bin/iter8ctl.js'), 'watch', '-A', '--timeout', `${values.seconds}s`],
  { env: { ...process.env, KUBECONFIG: kubeconfig }, stdio: ['ignore', 'ignore', 'pipe'] },
);
let err = '';
program.stderr.setEncoding('utf8').on('data', (text) => {
  err = (err + text).slice(-10_000);
});
await new Promise((resolve) => program.once('close', resolve));
const peak = Number(err.trim().split('\n').at(-1)) / 1024;
printTable(
  ['experiments', 'kB each', 'listed after s', 'requests', 'of these watches', 'peak MB'],
  [
    [
      count,
      Math.round(filled.length / 1000),
      ((listedMs ?? Number.NaN) / 1000).toFixed(1),
      requests,
      watches,
      peak.toFixed(0),
    ],
  ],
);
server.closeAllConnections();
server.close();
rmSync(folder, { recursive: true });
