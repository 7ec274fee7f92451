/** Which secrets a task reads. Pure. */
import type { TaskSpec } from '../experiment.ts';
import { collectInputs } from './collect-inputs.ts';

/** As written: `name`, of the namespace of the experiment, or `namespace/name`. */
export function secretsOfTask(task: TaskSpec): string[] {
  if (task.task === 'metrics/collect')
    return named(
      collectInputs(task).versions.flatMap(({ endpoints }) =>
        endpoints.flatMap(({ headersFrom, tls }) => [headersFrom?.secret, tls?.secret]),
      ),
    );
  const headersFrom = task.with?.['headersFrom'];
  const inHeaders =
    typeof headersFrom === 'object' && headersFrom !== null && 'secret' in headersFrom ? headersFrom.secret : undefined;
  return named([task.with?.['secret'], inHeaders]);
}

function named(written: readonly unknown[]): string[] {
  return [...new Set(written.filter((one) => typeof one === 'string'))];
}
