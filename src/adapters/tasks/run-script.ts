/**
 * `run` scripts on this machine, with bash: in a folder of their own, with a listed environment, without anything secret in
 * the text or on a command line, and ended with all that they started when they or the run end.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Iter8Error, messageOf } from '../../errors.ts';
import { systemReason } from '../../text/system-reasons.ts';
import { qualifiedKey } from '../../experiment/experiment.ts';
import { runInputs } from '../../experiment/tasks/run-inputs.ts';
import type { SecretReader, TaskCall } from '../../drive/ports.ts';
import type { PerformTask } from './task-registry.ts';
import { endOrphans, SCRIPT_MARK } from './orphaned-scripts.ts';
import { passedEnvironment } from './script-environment.ts';
import { checkValue, scriptInput } from './script-input.ts';
import { runScriptProcess, type ProcessPorts } from './script-group.ts';

export interface ScriptPorts extends ProcessPorts {
  readonly secrets: SecretReader;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A kubeconfig that holds the context in use alone; undefined without a cluster. */
  readonly kubeconfig?: (() => string) | undefined;
  /** A line that the script printed, without secrets. */
  readonly onOutput: (line: string) => void;
}

export function createScriptTask(ports: ScriptPorts): PerformTask {
  return async (call) => {
    const { task, experiment, signal } = call;
    const { secret, timeoutMs } = runInputs(task);
    const fields =
      secret === undefined
        ? undefined
        : await ports.secrets.read(qualifiedKey(secret, experiment.metadata.namespace), signal);
    const script = scriptInput(task, experiment, fields === undefined ? undefined : Object.keys(fields));
    const env: Record<string, string> = { ...passedEnvironment(ports.env), ...script.env };
    for (const [variable, field] of Object.entries(script.secretEnv)) {
      checkValue(variable, fields![field]!);
      env[variable] = fields![field]!;
    }
    const mark = markOf(call);
    const ended = await endOrphans(mark, ports);
    if (ended > 0) ports.onOutput('(ended: the same script, left running by a driver that was killed)');
    const folder = await scratchFolder();
    try {
      const file = path.join(folder, 'script.sh');
      await written(file, script.text);
      Object.assign(env, { SCRATCH_DIR: folder, [SCRIPT_MARK]: mark });
      if (ports.kubeconfig !== undefined) {
        env['KUBECONFIG'] = path.join(folder, 'kubeconfig');
        await written(env['KUBECONFIG'], ports.kubeconfig());
      }
      const { onOutput } = ports;
      const secrets = Object.values(fields ?? {});
      await runScriptProcess({ file, env, longestMs: timeoutMs, secrets, onOutput, signal }, ports);
      return 'the script ended with exit code 0';
    } finally {
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    }
  };
}

/** The same for every driver that performs this task of this experiment. */
function markOf({ experiment: { metadata }, id }: TaskCall): string {
  return `${metadata.uid ?? `${metadata.namespace}/${metadata.name}`}/${id}`;
}

async function scratchFolder(): Promise<string> {
  try {
    const folder = await mkdtemp(path.join(tmpdir(), 'iter8ctl-script-'));
    await chmod(folder, 0o700); // whatever the umask says
    return folder;
  } catch (cause) {
    throw new Iter8Error(
      `a folder for the script cannot be made in ${tmpdir()}: ${systemReason(cause).replace('to read it', 'to write there')}`,
      {
        cause,
        hint: 'set TMPDIR to a folder that can be written',
      },
    );
  }
}

async function written(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { mode: 0o600 });
    await chmod(file, 0o600);
  } catch (cause) {
    throw new Iter8Error(`${file} cannot be written: ${messageOf(cause)}`, { cause });
  }
}
