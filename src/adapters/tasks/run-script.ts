/**
 * `run` scripts on this machine, with bash: in a folder of their own, without anything secret in the text or on a command
 * line, and ended with all that they started when the run ends.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Iter8Error, messageOf, UsageError } from '../../errors.ts';
import { qualifiedKey } from '../../experiment/experiment.ts';
import { runInputs } from '../../experiment/task-inputs.ts';
import type { SecretReader } from '../../drive/ports.ts';
import { redact } from '../../text/redact.ts';
import type { PerformTask } from './task-registry.ts';
import { scriptText } from './script-input.ts';

/** A script that hangs fails its experiment. */
const LONGEST_MS = 60 * 60_000;
/** What a script gets to end by itself. */
const GRACE_MS = 10_000;

export interface ScriptPorts {
  readonly secrets: SecretReader;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A kubeconfig that holds the context in use alone; undefined without a cluster. */
  readonly kubeconfig?: (() => string) | undefined;
  /** A line that the script printed, without secrets. */
  readonly onOutput: (line: string) => void;
  /** Signals a process group: the negative id of its leader. */
  readonly kill: (pid: number, signal: 'SIGTERM' | 'SIGKILL') => void;
}

export function createScriptTask(ports: ScriptPorts): PerformTask {
  return async ({ task, experiment, signal }) => {
    const { secret } = runInputs(task);
    const fields =
      secret === undefined
        ? undefined
        : await ports.secrets.read(qualifiedKey(secret, experiment.metadata.namespace), signal);
    const script = scriptText(task, experiment, fields === undefined ? undefined : Object.keys(fields));
    const folder = await mkdtemp(path.join(tmpdir(), 'iter8ctl-script-'));
    try {
      const file = path.join(folder, 'script.sh');
      await writeFile(file, script.text, { mode: 0o600 });
      const env: Record<string, string> = {};
      for (const [name, value] of Object.entries(ports.env)) if (value !== undefined) env[name] = value;
      Object.assign(env, script.env, { SCRATCH_DIR: folder });
      for (const [field, variable] of Object.entries(script.secretEnv)) env[variable] = fields![field]!;
      if (ports.kubeconfig !== undefined) {
        const config = path.join(folder, 'kubeconfig');
        await writeFile(config, ports.kubeconfig(), { mode: 0o600 });
        env['KUBECONFIG'] = config;
      }
      await runScript(file, { ports, env, signal, secrets: Object.values(fields ?? {}) });
      return 'the script ended with exit code 0';
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

async function runScript(
  file: string,
  how: {
    readonly ports: ScriptPorts;
    readonly env: Record<string, string>;
    readonly signal: AbortSignal;
    readonly secrets: readonly string[];
  },
): Promise<void> {
  how.signal.throwIfAborted();
  // A group of its own, so that what it starts ends with it.
  const child = spawn('bash', [file], {
    env: how.env,
    cwd: path.dirname(file),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let last = '';
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      const clean = redact(line, how.secrets);
      if (clean.trim() !== '') last = clean;
      how.ports.onOutput(clean);
    });
  }
  let why: string | undefined;
  const end = (reason: string) => {
    if (child.pid === undefined || why !== undefined) return;
    why = reason;
    how.ports.kill(-child.pid, 'SIGTERM');
    setTimeout(() => how.ports.kill(-child.pid!, 'SIGKILL'), GRACE_MS).unref();
  };
  const onAbort = () => end('interrupted');
  how.signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => end(`not done within ${LONGEST_MS / 60_000} minutes`), LONGEST_MS);
  try {
    const { code, killedBy } = await new Promise<{ code: number | null; killedBy: string | null }>(
      (resolve, reject) => {
        child.once('error', (error: NodeJS.ErrnoException) => {
          reject(
            error.code === 'ENOENT'
              ? new UsageError('run needs bash, which is not installed here')
              : new Iter8Error(`bash cannot be started: ${messageOf(error)}`, { cause: error }),
          );
        });
        child.once('close', (exitCode, by) => resolve({ code: exitCode, killedBy: by }));
      },
    );
    how.signal.throwIfAborted();
    if (why !== undefined) throw new Iter8Error(`the script was ended: ${why}`);
    if (code !== 0) {
      const ending = killedBy === null ? `exit code ${code}` : `signal ${killedBy}`;
      throw new Iter8Error(`the script ended with ${ending}${last === '' ? '' : `: ${last.slice(0, 300)}`}`);
    }
  } finally {
    clearTimeout(timer);
    how.signal.removeEventListener('abort', onAbort);
  }
}
