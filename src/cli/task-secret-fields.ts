/** Which secrets a task other than a load reads, and which of their fields it must find. Pure. */
import type { TaskSpec } from '../experiment/experiment.ts';
import { secretsOfTask } from '../experiment/tasks/task-secrets.ts';
import { pathsIn } from '../expressions/script-placeholders.ts';

export interface NamedSecret {
  /** As written. */
  readonly name: string;
  readonly fields: readonly string[];
}

const OF_AUTH: Readonly<Record<string, readonly string[]>> = { Basic: ['username', 'password'], Bearer: ['token'] };

export function secretsWithFields(task: TaskSpec): NamedSecret[] {
  const inputs = task.with ?? {};
  return secretsOfTask(task).map((name) => ({ name, fields: name === inputs['secret'] ? fieldsOf(task) : [] }));
}

/** Those of `authType`, of Slack, and those that placeholders name as `.secret.NAME`. */
function fieldsOf({ task, run, with: inputs = {} }: TaskSpec): string[] {
  const { authType, url, body, headers } = inputs;
  const values = (Array.isArray(headers) ? headers : []).map((header: { readonly value?: unknown }) => header.value);
  const texts = [run, url, body, ...values].filter((text) => typeof text === 'string');
  const placed = texts.flatMap((text) =>
    pathsIn(text).flatMap(([first, field]) => (first === 'secret' && field !== undefined ? [field] : [])),
  );
  const ofTask = task === 'notification/slack' ? ['token'] : [];
  const ofAuth = typeof authType === 'string' && Object.hasOwn(OF_AUTH, authType) ? OF_AUTH[authType]! : [];
  return [...new Set([...ofTask, ...ofAuth, ...placed])];
}
