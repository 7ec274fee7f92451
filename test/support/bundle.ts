/** Bundles a TypeScript program for a child process: Node 20 runs no TypeScript. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';

/** Path of an .mjs file in a temporary folder. */
export async function bundleForNode(entry: string): Promise<string> {
  const outfile = path.join(await mkdtemp(path.join(tmpdir(), 'iter8ctl-bundle-')), 'program.mjs');
  await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  });
  return outfile;
}
