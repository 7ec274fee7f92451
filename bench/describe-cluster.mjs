// `describe NAME` against `kubectl get -o yaml` of the same object of a cluster, as whole processes, alternating: medians and
// peak memory. Takes the cluster of KUBECONFIG. Usage: node bench/describe-cluster.mjs NAME [--runs 21] [--node PATH]
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { median, printTable } from './support/report.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '21' }, node: { type: 'string', default: process.execPath } },
});
const [name] = positionals;
if (name === undefined) throw new Error('name an experiment of the cluster');
const program = path.join(new URL('..', import.meta.url).pathname, 'bin/iter8ctl.js');
const candidates = [
  { name: 'kubectl get -o yaml', command: 'kubectl', args: ['get', 'experiment', name, '-o', 'yaml'] },
  { name: 'iter8ctl describe', command: values.node, args: [program, 'describe', name] },
  { name: 'node -e 0', command: values.node, args: ['-e', '0'] },
];
const results = candidates.map(() => ({ ms: [], kb: [] }));
for (let run = -2; run < Number(values.runs); run++) {
  for (const [index, { command, args }] of candidates.entries()) {
    const started = performance.now();
    const done = spawnSync('/usr/bin/time', ['-f', '%M', command, ...args], { encoding: 'utf8' });
    const ms = performance.now() - started;
    if (done.status !== 0) throw new Error(`${command} ${args.join(' ')} exited ${done.status}: ${done.stderr}`);
    if (run < 0) continue; // warms the file cache, and kubectl's
    results[index].ms.push(ms);
    results[index].kb.push(Number(done.stderr.trim().split('\n').at(-1)));
  }
}
const base = median(results[0].ms);
printTable(
  ['program', 'median ms', "times kubectl's", 'peak MB'],
  candidates.map((candidate, index) => [
    candidate.name,
    median(results[index].ms).toFixed(1),
    (median(results[index].ms) / base).toFixed(2),
    (median(results[index].kb) / 1024).toFixed(0),
  ]),
);
