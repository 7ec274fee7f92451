/** Runs the tools: bounded in time, their own words in the error where they fail. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** A reason why a tool cannot be had here. */
export class Unavailable extends Error {}

/** @returns {Promise<string>} what it printed */
export function run(command, args, { input, timeoutMs = 120_000, mayFail = false, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024, ...options },
      (error, stdout, stderr) => {
        if (error === null || (mayFail && typeof error.code === 'number')) resolve(stdout);
        else
          reject(
            new Error(`${command} ${args.join(' ')}: ${error.message}\n${stdout.slice(-2000)}\n${stderr.slice(-2000)}`),
          );
      },
    );
    child.stdin?.end(input);
  });
}

/** What it prints goes to a file, as it is. */
export async function runInto(file, command, args, { input, timeoutMs = 120_000 } = {}) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], timeout: timeoutMs, killSignal: 'SIGKILL' });
  child.stdin.end(input);
  const out = createWriteStream(file);
  child.stdout.pipe(out);
  const [code] = await Promise.all([new Promise((resolve) => child.once('close', resolve)), finished(out)]);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
}

export function onPath(command) {
  try {
    return execFileSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

/** @throws Unavailable with a reason */
export function need(command, why = `${command} is not installed`) {
  const found = onPath(command);
  if (found === undefined) throw new Unavailable(why);
  return found;
}
