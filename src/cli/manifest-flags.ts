/** Reads what `-f` names. */
import type { Io } from '../io.ts';
import { loadManifests, type LoadedManifests } from '../adapters/manifest/read-manifests.ts';
import { withDefaults } from '../experiment/defaults.ts';
import type { Experiment } from '../experiment/experiment.ts';

async function stdinText(io: Io): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of io.stdin) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Manifests for `run` and `plan`: all rules are applied by the caller. */
export function readManifests(
  files: readonly string[],
  io: Io,
  strictness: 'shape' | 'rules' = 'rules',
): Promise<LoadedManifests> {
  return loadManifests(files, { cwd: io.cwd, env: io.env, readStdin: () => stdinText(io), strictness });
}

/** An object to look at: only its shape must be right. */
export async function readObject(file: string, io: Io, namespace: string | undefined): Promise<Experiment> {
  const { experiment } = await readManifests([file], io, 'shape');
  const name = experiment.metadata.name ?? experiment.metadata.generateName ?? '';
  return withDefaults(experiment, { namespace: experiment.metadata.namespace ?? namespace ?? 'default', name });
}
