/**
 * Processes of a script whose driver was killed: found by a variable in their environment, and ended, before the script is run
 * once more. On systems without /proc the guard of script-group.ts alone sees to it.
 */
import { readdir, readFile } from 'node:fs/promises';
import { endGroup, GRACE_MS, type ProcessPorts } from './script-group.ts';

/** Holds the experiment's uid and the task. */
export const SCRIPT_MARK = 'ITER8_SCRIPT';

/** How many groups of processes were ended. */
export async function endOrphans(mark: string, ports: ProcessPorts): Promise<number> {
  const groups = new Set<number>();
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue;
    const group = await groupOf(entry, mark);
    if (group !== undefined) groups.add(group);
  }
  await Promise.all([...groups].map((group) => endGroup(group, GRACE_MS, ports)));
  return groups.size;
}

/** The group of a process that has the mark; undefined for every other, and for what cannot be read. */
async function groupOf(pid: string, mark: string): Promise<number | undefined> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
    if (!environment.split('\0').includes(`${SCRIPT_MARK}=${mark}`)) return undefined;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // Behind the name in parentheses: state, parent, group. Source: proc_pid_stat(5).
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || Number(group) <= 1 ? undefined : Number(group);
  } catch {
    return undefined;
  }
}
