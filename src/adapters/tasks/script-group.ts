/**
 * One script as a group of processes that ends when the script has ended, when it takes too long, when the run is stopped, and
 * when the process that started it is killed.
 *
 *     iter8ctl ──► bash script.sh ──► whatever it starts      one group
 *        └───────► bash, the guard: reads a pipe from iter8ctl. `done`: it ends. End of file: iter8ctl was killed, so that the
 *                  guard ends the group and removes the script's folder.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { Iter8Error, messageOf, UsageError } from '../../errors.ts';
import { timeLimit, type Clock, type Io } from '../../io.ts';
import { OutputBudget, scriptOutput } from './script-output.ts';

/** What a group gets to end by itself. */
export const GRACE_MS = 10_000;
/** A script that has ended has nothing left to save: what it left running. */
const SHORT_GRACE_MS = 2_000;
const LOOK_EVERY_MS = 20;

export interface ProcessPorts {
  readonly clock: Clock;
  /** A process, or the group of a negative id. */
  readonly kill: Io['kill'];
}

export interface ScriptCall {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly longestMs: number;
  readonly secrets: readonly string[];
  readonly onOutput: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Resolves when nothing of the script runs any more. Rejects with Iter8Error unless it ended with 0. */
export async function runScriptProcess(call: ScriptCall, ports: ProcessPorts): Promise<void> {
  call.signal.throwIfAborted();
  const child = spawn('bash', ['--norc', call.file], {
    env: call.env,
    cwd: path.dirname(call.file),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a group of its own
  });
  const ended = new Promise<{ code: number | null; by: string | null }>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => reject(cannotStart(error)));
    child.once('exit', (code, by) => resolve({ code, by }));
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const budget = new OutputBudget();
  let last = '';
  const outputs = [child.stdout, child.stderr].map((stream) => {
    const output = scriptOutput(
      {
        secrets: call.secrets,
        onLine: (line) => {
          if (line.trim() !== '') last = line;
          call.onOutput(line);
        },
      },
      budget,
    );
    stream.on('data', (chunk: Buffer) => output.add(chunk));
    return output;
  });
  const group = child.pid;
  const guard = group === undefined ? undefined : startGuard(group, path.dirname(call.file), call.env);
  const limit = timeLimit(ports.clock, call.longestMs);
  const end = () => {
    if (group !== undefined) void endGroup(group, GRACE_MS, ports);
  };
  for (const signal of [limit.signal, call.signal]) signal.addEventListener('abort', end, { once: true });
  try {
    const { code, by } = await ended;
    await endGroup(group!, SHORT_GRACE_MS, ports);
    // A process that left the group may hold the pipes; what it prints is not awaited.
    const late = timeLimit(ports.clock, SHORT_GRACE_MS);
    await Promise.race([closed, aborted(late.signal)]);
    late.cancel();
    for (const output of outputs) output.end();
    call.signal.throwIfAborted();
    if (limit.signal.aborted) throw new Iter8Error(`the script was ended: not done within ${call.longestMs / 1000} s`);
    if (code !== 0) {
      const ending = by === null ? `exit code ${code}` : `signal ${by}`;
      throw new Iter8Error(`the script ended with ${ending}${last === '' ? '' : `: ${last.slice(0, 300)}`}`);
    }
  } finally {
    limit.cancel();
    for (const signal of [limit.signal, call.signal]) signal.removeEventListener('abort', end);
    child.stdout.destroy();
    child.stderr.destroy();
    guard?.stdin.end('done\n');
  }
}

function cannotStart(error: NodeJS.ErrnoException): Iter8Error {
  if (error.code === 'ENOENT') return new UsageError('run needs bash, which is not installed here');
  return new Iter8Error(`bash cannot be started: ${messageOf(error)}`, { cause: error });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/**
 * Asks a group of processes to end, then ends it; resolves when nothing of it is left. Dead processes that nobody has
 * collected count as members: they are not awaited for ever.
 */
export async function endGroup(group: number, graceMs: number, { clock, kill }: ProcessPorts): Promise<void> {
  if (!kill(-group, 'SIGTERM')) return;
  const deadline = clock.monotonicMs() + graceMs;
  while (kill(-group, 0)) {
    const over = clock.monotonicMs() - deadline;
    if (over >= 0) kill(-group, 'SIGKILL');
    if (over >= SHORT_GRACE_MS) return;
    await clock.sleep(LOOK_EVERY_MS);
  }
}

/** Constant text: what it is about comes as arguments. (A bash whose standard input is a socket would read ~/.bashrc.) */
const GUARD = `trap '' HUP INT TERM
read -r word && exit 0
kill -TERM -- "-$1" 2>/dev/null
for ((i = 0; i < ${GRACE_MS / 100}; i++)); do
  kill -0 -- "-$1" 2>/dev/null || break
  sleep 0.1
done
kill -KILL -- "-$1" 2>/dev/null
rm -rf -- "$2"`;

function startGuard(group: number, folder: string, env: Readonly<Record<string, string>>) {
  const guard = spawn('bash', ['--norc', '-c', GUARD, 'iter8ctl-guard', String(group), folder], {
    env: { PATH: env['PATH'] ?? '/usr/bin:/bin' },
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.on('error', () => undefined); // without it a killed run leaves its script behind, which the next one ends
  guard.stdin.on('error', () => undefined);
  guard.unref();
  return guard;
}
