/** The tasks that are performed outside the engine, by name. */
import { UsageError } from '../../errors.ts';
import type { TaskRunner } from '../../engine/ports.ts';

/** A runner that knows no task yet: `cli/readiness` refuses all but `metrics/collect` before anything starts. */
export function createTaskRunner(): TaskRunner {
  return {
    run: (task) => Promise.reject(new UsageError(`${task.task ?? 'run'} is not built yet in this version of iter8ctl`)),
  };
}
