// `describe -f` as a whole process against `node -e 0` and other command-line tools found on this machine: alternating
// runs, medians, ratio, peak memory. Usage: node bench/cold-start.mjs [--runs 21] [--file FILE] [--node PATH]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { finish, median, printTable } from './support/report.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '21' },
    file: { type: 'string' },
    json: { type: 'string' },
    node: { type: 'string', default: process.execPath },
  },
});
const runs = Number(values.runs);
const root = new URL('..', import.meta.url).pathname;
const file = values.file ?? path.join(root, 'test/fixtures/recorded/00-first-exp/final.yaml');

const onPath = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const candidates = [
  { name: 'node -e 0', command: values.node, args: ['-e', '0'] },
  {
    name: 'iter8ctl describe -f',
    command: values.node,
    args: [path.join(root, 'bin/iter8ctl.js'), 'describe', '-f', file],
  },
  { name: 'iter8ctl --version', command: values.node, args: [path.join(root, 'bin/iter8ctl.js'), '--version'] },
  ...(onPath('kubectl')
    ? [{ name: 'kubectl version --client', command: 'kubectl', args: ['version', '--client'] }]
    : []),
  ...(onPath('npm') ? [{ name: 'npm --version', command: 'npm', args: ['--version'] }] : []),
];

// GNU time, where it is there, tells the peak memory.
const hasTime = existsSync('/usr/bin/time');
const results = candidates.map(() => ({ ms: [], kb: [] }));
for (let run = -2; run < runs; run++) {
  for (const [index, { command, args }] of candidates.entries()) {
    const started = performance.now();
    const done = hasTime
      ? spawnSync('/usr/bin/time', ['-f', '%M', command, ...args], { encoding: 'utf8' })
      : spawnSync(command, args, { encoding: 'utf8' });
    const ms = performance.now() - started;
    if (done.status !== 0) throw new Error(`${command} ${args.join(' ')} exited ${done.status}: ${done.stderr}`);
    if (run < 0) continue; // warms the file cache
    results[index].ms.push(ms);
    if (hasTime) results[index].kb.push(Number(done.stderr.trim().split('\n').at(-1)));
  }
}
const base = median(results[0].ms);
printTable(
  ['program', 'median ms', 'times node -e 0', 'peak MB'],
  candidates.map(({ name }, index) => [
    name,
    median(results[index].ms).toFixed(1),
    (median(results[index].ms) / base).toFixed(2),
    hasTime ? (median(results[index].kb) / 1024).toFixed(0) : '-',
  ]),
);
const times = median(results[1].ms) / base;
finish(
  [
    {
      what: 'describe -f, a whole process',
      value: times,
      unit: 'times node -e 0',
      goal: '<= 1.8',
      reached: times <= 1.8,
      note: `${median(results[1].ms).toFixed(0)} ms`,
    },
  ],
  values.json,
);
