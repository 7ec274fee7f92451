/**
 * Who made a claim, and whether that process still lives.
 *
 * A process id alone is not enough: ids are used again. The start time of the process does, together with the machine, its
 * boot and, in containers, the namespace that the id counts in.
 */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { errorCode } from './file-system-errors.ts';

/** A claimant as it stands in the name of a claim: no part holds a `.` or a `/`. */
export interface ProcessIdentity {
  /** Stands for host, boot and pid namespace. */
  readonly machine: string;
  readonly pid: number;
  /** When the process started, in a unit of the system's own; `0`: not known. */
  readonly startTime: string;
}

/** `unknown`: it runs elsewhere, or the system does not say; go by the age of the claim. */
export type Liveness = 'alive' | 'dead' | 'unknown';

/** Gives the start time of a process; null when there is no such process, undefined when that is unknown. */
export type StartTimeReader = (pid: number) => Promise<string | null | undefined>;

/** Never rejects: what cannot be found out is left unknown. */
export async function identifyProcess(pid: number, readStartTime = startTimeOf): Promise<ProcessIdentity> {
  const [boot, pidNamespace, startTime] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
    readStartTime(pid).catch(() => undefined),
  ]);
  const machine = createHash('sha256')
    .update(JSON.stringify([hostname(), boot, pidNamespace]))
    .digest('hex')
    .slice(0, 12);
  return { machine, pid, startTime: startTime ?? '0' };
}

/** Whether `other` still lives, as far as `self` can know. */
export async function livenessOf(
  other: ProcessIdentity,
  self: ProcessIdentity,
  readStartTime: StartTimeReader = startTimeOf,
): Promise<Liveness> {
  if (other.machine !== self.machine) return 'unknown';
  const startTime = await readStartTime(other.pid).catch(() => undefined);
  if (startTime === null) return 'dead';
  if (startTime === undefined || other.startTime === '0') return 'unknown';
  return startTime === other.startTime ? 'alive' : 'dead';
}

/** A name for one claim, never used twice. */
export function claimToken(self: ProcessIdentity): string {
  return `${self.machine}-${self.pid}-${self.startTime}-${randomBytes(6).toString('hex')}`;
}

/** The claimant in a name that `claimToken` made, or undefined for any other text. */
export function claimantOf(token: string): ProcessIdentity | undefined {
  const match = /^([0-9a-f]{12})-(\d+)-([0-9A-Za-z]+)-[0-9a-f]{12}$/.exec(token);
  return match === null ? undefined : { machine: match[1]!, pid: Number(match[2]), startTime: match[3]! };
}

/** From /proc where there is one (Linux), else from `ps`. */
async function startTimeOf(pid: number): Promise<string | null | undefined> {
  try {
    return startTimeInStat(await readFile(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ESRCH') return null;
    if (code !== 'ENOENT') return undefined;
  }
  const hasProc = await readFile('/proc/self/stat').then(
    () => true,
    () => false,
  );
  return hasProc ? null : startTimeFromPs(pid);
}

/**
 * Field 22 of /proc/PID/stat, ticks since boot. The name in field 2 may hold blanks and parentheses. A zombie counts as
 * absent: it is dead, only its parent has not noticed. Source: proc_pid_stat(5).
 */
function startTimeInStat(stat: string): string | null | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the first one is field 3, the state
  return fields[0] === 'Z' || fields[0] === 'X' ? null : fields[19];
}

/** For systems without /proc. `ps` gives the start to the second, which is enough to recognise a later process. */
function startTimeFromPs(pid: number): Promise<string | null | undefined> {
  return new Promise((resolve) => {
    const options = { env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/bin:/usr/bin' }, timeout: 5000 };
    execFile('ps', ['-o', 'lstart=', '-p', String(pid)], options, (error, stdout) => {
      const startTime = stdout.replaceAll(/[^0-9A-Za-z]/g, '');
      if (startTime !== '') resolve(startTime);
      else resolve(error !== null && error.code === 1 ? null : undefined);
    });
  });
}
