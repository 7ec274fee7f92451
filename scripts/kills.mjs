/**
 * Kills `run --local` at random moments, resumes it, and looks at what is left (test/support/kill-drill.ts). Seeded: run K of seed S is
 * run 0 of seed S + K.
 *
 *   npm run kills -- [--runs N] [--seed N] [--jobs N] [--cluster run|controller|pod]
 *
 * With --cluster it is `run` against a real API server, or the controller, with traffic that moves (test/support/cluster-kill-drill.ts):
 * in test/cluster/lab, which is started and ended, or where ITER8_TEST_KUBECONFIG says. `pod` is the controller as `iter8ctl install` makes
 * it, on the node of the lab: its pods are deleted, and its processes killed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seed: { type: 'string' },
    jobs: { type: 'string' },
    cluster: { type: 'string' },
  },
});
const wholeNumber = (name, otherwise) => {
  const number = Number(values[name] ?? otherwise);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`--${name}: expected a whole number, 1 or more, got ${values[name]}`);
  return number;
};
const { cluster } = values;
if (cluster !== undefined && !['run', 'controller', 'pod'].includes(cluster))
  throw new Error(`--cluster: expected run, controller or pod, got ${cluster}`);
const runs = wholeNumber('runs', { run: 25, controller: 25, pod: 10 }[cluster] ?? 50);
const seed = wholeNumber('seed', 1 + Math.floor(Math.random() * 2 ** 30));
// They wait most of the time; those of pods share one controller.
const jobs = cluster === 'pod' ? 1 : wholeNumber('jobs', 2 * availableParallelism());

const root = path.join(import.meta.dirname, '..');
const scratch = mkdtempSync(path.join(tmpdir(), 'iter8ctl-kills-bundle-'));
let isLabUp = false;
const lab = (name) => path.join(root, 'test/cluster/lab', name);

const given = process.env.ITER8_TEST_KUBECONFIG ?? '';
const run = (program, args, env) =>
  execFileSync(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 2, 2] });

function labUp(...flags) {
  isLabUp = true;
  const said = execFileSync(lab('up'), flags, { encoding: 'utf8', stdio: ['ignore', 'pipe', 2] });
  return said.replace(/^export KUBECONFIG=/, '').trim();
}

/** Path of the kubeconfig of a cluster with our CRDs and roles. */
function readyCluster() {
  if (cluster === 'pod') return given;
  const kubeconfig = given === '' ? labUp('--control-plane-only') : given;
  run(process.execPath, [path.join(root, 'bin/iter8ctl.js'), 'install'], { KUBECONFIG: kubeconfig });
  return kubeconfig;
}

/** Does the same inside the network of a node, where our controller is installed. */
function onTheNode() {
  run(process.execPath, [path.join(root, 'scripts/build.mjs')]);
  const kubeconfig = labUp();
  const image = path.join(scratch, 'image');
  run(process.execPath, [path.join(root, 'deploy/image-root.mjs'), image, 'iter8ctl']);
  run(lab('image'), ['iter8ctl:kills', image, '/app/run']);
  run(lab('in'), [process.execPath, path.join(root, 'bin/iter8ctl.js'), 'install', '--image', 'iter8ctl:kills']);
  const args = [import.meta.filename, '--cluster=pod', `--runs=${runs}`, `--seed=${seed}`];
  const env = { ...process.env, ITER8_TEST_KUBECONFIG: kubeconfig };
  process.exitCode = spawnSync(lab('in'), [process.execPath, ...args], { env, stdio: 'inherit' }).status ?? 1;
}

/** Where pods of the node find what runs beside them. */
function addressOfNode(kubeconfig) {
  const internal = '{.items[0].status.addresses[?(@.type=="InternalIP")].address}';
  const args = ['--kubeconfig', kubeconfig, 'get', 'nodes', '-o', `jsonpath=${internal}`];
  return execFileSync('kubectl', args, { encoding: 'utf8' });
}

async function killAll() {
  execFileSync(process.execPath, [path.join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
  const outfile = path.join(scratch, 'all-drills.mjs');
  await build({
    entryPoints: [path.join(root, 'test/support/all-drills.ts')],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    outfile,
    define: { 'import.meta.dirname': JSON.stringify(path.join(root, 'test/support')) },
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
    logLevel: 'warning',
  });
  const { clusterKillDrill, killDrill, playDrills } = await import(pathToFileURL(outfile).href);
  // It takes minutes: the program stays as it is, whatever is built meanwhile.
  for (const one of ['bin', 'dist', 'package.json'])
    cpSync(path.join(root, one), path.join(scratch, one), { recursive: true });
  const program = path.join(scratch, 'bin/iter8ctl.js');
  const kubeconfig = cluster === undefined ? undefined : readyCluster();
  const host = cluster === 'pod' ? addressOfNode(kubeconfig) : undefined;
  const play =
    cluster === undefined
      ? (one) => killDrill(one, 1)
      : (one) => clusterKillDrill(one, { kubeconfig, driver: cluster, program, lostSeconds: 5, host });
  console.log(`seed ${seed}: ${runs} runs, ${jobs} at a time`);
  let failed = 0;
  await playDrills({
    runs,
    seed,
    jobs,
    play,
    onResult: ({ seed: own, killed, faults, seconds }) => {
      if (faults.length > 0) failed += 1;
      const where = killed.length === 0 ? 'not killed' : `killed in ${killed.join(', ')}`;
      console.log(`${faults.length === 0 ? 'ok    ' : 'FAULT '} seed ${own}: ${where} (${seconds.toFixed(1)} s)`);
      for (const fault of faults) console.log(`       ${fault}`);
    },
  });
  console.log(`${runs - failed} passed, ${failed} failed (seed ${seed})`);
  process.exitCode = failed === 0 ? 0 : 1;
}

try {
  if (cluster === 'pod' && given === '') onTheNode();
  else await killAll();
} finally {
  if (isLabUp) execFileSync(lab('down'), { stdio: 'inherit' });
  rmSync(scratch, { recursive: true, force: true });
}
