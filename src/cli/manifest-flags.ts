/** Reads what `-f` names. */
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { loadObject } from '../adapters/manifest/read-object.ts';
import type { LoadedManifests } from '../adapters/manifest/read-manifests.ts';
import { MAX_TEXT_LENGTH } from '../adapters/manifest/text-limits.ts';
import { withDefaults } from '../experiment/defaults.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { refuseDamage } from '../judge/record/damage.ts';
import { sayTo } from './stderr-messages.ts';

/** Of what is written to us: a manifest, or an object with all that was measured. */
const MOST_STDIN_BYTES = 3 * MAX_TEXT_LENGTH;
/** Without a terminal nobody is typing: a command that gives nothing for so long has forgotten us. */
const STDIN_TIMEOUT_MS = 5 * 60_000;

async function stdinText(io: Io): Promise<string> {
  const chunks: Buffer[] = [];
  const over = new AbortController();
  const late = io.clock.sleep(STDIN_TIMEOUT_MS, over.signal).then(
    () => 'late' as const,
    () => 'late' as const,
  );
  const input = io.stdin[Symbol.asyncIterator]();
  try {
    for (let size = 0; ; ) {
      const next = await (io.stdin.isTTY ? input.next() : Promise.race([input.next(), late]));
      if (next === 'late')
        throw new UsageError(`-f -: standard input did not end within ${STDIN_TIMEOUT_MS / 60_000} min`);
      if (next.done === true) return Buffer.concat(chunks).toString('utf8');
      const chunk = Buffer.from(next.value);
      size += chunk.length;
      if (size > MOST_STDIN_BYTES)
        throw new UsageError(`-f -: standard input has more than ${MOST_STDIN_BYTES / 1024 / 1024} MB`);
      chunks.push(chunk);
    }
  } finally {
    over.abort();
  }
}

/** Manifests for `run` and `plan`: all rules are applied by the caller. */
export async function readManifests(files: readonly string[], io: Io, how: OtherKinds = {}): Promise<LoadedManifests> {
  const { loadManifests } = await import('../adapters/manifest/read-manifests.ts');
  return loadManifests(files, { ...sourcesOf(io), ...othersOf(io, how), strictness: 'rules' });
}

/** What is done about objects of other kinds. */
interface OtherKinds {
  readonly ignoreOthers?: boolean | undefined;
}

const sourcesOf = (io: Io) => ({ cwd: io.cwd, env: io.env, readStdin: () => stdinText(io) });

function othersOf(io: Io, { ignoreOthers }: OtherKinds) {
  return { ignoreOthers, onNote: sayTo(io) };
}

/** An object to look at: only its shape must be right. */
export async function readObject(
  file: string,
  io: Io,
  namespace: string | undefined,
  how: OtherKinds = {},
): Promise<Experiment> {
  const experiment = await loadObject(file, { ...sourcesOf(io), ...othersOf(io, how) });
  const name = experiment.metadata.name ?? experiment.metadata.generateName ?? '';
  return refuseDamage(
    withDefaults(experiment, { namespace: experiment.metadata.namespace ?? namespace ?? 'default', name }),
  );
}
