// Which parts of the program the commands link that people type most, and wait for: what is needed together is one file to read.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** Runs the program as if it had been typed, and writes the names of the parts that ran. */
const RUNNER = `const [node, , program, out, ...args] = process.argv;
process.argv = [node, program, ...args];
process.once('exit', () => require('node:fs').writeFileSync(out, JSON.stringify([...require(program).linked.keys()])));
require(program);
`;

/** There is no such file, and the program says so. */
const NO_FILE = 'no-such-file';

/**
 * @param {Record<string, string>} packs the program: CommonJS by name (packs.mjs)
 * @param {{ metadata: { name: string, namespace: string } }} object an experiment that has ended
 * @returns {Promise<Record<'version' | 'help' | 'file' | 'refused' | 'local' | 'cluster', Set<string>>>} short names of parts
 */
export async function linkedParts(packs, object) {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-build-'));
  const server = createServer((_, answer) => answer.end(JSON.stringify(object)));
  try {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const at = (name) => path.join(folder, name);
    for (const [name, text] of Object.entries(packs)) writeFileSync(at(`${name}.cjs`), text);
    writeFileSync(at('runner.cjs'), RUNNER);
    writeFileSync(at('object.json'), JSON.stringify(object));
    const { name, namespace } = object.metadata;
    mkdirSync(at(`store/experiments/${namespace}`), { recursive: true });
    writeFileSync(at(`store/experiments/${namespace}/${name}.yaml`), JSON.stringify(object));
    writeFileSync(at('kubeconfig'), kubeconfigOf(`http://127.0.0.1:${server.address().port}`));
    const env = { PATH: process.env.PATH, HOME: folder, KUBECONFIG: at('kubeconfig') };
    const typed = async (...args) => {
      const files = [at('runner.cjs'), at('main.cjs'), at('linked.json')];
      await promisify(execFile)(process.execPath, [...files, ...args], { cwd: folder, env }).catch((error) => {
        if (!args.includes(NO_FILE)) throw error;
      });
      return new Set(JSON.parse(readFileSync(at('linked.json'), 'utf8')));
    };
    const local = ['get', '--local', '--dir', at('store'), '-n', namespace];
    const found = {
      version: await typed('--version'),
      help: await typed('--help'),
      file: await typed('describe', '-f', at('object.json')),
      refused: await typed('describe', '-f', NO_FILE),
      cluster: await typed('describe', name, '-n', namespace),
    };
    await typed(...local);
    return { ...found, local: await typed(...local) }; // as all but the first list: lines are kept between runs
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}

const kubeconfigOf = (server) => `current-context: c
clusters: [{ name: c, cluster: { server: '${server}' } }]
users: [{ name: c, user: { token: t } }]
contexts: [{ name: c, context: { cluster: c, user: c } }]
`;
