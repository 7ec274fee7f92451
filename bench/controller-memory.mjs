// The controller with many finished and many running experiments: most memory, cores, and requests late by our own fault. Takes the
// cluster of KUBECONFIG, to be thrown away. The controller is a process on this machine, as it is one in its pod.
// Usage: KUBECONFIG=... node bench/controller-memory.mjs [--finished 1000] [--running 50] [--seconds 60] [--rounds 3] [--json FILE]
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createFinished, kubectl, prepare, program, throughProxy } from './support/cluster.mjs';
import { finish, printTable } from './support/report.mjs';

const { values } = parseArgs({
  options: {
    finished: { type: 'string', default: '1000' },
    running: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
});
const [finished, running, seconds, rounds] = [values.finished, values.running, values.seconds, values.rounds].map(
  Number,
);
const NAMESPACE = 'bench';
const SECOND_TICKS = 100; // of /proc/PID/stat

const server = createServer((request, response) => {
  request.resume();
  response.end(request.url.startsWith('/metric') ? `{"value": 0.001, "padding": "${'x'.repeat(20_000)}"}` : 'ok');
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}`;
const metric = {
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Metric',
  metadata: { name: 'share', namespace: NAMESPACE },
  spec: { type: 'Gauge', urlTemplate: `${url}/metric`, jqExpression: '.value', provider: 'bench' },
};
/** Sends load for so long, and asks a backend through jq each second. */
const experiment = (name, ratePerSec, time) => ({
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Experiment',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    target: name,
    strategy: {
      testingPattern: 'Conformance',
      actions: {
        start: [
          { task: 'metrics/collect', with: { qps: ratePerSec, time: `${time}s`, versions: [{ name: 'v1', url }] } },
        ],
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

/** Drives these to their ends. Returns what the controller used meanwhile, and how many requests left late. */
async function drive(controller, name, count, ratePerSec) {
  const usage = () => {
    const stat = readFileSync(`/proc/${controller.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / SECOND_TICKS;
  };
  const names = Array.from({ length: count }, (_, at) => `${name}-${at}`);
  const items = names.map((one) => experiment(one, ratePerSec, seconds));
  const before = { cpu: usage(), at: performance.now() };
  kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  // Those that wait for a place are not there to be measured: all of them run at once for most of this time.
  await setTimeout(seconds * 800);
  const cores = (usage() - before.cpu) / ((performance.now() - before.at) / 1000);
  const objects = names.map((one) => `experiments.iter8.tools/${one}`);
  kubectl(['wait', '-n', NAMESPACE, '--for=condition=Completed', `--timeout=${seconds * 5 + 120}s`, ...objects]);
  const shown = spawnSync(process.execPath, [program, 'get', ...names, '-n', NAMESPACE, '-o', 'json'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const seen = JSON.parse(shown.stdout).items.flatMap(({ observations }) => observations);
  if (seen.length !== count) throw new Error(`expected observations of ${count} experiments, got ${seen.length}`);
  const requests = seen.reduce((sum, one) => sum + one.requests, 0);
  const late = seen.reduce((sum, one) => sum + one.late, 0);
  return { cores, requests, late: (100 * late) / requests };
}

/** MB: now, and the most so far. */
function memory({ pid }) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (field) => Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(text)[1]) / 1024);
  return { now: of('VmRSS'), most: of('VmHWM') };
}

prepare(NAMESPACE);
kubectl(['apply', '-f', '-'], JSON.stringify(metric));
const names = Array.from({ length: finished }, (_, at) => `finished-${at}`);
await throughProxy((proxy) => createFinished(proxy, NAMESPACE, names));
const args = [
  'controller',
  '-n',
  NAMESPACE,
  '--no-leader-election',
  '--log-level',
  'error',
  '--concurrency',
  `${running}`,
];
const controller = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
try {
  const rows = [];
  const ten = await drive(controller, 'ten', 10, 50);
  const addRow = (what, { cores, requests, late }) => {
    const { now, most } = memory(controller);
    console.log(`${what}: ${cores.toFixed(2)} cores, ${requests} requests, ${late.toFixed(2)} % late, ${now} MB`);
    rows.push([what, cores.toFixed(2), `${requests}`, `${late.toFixed(2)} %`, `${now}`, `${most}`]);
  };
  addRow('10 at 50/s', ten);
  for (let round = 1; round <= rounds; round++)
    addRow(`${running} at 5/s, round ${round}`, await drive(controller, `many-${round}`, running, 5));
  printTable(['experiments', 'cores', 'requests', 'late by > 5 ms', 'MB after', 'most MB'], rows);
  const { most } = memory(controller);
  finish(
    [
      {
        what: 'ten experiments at 50/s in a controller: late by more than 5 ms',
        value: ten.late,
        unit: '%',
        goal: '<= 1',
        reached: ten.late <= 1,
      },
      { what: 'the same: CPU', value: ten.cores, unit: 'cores', goal: '<= 1', reached: ten.cores <= 1 },
      {
        what: `controller with ${finished} finished and ${running} running experiments: most memory`,
        value: most,
        unit: 'MB',
        goal: '< 256',
        reached: most < 256,
      },
    ],
    values.json,
  );
} finally {
  controller.kill('SIGTERM');
  server.close();
}
process.exit(0);
