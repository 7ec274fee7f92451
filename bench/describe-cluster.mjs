// `describe NAME` against `kubectl get -o yaml` of the same object of a cluster, as whole processes, alternating: median and least wall
// clock, CPU time, peak memory. Takes the cluster of KUBECONFIG, to be thrown away.
// Usage: node bench/describe-cluster.mjs [--runs 21] [--node PATH]... [--json FILE]   (after npm run build)
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { createFinished, prepare, program, throughProxy } from './support/cluster.mjs';
import { finish, median, printTable } from './support/report.mjs';
import { usualEnv } from './support/usual-env.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '21' },
    node: { type: 'string', multiple: true, default: [process.execPath] },
    json: { type: 'string' },
  },
});
const NAMESPACE = 'bench-describe';
const NAME = 'finished';
prepare(NAMESPACE);
await throughProxy((proxy) => createFinished(proxy, NAMESPACE, [NAME]));
const nodes = values.node.map((command) => ({
  command,
  version: spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout.trim(),
}));
const candidates = [
  { name: 'kubectl', command: 'kubectl', args: ['get', 'experiment', NAME, '-n', NAMESPACE, '-o', 'yaml'] },
  ...nodes.flatMap(({ command, version }) => [
    { name: `describe, Node ${version}`, command, args: [program, 'describe', NAME, '-n', NAMESPACE] },
    { name: `node -e 0, Node ${version}`, command, args: ['-e', '0'] },
  ]),
];
const results = candidates.map(() => ({ ms: [], cpu: [], kb: [] }));
for (let run = -2; run < Number(values.runs); run++) {
  for (const [index, { command, args }] of candidates.entries()) {
    const started = performance.now();
    const options = { encoding: 'utf8', env: usualEnv };
    const done = spawnSync('/usr/bin/time', ['-f', '%M %U %S', command, ...args], options);
    const ms = performance.now() - started;
    if (done.status !== 0) throw new Error(`${command} ${args.join(' ')} exited ${done.status}: ${done.stderr}`);
    if (run < 0) continue; // warms the file cache, kubectl's, and the compiled code that is kept
    const [kb, user, system] = done.stderr.trim().split('\n').at(-1).split(' ').map(Number);
    results[index].ms.push(ms);
    results[index].cpu.push((user + system) * 1000);
    results[index].kb.push(kb);
  }
}
const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
const base = results[0];
printTable(
  ['program', 'median ms', "times kubectl's", 'least ms', 'times', 'CPU ms', 'times', 'peak MB'],
  candidates.map(({ name }, index) => {
    const { ms, cpu, kb } = results[index];
    return [
      name,
      median(ms).toFixed(0),
      (median(ms) / median(base.ms)).toFixed(2),
      Math.min(...ms).toFixed(0),
      (Math.min(...ms) / Math.min(...base.ms)).toFixed(2),
      mean(cpu).toFixed(0),
      (mean(cpu) / mean(base.cpu)).toFixed(2),
      (median(kb) / 1024).toFixed(0),
    ];
  }),
);
finish(
  nodes.map(({ version }) => {
    const { ms, cpu } = results[candidates.findIndex(({ name }) => name === `describe, Node ${version}`)];
    const goal = Number(version.slice(1).split('.')[0]) >= 24 ? 1 : 1.2;
    const value = median(ms) / median(base.ms);
    return {
      what: `describe NAME of a cluster, Node ${version}`,
      value,
      unit: 'times kubectl get -o yaml',
      goal: `<= ${goal}`,
      reached: value <= goal,
      note: `least ${(Math.min(...ms) / Math.min(...base.ms)).toFixed(2)} times, CPU ${(mean(cpu) / mean(base.cpu)).toFixed(2)} times`,
    };
  }),
  values.json,
);
