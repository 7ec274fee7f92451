/** The tasks that are performed outside the engine, by name. */
import { UsageError } from '../../errors.ts';
import type { TaskCall, TaskRunner } from '../../drive/ports.ts';

/** One kind of task. */
export type PerformTask = (call: TaskCall) => Promise<string>;

export interface TaskImplementations {
  /** By name, `common/readiness`; `run` for scripts. */
  readonly [name: string]: PerformTask | undefined;
}

/** A task without an implementation here is refused when it is reached; `cli/readiness` refuses it before anything starts. */
export function createTaskRunner(
  implementations: TaskImplementations,
  how: { readonly keepsScripts?: boolean; readonly rejoinScript?: TaskRunner['rejoin'] } = {},
): TaskRunner {
  return {
    keeps: ({ run }) => run !== undefined && how.keepsScripts === true,
    ...(how.rejoinScript === undefined ? {} : { rejoin: how.rejoinScript }),
    run: (call) => {
      const name = call.task.task ?? 'run';
      const perform = Object.hasOwn(implementations, name) ? implementations[name] : undefined;
      if (perform === undefined) return Promise.reject(new UsageError(`${name} cannot be done here`));
      return perform(call);
    },
  };
}
