/** Files of public Go modules, for the CRDs that projects ship there: from the module cache, or the Go proxy. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Undefined without Go, or where the proxy does not answer. `module`: with its version, as `sigs.k8s.io/gateway-api@v1.3.0`. */
export function fileOfGoModule(module: string, file: string): string | undefined {
  const { status, stdout } = spawnSync('go', ['mod', 'download', '-json', module], {
    cwd: tmpdir(),
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (status !== 0) return undefined;
  const { Dir: folder } = JSON.parse(stdout) as { readonly Dir: string };
  return readFileSync(path.join(folder, file), 'utf8');
}
