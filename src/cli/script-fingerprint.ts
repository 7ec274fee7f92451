/** What one script would do, as far as whoever may change the experiment decides it: what an approval is bound to. Pure. */
import { canonicalJson } from '../text/canonical-json.ts';
import { createHash } from 'node:crypto';
import { versionsIn, type Experiment, type TaskSpec } from '../experiment/experiment.ts';
import { member, memberOfRoot } from '../expressions/condition-values.ts';
import { pathsIn } from '../expressions/script-placeholders.ts';

export interface PlacedScript {
  /** `start`, `loop`, `finish`. */
  readonly action: string;
  readonly task: TaskSpec;
}

/** All scripts of an experiment, with `finish[0]` and so on for messages. */
export function scriptsOf(experiment: Pick<Experiment, 'spec'>): (PlacedScript & { readonly at: string })[] {
  return Object.entries(experiment.spec.strategy.actions ?? {}).flatMap(([action, tasks]) =>
    tasks.flatMap((task, index) => (task.run === undefined ? [] : [{ action, task, at: `${action}[${index}]` }])),
  );
}

/**
 * The same for the same script with the same inputs, in the same place (a cluster, a folder). Inputs are what its placeholders
 * and variables hold of the spec and of the metadata that people write; not the status, which a run changes, and not the
 * contents of its secret.
 */
export function fingerprintOf({ action, task }: PlacedScript, experiment: Experiment, place: string): string {
  const { spec, metadata } = experiment;
  const { name, namespace, labels, annotations } = metadata;
  const readable = { metadata: { name, namespace, labels, annotations }, spec };
  const bound = {
    place,
    name,
    namespace,
    target: spec.target,
    action,
    script: { run: task.run, if: task.if, with: task.with },
    // Before anything is judged there is no winner, and a start script may be what supplies the versions.
    versions: action === 'start' ? [] : versionsIn(experiment).map((version) => version.name),
    inputs: pathsIn(task.run ?? '').map((steps) => inputAt(readable, steps)),
  };
  return createHash('sha256').update(canonicalJson(bound)).digest('hex');
}

function inputAt(readable: object, steps: readonly string[]): unknown {
  const [first, ...rest] = steps;
  if (first === undefined) return readable;
  const from = first === 'this' ? readable : memberOfRoot(readable, first);
  return rest.reduce<unknown>((at, step) => member(at, step), from) ?? null;
}
