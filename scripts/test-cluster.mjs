// Runs the tests that need a real Kubernetes: first those that need only its API (test/cluster/objects), then those that
// need a node (test/cluster/node). Starts and ends the cluster; its programs come from ../shared/cluster (ITER8_CLUSTER).
//
//   node scripts/test-cluster.mjs [objects|node] [FILE...]
//
// Where no cluster can be had the tests count as skipped; with CI=true that is a failure.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { closingLine, countReport } from './count-report.mjs';
import { makeIssuer } from './oidc-issuer.mjs';

const root = path.join(import.meta.dirname, '..');
const folder = path.resolve(root, process.env.ITER8_CLUSTER ?? '../shared/cluster');
const tool = (name) => path.join(folder, name);

function vitest(suite, { kubeconfig, files, scratch, inside, env = {} }) {
  const report = path.join(scratch, `${suite}.json`);
  const command = [path.join(root, 'node_modules/.bin/vitest'), 'run', '--config', 'vitest.cluster.config.ts'];
  const args = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...files];
  const [program, ...rest] = [...(inside ? [tool('in')] : []), ...command, ...args];
  const { status } = spawnSync(program, rest, {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...env,
      ITER8_TEST_SUITE: suite,
      ITER8_TEST_KUBECONFIG: kubeconfig,
      ITER8_TEST_CLUSTER_TOOLS: folder,
    },
  });
  try {
    return countReport(JSON.parse(readFileSync(report, 'utf8')), kubeconfig === '' ? 0 : status, kubeconfig === '');
  } catch (error) {
    console.error(`the test runner left no report: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

/** Path of its kubeconfig. */
function up(flags, env = {}) {
  const { status, stdout } = spawnSync(tool('up'), flags, {
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

/** Why there can be no cluster, or undefined. */
function withoutCluster() {
  if (!existsSync(tool('up'))) return `there is no ${folder}`;
  if (process.getuid?.() !== 0) return 'it needs root';
  const { status } = spawnSync(tool('install'), { stdio: ['ignore', 2, 2] });
  return status === 0 ? undefined : `${tool('install')} failed`;
}

export function runClusterTests(suites = ['objects', 'node'], files = []) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'iter8ctl-cluster-'));
  try {
    const why = withoutCluster();
    if (why !== undefined) {
      const counts = sum(suites.map((suite) => vitest(suite, { kubeconfig: '', files, scratch, inside: false })));
      console.log(`no cluster: ${why}. The tests of test/cluster run with: npm run test:cluster (as root)`);
      return process.env.CI === 'true' ? { ...counts, failed: counts.failed + 1 } : counts;
    }
    return sum(
      suites.map((suite) => {
        if (suite === 'node') return vitest(suite, { kubeconfig: up([]), files, scratch, inside: true });
        const issuer = makeIssuer(scratch);
        const kubeconfig = up(['--control-plane-only'], { APISERVER_FLAGS: issuer.apiServerFlags });
        return vitest(suite, { kubeconfig, files, scratch, inside: false, env: issuer.env });
      }),
    );
  } catch (error) {
    console.error(`cluster tests: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    if (existsSync(tool('down'))) spawnSync(tool('down'), { stdio: ['ignore', 'inherit', 'inherit'] });
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [first, ...rest] = process.argv.slice(2);
  const known = ['objects', 'node'].includes(first);
  const total = runClusterTests(known ? [first] : undefined, known ? rest : process.argv.slice(2));
  console.log(closingLine(total));
  process.exitCode = total.failed > 0 ? 1 : 0;
}
