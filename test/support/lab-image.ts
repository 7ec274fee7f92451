/** Images on the node of the lab, made of what this machine has. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { clusterTool } from './cluster.ts';

const root = path.join(import.meta.dirname, '../..');

/** The sample service, or the program itself. `name`: with its tag. */
export async function makeImage(name: string, what: 'hello' | 'iter8ctl'): Promise<void> {
  const folder = path.join(mkdtempSync(path.join(tmpdir(), 'iter8ctl-image-')), what);
  execFileSync(process.execPath, [path.join(root, 'deploy/image-root.mjs'), folder, what]);
  await clusterTool('image', [name, folder, '/app/run']);
}
