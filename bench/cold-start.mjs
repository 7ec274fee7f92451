// Short commands as whole processes against `node -e 0` and other command-line tools found on this machine: alternating runs,
// median and minimum of the wall clock, mean CPU time (user and system, in steps of 10 ms, of GNU time where it is there: steadier
// on a busy machine), median of peak memory. Usage: node bench/cold-start.mjs [--runs 21] [--file FILE] [--node PATH] [--against FOLDER]
//   [--json FILE]
// FOLDER: another checkout with its build (before a change), whose commands are run in the same turns.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { dump } from 'js-yaml';
import { finish, median, printTable } from './support/report.mjs';
import { usualEnv } from './support/usual-env.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '21' },
    file: { type: 'string' },
    json: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    against: { type: 'string' },
  },
});
const runs = Number(values.runs);
const root = new URL('..', import.meta.url).pathname;
const ours = path.join(root, 'bench/experiment.json');
const legacy = path.join(root, 'test/fixtures/recorded/00-first-exp/final.yaml');

/** Entries of a JSON object, one a line, and those of `analysis` once more: as the folder keeps them (src/adapters/store/object-text.ts). */
function linesOf(object, indent) {
  return Object.entries(object)
    .map(([key, value]) => {
      const text = key === 'analysis' ? `{\n${linesOf(value, `${indent}  `)}\n${indent}}` : JSON.stringify(value);
      return `${indent}${JSON.stringify(key)}: ${text}`;
    })
    .join(',\n');
}

const stored = ({ status, ...rest }) => `${dump(rest).trimEnd()}\nstatus: {\n${linesOf(status, '  ')}\n  }\n`;

/** A folder of `--local` with as many experiments. */
function folderOf(count) {
  const dir = mkdtempSync(path.join(tmpdir(), 'iter8ctl-bench-'));
  const object = JSON.parse(readFileSync(ours, 'utf8'));
  const folder = path.join(dir, 'experiments', 'default');
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < count; index += 1) {
    const name = `shop-${index}`;
    const metadata = { ...object.metadata, name, uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}` };
    writeFileSync(path.join(folder, `${name}.yaml`), stored({ ...object, metadata }));
  }
  return dir;
}

const onPath = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const dir = folderOf(100);
const commands = [
  { name: 'describe -f (JSON of ours, 30 kB)', args: ['describe', '-f', ours], goal: 1.5 },
  { name: 'describe -f (YAML of 0.7)', args: ['describe', '-f', legacy], goal: 1.8 },
  ...(values.file === undefined ? [] : [{ name: 'describe -f (--file)', args: ['describe', '-f', values.file] }]),
  { name: 'get --local of 100', args: ['get', '--local', '--dir', dir], goal: 1.6 },
  { name: '--help', args: ['--help'], goal: 1.4 },
  { name: '--version', args: ['--version'], goal: 1.3 },
];
const programOf = (folder) => path.join(folder, 'bin/iter8ctl.js');
const candidates = [
  { name: 'node -e 0', command: values.node, args: ['-e', '0'] },
  ...commands.flatMap(({ name, args }) => [
    ...(values.against === undefined
      ? []
      : [{ name: `before: ${name}`, command: values.node, args: [programOf(path.resolve(values.against)), ...args] }]),
    { name: `iter8ctl ${name}`, command: values.node, args: [programOf(root), ...args] },
  ]),
  ...(onPath('kubectl')
    ? [{ name: 'kubectl version --client', command: 'kubectl', args: ['version', '--client'] }]
    : []),
  ...(onPath('npm') ? [{ name: 'npm --version', command: 'npm', args: ['--version'], goal: 1.3 }] : []),
];

const hasTime = existsSync('/usr/bin/time');
const results = candidates.map(() => ({ ms: [], cpu: [], kb: [] }));
try {
  for (let run = -2; run < runs; run++) {
    for (const [index, { command, args }] of candidates.entries()) {
      const started = performance.now();
      const done = hasTime
        ? spawnSync('/usr/bin/time', ['-f', '%M %U %S', command, ...args], { encoding: 'utf8', env: usualEnv })
        : spawnSync(command, args, { encoding: 'utf8', env: usualEnv });
      const ms = performance.now() - started;
      if (done.status !== 0) throw new Error(`${command} ${args.join(' ')} exited ${done.status}: ${done.stderr}`);
      if (run < 0) continue; // warms the file cache, and the compiled code that is kept
      results[index].ms.push(ms);
      if (!hasTime) continue;
      const [kb, user, system] = done.stderr.trim().split('\n').at(-1).split(' ').map(Number);
      results[index].kb.push(kb);
      results[index].cpu.push((user + system) * 1000);
    }
  }
} finally {
  rmSync(dir, { recursive: true });
}
const [base] = results;
const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
const least = (numbers) => Math.min(...numbers);
const both = (numbers, of, how) =>
  numbers.length === 0 ? ['-', '-'] : [how(numbers).toFixed(0), (how(numbers) / how(of)).toFixed(2)];
printTable(
  ['program', 'median ms', 'times', 'least ms', 'times', 'CPU ms', 'times', 'peak MB'],
  candidates.map(({ name }, index) => {
    const { ms, cpu, kb } = results[index];
    return [
      name,
      ...both(ms, base.ms, median),
      ...both(ms, base.ms, least),
      ...both(cpu, base.cpu, mean),
      hasTime ? (median(kb) / 1024).toFixed(0) : '-',
    ];
  }),
);
finish(
  commands.flatMap(({ name, goal }) => {
    if (goal === undefined) return [];
    const { ms, cpu } = results[candidates.findIndex((one) => one.name === `iter8ctl ${name}`)];
    // The larger one counts. On a busy machine the wall clock also contains the work of others.
    const wall = median(ms) / median(base.ms);
    const work = hasTime ? mean(cpu) / mean(base.cpu) : wall;
    return {
      what: `${name}, a whole process`,
      value: Math.max(wall, work),
      unit: 'times node -e 0',
      goal: `<= ${goal}`,
      reached: Math.max(wall, work) <= goal,
      note: `wall clock ${wall.toFixed(2)} times, CPU ${work.toFixed(2)} times`,
    };
  }),
  values.json,
);
