/**
 * Scripts are code. They are run on this machine when they stand in a file that the person at the keyboard names, as they
 * stand there; when they were approved so in an earlier run; or when --allow-scripts says so (docs/behavior.md 13).
 * Looked at again whenever the spec is read: whoever may change the experiment must not gain the shell of the person
 * who drives it.
 */
import { messageOf, NotApprovedError } from '../errors.ts';
import type { Approvals } from '../adapters/store/script-approvals.ts';
import type { TaskRunner } from '../drive/ports.ts';
import { withDefaults } from '../experiment/defaults.ts';
import type { Experiment, WrittenExperiment } from '../experiment/experiment.ts';
import type { Context } from './context.ts';
import { fingerprintOf, scriptsOf, type PlacedScript } from './script-fingerprint.ts';

export interface ScriptGateOptions {
  readonly context: Context;
  /** Opened only when there are scripts. */
  readonly approvals: () => Promise<Approvals>;
  /** --allow-scripts: whatever scripts it has, and may get in the course of this run. */
  readonly allowAll: boolean;
  /** A manifest from a file of one's own. */
  readonly own?: WrittenExperiment | undefined;
  /** Where the experiment comes from, for messages. */
  readonly from: string;
  readonly say: (text: string) => void;
}

export interface ScriptGate {
  /** Before anything is made. @throws NotApprovedError */
  check(experiment: Experiment): Promise<void>;
  /** Before it is driven: the same, and what is approved is remembered. @throws NotApprovedError */
  admit(experiment: Experiment): Promise<void>;
  /** A runner that runs no other scripts. */
  guarded(tasks: TaskRunner): TaskRunner;
}

export function createScriptGate(options: ScriptGateOptions): ScriptGate {
  const { context, allowAll, own, from, say } = options;
  let approvals: Promise<Approvals> | undefined;
  const opened = () => (approvals ??= options.approvals());
  const refused = async <T extends PlacedScript>(scripts: readonly T[], experiment: Experiment): Promise<T[]> => {
    if (allowAll || scripts.length === 0) return [];
    const fromOwn = own === undefined ? undefined : ownFingerprints(own, experiment, context.place);
    const isApproved = async (script: PlacedScript): Promise<boolean> => {
      const fingerprint = fingerprintOf(script, experiment, context.place);
      return fromOwn?.has(fingerprint) === true || (await opened()).has(fingerprint);
    };
    const approved = await Promise.all(scripts.map(isApproved));
    return scripts.filter((_, index) => !approved[index]);
  };
  const remember = async (scripts: readonly PlacedScript[], experiment: Experiment) => {
    if (scripts.length === 0) return;
    const fingerprints = scripts.map((script) => fingerprintOf(script, experiment, context.place));
    await (await opened()).remember(fingerprints).catch((error: unknown) => {
      say(`its scripts run, but that cannot be remembered (${messageOf(error)}): a later run asks for --allow-scripts`);
    });
  };
  const admitted = async (experiment: Experiment, scripts: readonly (PlacedScript & { readonly at: string })[]) => {
    const changed = await refused(scripts, experiment);
    if (changed.length > 0)
      throw notTheApproved(
        experiment,
        changed.map(({ at }) => at),
        context,
      );
    await remember(scripts, experiment);
  };
  return {
    check: async (experiment) => {
      if ((await refused(scriptsOf(experiment), experiment)).length === 0) return;
      const { name } = experiment.metadata;
      throw new NotApprovedError(`experiment ${name} has scripts (run), and they come from ${from}`, {
        hint:
          own === undefined && name !== ''
            ? `read them (${context.asTyped('get', experiment.metadata, '-o', 'raw')}), then add --allow-scripts`
            : 'read them, then add --allow-scripts',
      });
    },
    admit: (experiment) => admitted(experiment, scriptsOf(experiment)),
    guarded: (tasks) => ({
      keeps: (task) => tasks.keeps?.(task) === true,
      // What somebody else has begun is waited for, and not run here.
      ...(tasks.rejoin === undefined ? {} : { rejoin: (call) => tasks.rejoin!(call) }),
      run: async (call) => {
        if (call.task.task === undefined) {
          const [action, index] = call.id.split('/');
          const script = { action: action!.replace(/\d+$/, ''), task: call.task, at: `${action}[${index}]` };
          await admitted(call.experiment, [script]);
        }
        return tasks.run(call);
      },
      // What the start action may have changed; its own scripts are looked at one by one.
      admit: (experiment) =>
        admitted(
          experiment,
          scriptsOf(experiment).filter(({ action }) => action !== 'start'),
        ),
    }),
  };
}

/** Under the name that the store gave it. */
function ownFingerprints(own: WrittenExperiment, { metadata }: Experiment, place: string): ReadonlySet<string> {
  const { name, namespace } = metadata;
  const written = withDefaults({ ...own, metadata: { ...own.metadata, name, namespace } }, { name, namespace });
  return new Set(scriptsOf(written).map((script) => fingerprintOf(script, written, place)));
}

function notTheApproved({ metadata }: Experiment, places: readonly string[], context: Context): NotApprovedError {
  const what = places.length === 1 ? `the script ${places[0]} is` : `the scripts ${places.join(', ')} are`;
  return new NotApprovedError(
    `experiment ${metadata.name}: ${what} not what was approved: the text or a value that it is given was changed in ${context.store.description}`,
    {
      hint: `read it (${context.asTyped('get', metadata, '-o', 'raw')}); if it is right, go on with: ${context.asTyped('run', metadata, '--allow-scripts')}`,
    },
  );
}
