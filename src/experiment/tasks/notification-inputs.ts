/** What `notification/http` and `notification/slack` take under `with`. Source: docs/contract.md 3.4, 3.5. */
import * as z from 'zod';
import type { TaskSpec } from '../experiment.ts';
import { headerName, readable, text, urlTemplate } from './input-fields.ts';

export const httpNotificationSchema = z.strictObject({
  url: urlTemplate,
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).optional(),
  body: z.string().optional(),
  headers: z.array(z.strictObject({ name: headerName, value: z.string() })).optional(),
  authType: z.enum(['Basic', 'Bearer', 'APIKey']).optional(),
  secret: text.optional(),
  ignoreFailure: z.boolean().optional(),
});

export const slackSchema = z.strictObject({ channel: text, secret: text, ignoreFailure: z.boolean().optional() });

export interface HttpNotificationInputs {
  /** May hold placeholders, as may the body and the values of headers. Empty when it could not be read. */
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absent: the summary and the experiment. */
  readonly body?: string | undefined;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly authType?: 'Basic' | 'Bearer' | 'APIKey' | undefined;
  readonly secret?: string | undefined;
  readonly ignoreFailure: boolean;
}

export const HTTP_NOTIFICATION_DEFAULTS = { method: 'POST', headers: [], ignoreFailure: true } as const;

export function httpNotificationInputs(task: TaskSpec): HttpNotificationInputs {
  const inputs = readable(httpNotificationSchema, task.with);
  return {
    ...inputs,
    url: inputs.url ?? '',
    method: inputs.method ?? HTTP_NOTIFICATION_DEFAULTS.method,
    headers: inputs.headers ?? HTTP_NOTIFICATION_DEFAULTS.headers,
    ignoreFailure: inputs.ignoreFailure ?? HTTP_NOTIFICATION_DEFAULTS.ignoreFailure,
  };
}

export interface SlackInputs {
  readonly channel: string;
  /** Has the field `token`. */
  readonly secret: string;
  readonly ignoreFailure: boolean;
}

export function slackInputs(task: TaskSpec): SlackInputs {
  const { channel = '', secret = '', ignoreFailure = true } = readable(slackSchema, task.with);
  return { channel, secret, ignoreFailure };
}
