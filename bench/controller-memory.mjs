// Memory of the controller as it drives experiment after experiment, on the cluster of KUBECONFIG (to be thrown away: its Iter8
// CRDs and the namespace "bench" are replaced). Each sends a little load and asks a backend through jq.
// Usage: KUBECONFIG=... node bench/controller-memory.mjs [--experiments 100] [--at-once 10]
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { printTable } from './support/report.mjs';

const { values } = parseArgs({
  options: { experiments: { type: 'string', default: '100' }, 'at-once': { type: 'string', default: '10' } },
});
const total = Number(values.experiments);
const atOnce = Number(values['at-once']);
const program = path.join(import.meta.dirname, '../bin/iter8ctl.js');

function kubectl(args, input) {
  const { status, stdout, stderr } = spawnSync('kubectl', args, { input, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

const server = createServer((request, response) => {
  request.resume();
  response.end(request.url.startsWith('/metric') ? '{"value": 0.001, "padding": "' + 'x'.repeat(20_000) + '"}' : 'ok');
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}`;

const metric = {
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Metric',
  metadata: { name: 'share', namespace: 'bench' },
  spec: { type: 'Gauge', urlTemplate: `${url}/metric`, jqExpression: '.value', provider: 'bench' },
};
const experiment = (name) => ({
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Experiment',
  metadata: { name, namespace: 'bench' },
  spec: {
    target: name,
    strategy: {
      testingPattern: 'Conformance',
      actions: {
        start: [{ task: 'metrics/collect', with: { qps: 50, time: '1s', versions: [{ name: 'v1', url }] } }],
      },
    },
    criteria: {
      indicators: ['share'],
      objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.5' }],
      strength: { extend: false },
    },
    duration: { intervalSeconds: 1, iterationsPerLoop: 3 },
    versionInfo: { baseline: { name: 'v1' } },
  },
});

spawnSync('kubectl', ['create', 'namespace', 'bench']);
const installed = spawnSync(process.execPath, [program, 'install'], { encoding: 'utf8' });
if (installed.status !== 0) throw new Error(installed.stderr);
kubectl(['delete', 'experiments.iter8.tools', '--all', '-n', 'bench']);
kubectl(['apply', '-f', '-'], JSON.stringify(metric));
const args = [
  'controller',
  '-n',
  'bench',
  '--no-leader-election',
  '--log-level',
  'error',
  '--concurrency',
  String(atOnce),
];
const controller = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
const megabytes = () =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${controller.pid}/status`, 'utf8'))[1]) / 1024);

try {
  const rows = [];
  for (let done = 0; done < total; done += atOnce) {
    const items = Array.from({ length: atOnce }, (_, at) => experiment(`e${done + at}`));
    kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    const names = items.map(({ metadata }) => `experiments.iter8.tools/${metadata.name}`);
    kubectl(['wait', '-n', 'bench', '--for=condition=Completed', '--timeout=180s', ...names]);
    rows.push([String(done + atOnce), `${megabytes()} MB`]);
  }
  printTable(['experiments driven', 'resident memory'], rows);
} finally {
  controller.kill('SIGTERM');
  server.close();
}
