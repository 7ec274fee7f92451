// Runs the tests that need a real Kubernetes: first those that need only its API (test/cluster/objects), then those that
// need a node (test/cluster/node). Those that take minutes, with tools of others, run when they are asked for (test/cluster/neighbours).
//
//   node scripts/test-cluster.mjs [objects|node|neighbours] [FILE...]
//
// The cluster is test/cluster/lab, which is started and ended here (Linux on amd64, root, Go). With
// ITER8_TEST_KUBECONFIG=FILE any cluster serves that may be thrown away afterwards (kind, k3d): tests that need the lab itself
// are skipped then. Where no cluster can be had all of them are skipped; with CI=true that is a failure.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { closingLine } from './count-report.mjs';
import { makeIssuer } from './oidc-issuer.mjs';
import { runVitest } from './run-vitest.mjs';
import { summaryOf } from './summary-reporter.mjs';

const root = path.join(import.meta.dirname, '..');
const lab = (name) => path.join(root, 'test/cluster/lab', name);
const SUITES = ['objects', 'node'];
const ASKED_FOR = 'neighbours';
/** Controllers of others that the tests of a suite run: each is built by the tool of its name. */
const NEIGHBOURS = { objects: [], node: ['argo-rollouts'], [ASKED_FOR]: ['flagger'] };

/** `inside`: on the node of the lab. */
function runSuite(suite, { files, scratch, summary, inside = false, allSkipped = false, env }) {
  return runVitest({
    args: ['--config', 'vitest.cluster.config.ts', ...files],
    report: path.join(scratch, `${suite}.json`),
    summary,
    inside: inside ? [lab('in')] : [],
    env: { ITER8_TEST_SUITE: suite, ...env },
    allSkipped,
  });
}

/** Path of its kubeconfig. */
function up(flags, env = {}) {
  const { status, stdout } = spawnSync(lab('up'), flags, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error('the cluster did not come up');
  return stdout.replace(/^export KUBECONFIG=/, '').trim();
}

const sum = (counts) =>
  counts.reduce(
    (all, one) => ({
      passed: all.passed + one.passed,
      failed: all.failed + one.failed,
      skipped: all.skipped + one.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );

/** Why the lab cannot be had here, or undefined. */
function withoutLab() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it needs Linux on amd64';
  if (process.getuid?.() !== 0) return 'it needs root';
  const { status } = spawnSync(lab('install'), { stdio: ['ignore', 2, 2] });
  return status === 0 ? undefined : 'test/cluster/lab/install failed';
}

/** On a cluster that somebody else started. */
function onGivenCluster(kubeconfig, suites, how) {
  const env = { ...makeIssuer(how.scratch).env, ITER8_TEST_KUBECONFIG: path.resolve(kubeconfig) };
  // Everything of the other suite needs the lab.
  return sum(suites.map((suite) => runSuite(suite, { ...how, env, allSkipped: suite !== 'objects' })));
}

function withoutCluster(why, suites, how) {
  const env = { ITER8_TEST_KUBECONFIG: '', ITER8_TEST_NO_CLUSTER: why };
  const counts = sum(suites.map((suite) => runSuite(suite, { ...how, env, allSkipped: true })));
  return process.env.CI === 'true' ? { ...counts, failed: counts.failed + 1 } : counts;
}

/** Whether files that are named so are among those to run: all of them when none is named. */
const asksFor = (files, name) => files.length === 0 || files.some((file) => name.includes(file) || file.includes(name));

function inLab(suites, how) {
  try {
    return sum(
      suites.map((suite) => {
        const whole = suite !== 'objects';
        // The network of the node leads nowhere: what has to be fetched is fetched before.
        for (const name of NEIGHBOURS[suite])
          if (asksFor(how.files, name)) spawnSync(lab(name), { stdio: ['ignore', 2, 2] });
        const issuer = whole ? undefined : makeIssuer(how.scratch);
        const kubeconfig = whole ? up([]) : up(['--control-plane-only'], { APISERVER_FLAGS: issuer.apiServerFlags });
        const env = { ITER8_TEST_KUBECONFIG: kubeconfig, ITER8_TEST_LAB: 'true', ...issuer?.env };
        return runSuite(suite, { ...how, inside: whole, env });
      }),
    );
  } finally {
    spawnSync(lab('down'), { stdio: ['ignore', 'inherit', 'inherit'] });
  }
}

/** `summary`: the file that takes what was slow and skipped (summary-reporter.mjs). */
export function runClusterTests({ suites = SUITES, files = [], summary }) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'iter8ctl-cluster-'));
  const how = { files, scratch, summary };
  const given = process.env.ITER8_TEST_KUBECONFIG ?? '';
  try {
    if (given !== '') return onGivenCluster(given, suites, how);
    const why = withoutLab();
    return why === undefined ? inLab(suites, how) : withoutCluster(why, suites, how);
  } catch (error) {
    console.error(`cluster tests: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const args = process.argv.slice(2);
  const suites = [...SUITES, ASKED_FOR].includes(args[0]) ? [args.shift()] : SUITES;
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-cluster-summary-'));
  const summary = path.join(folder, 'summary.ndjson');
  const total = runClusterTests({ suites, files: args, summary });
  for (const line of summaryOf(summary)) console.log(line);
  rmSync(folder, { recursive: true });
  console.log(closingLine(total));
  process.exitCode = total.failed > 0 ? 1 : 0;
}
