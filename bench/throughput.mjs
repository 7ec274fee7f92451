// Most requests a second of a closed loop, and the CPU time of each, beside autocannon, fortio and wrk: on the same nginx, pinned
// to the same cores, each a process of its own, alternating.
// Usage: node bench/throughput.mjs [--seconds 5] [--rounds 5] [--cpus 0,1] [--json FILE]
// autocannon comes from the npm registry, fortio (FORTIO=FILE, or built with go) from the Go module proxy, wrk from the system.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildLoad } from './support/our-load.mjs';
import { finish, median, printTable } from './support/report.mjs';
import { withFastServer } from './support/servers.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '5' },
    cpus: { type: 'string', default: `0-${Math.min(2, availableParallelism()) - 1}` },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
const CONNECTIONS = 16;
const scratch = mkdtempSync(path.join(tmpdir(), 'iter8ctl-bench-'));
/** The last that needs no other module than those of its proxy. */
const FORTIO = 'fortio.org/fortio@v1.66.5';

/** Runs a program on the pinned cores to its end; CPU time as the system counts it. */
function run(program, args) {
  return new Promise((resolve, reject) => {
    const line = ['-c', values.cpus, '/usr/bin/time', '-f', 'cpu %U %S', program, ...args];
    const child = spawn('taskset', line, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (out += data));
    child.once('error', reject);
    child.once('close', (code) => {
      const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(out) ?? [];
      if (code === 0) resolve({ out, cpuUs: (Number(user) + Number(system)) * 1e6 });
      else reject(new Error(`${program} ended with ${code}: ${out.slice(-500)}`));
    });
  });
}

function installed(program, args) {
  return spawnSync(program, args).error === undefined;
}

function fortio() {
  if (process.env.FORTIO !== undefined) return process.env.FORTIO;
  if (installed('fortio', ['version'])) return 'fortio';
  if (!installed('go', ['version'])) return undefined;
  const built = spawnSync('go', ['install', FORTIO], { env: { ...process.env, GOBIN: scratch }, encoding: 'utf8' });
  if (built.status === 0) return path.join(scratch, 'fortio');
  console.log(`without fortio: ${built.stderr.trim().split('\n').at(-1)}`);
  return undefined;
}

/** Each client: name, and one run of it on this URL. Those that are not to be had are left out, and said. */
async function clients() {
  const client = path.join(import.meta.dirname, 'support/closed-loop-client.mjs');
  const node = (module, workers) => async (url) => {
    const { out } = await run(process.execPath, [client, module, url, `${seconds}`, `${CONNECTIONS}`, `${workers}`]);
    return JSON.parse(out.split('\n')[0]);
  };
  const ours = await buildLoad();
  execFileSync('npm', ['install', '--silent', '--no-save', '--prefix', scratch, 'autocannon@9.0.0']);
  const autocannon = createRequire(path.join(scratch, 'x.js')).resolve('autocannon');
  const all = new Map([
    ['iter8ctl, 1 worker', node(ours, 1)],
    ['autocannon, 1 worker', node(autocannon, 1)],
    ['iter8ctl, 2 workers', node(ours, 2)],
    ['autocannon, 2 workers', node(autocannon, 2)],
  ]);
  const go = fortio();
  if (go !== undefined)
    all.set('fortio', async (url) => {
      const args = ['load', '-quiet', '-qps', '0', '-c', `${CONNECTIONS}`, '-t', `${seconds}s`, url];
      const { out, cpuUs } = await run(go, args);
      const [, requests] = /Code 200 : (\d+)/.exec(out);
      return { requests: Number(requests), seconds, cpuUs };
    });
  if (installed('wrk', ['--version']))
    all.set('wrk', async (url) => {
      const { out, cpuUs } = await run('wrk', ['-t2', `-c${CONNECTIONS}`, `-d${seconds}`, url]);
      const [, requests, took] = /(\d+) requests in ([\d.]+)s/.exec(out);
      return { requests: Number(requests), seconds: Number(took), cpuUs };
    });
  for (const name of all.keys()) if (!name.includes(values.only)) all.delete(name);
  return all;
}

const all = await clients();
const rates = new Map([...all.keys()].map((name) => [name, []]));
const cpu = new Map([...all.keys()].map((name) => [name, []]));
const server = await withFastServer(async (url, name) => {
  for (let round = 0; round < rounds; round++)
    for (const [client, once] of all) {
      const { requests, seconds: took, cpuUs } = await once(url);
      rates.get(client).push(requests / took);
      cpu.get(client).push(cpuUs / requests);
    }
  return name;
});
console.log(`closed loop against ${server}, ${CONNECTIONS} connections, ${rounds} alternating rounds of ${seconds} s`);
printTable(
  ['client', 'requests/s', 'CPU us a request'],
  [...all.keys()].map((name) => [name, median(rates.get(name)).toFixed(0), median(cpu.get(name)).toFixed(1)]),
);

/** Round by round, since other programs take the machine for some of them. */
function compared(ours, theirs, goal) {
  if (!rates.has(ours) || !rates.has(theirs)) return [];
  const ratio = median(rates.get(ours).map((rate, round) => rate / rates.get(theirs)[round]));
  const cost = median(cpu.get(ours)) / median(cpu.get(theirs));
  return [
    {
      what: `requests a second, ${ours}, against ${theirs}`,
      goal: `>= ${goal}`,
      value: ratio,
      unit: 'times',
      reached: ratio >= goal,
      note: `${median(rates.get(ours)).toFixed(0)} against ${median(rates.get(theirs)).toFixed(0)}; CPU a request ${median(cpu.get(ours)).toFixed(1)} us, ${cost.toFixed(2)} times`,
    },
  ];
}
finish(
  [
    ...compared('iter8ctl, 1 worker', 'autocannon, 1 worker', 1.15),
    ...compared('iter8ctl, 2 workers', 'autocannon, 2 workers', 1.15),
    ...compared('iter8ctl, 2 workers', 'fortio', 1),
    ...compared('iter8ctl, 2 workers', 'wrk', 0.8),
    // A run takes one worker for a closed loop: what its user gets, against what the others take by themselves.
    ...compared('iter8ctl, 1 worker', 'fortio', 1),
    ...compared('iter8ctl, 1 worker', 'wrk', 0.8),
  ],
  values.json,
);
rmSync(scratch, { recursive: true });
