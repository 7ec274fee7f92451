// The cluster of KUBECONFIG, to be thrown away: its Iter8 CRDs are replaced.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');
export const program = path.join(root, 'bin/iter8ctl.js');
const EXPERIMENTS = '/apis/iter8.tools/v2alpha2/namespaces';

export function kubectl(args, input) {
  const { status, stdout, stderr } = spawnSync('kubectl', args, { input, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Our CRDs, and an empty namespace. */
export function prepare(namespace) {
  spawnSync('kubectl', ['create', 'namespace', namespace]);
  const { status, stderr } = spawnSync(process.execPath, [program, 'install'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  kubectl(['delete', 'experiments.iter8.tools', '--all', '-n', namespace]);
}

/** A way to the API server that needs no credentials, for as long as `use` takes. */
export async function throughProxy(use) {
  const child = spawn('kubectl', ['proxy', '--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const port = await new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`kubectl proxy ended with ${code}`)));
      child.stdout.on('data', (data) => {
        const [, found] = /127\.0\.0\.1:(\d+)/.exec(data) ?? [];
        if (found !== undefined) resolve(found);
      });
    });
    return await use(`http://127.0.0.1:${port}`);
  } finally {
    child.kill();
  }
}

async function ask(url, method, body) {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
  const object = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${url}: ${object.message}`);
  return object;
}

/** Finished experiments of some 20 kB, with the evidence of a thousand requests each. */
export async function createFinished(proxy, namespace, names) {
  const { metadata: _, status, ...rest } = JSON.parse(readFileSync(path.join(root, 'bench/experiment.json'), 'utf8'));
  const url = `${proxy}${EXPERIMENTS}/${namespace}/experiments`;
  const rests = names.values();
  const worker = async () => {
    for (const name of rests) {
      const created = await ask(url, 'POST', { ...rest, metadata: { name, namespace } });
      await ask(`${url}/${name}/status`, 'PUT', { ...created, status });
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}
