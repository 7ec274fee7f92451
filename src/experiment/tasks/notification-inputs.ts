/** What `notification/http` and `notification/slack` take under `with`. Source: docs/contract.md 3.4, 3.5; docs/behavior.md 6.2. */
import * as z from 'zod';
import type { TaskSpec } from '../experiment.ts';
import { headerName, readable, text, url, urlTemplate } from './input-fields.ts';
import { settingFields } from './timeout-retries-ignore-failure.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const AUTH_TYPES = ['Basic', 'Bearer', 'APIKey'] as const;

export const httpNotificationSchema = z.strictObject({
  url: urlTemplate,
  method: z.enum(METHODS).optional(),
  body: z.string().optional(),
  headers: z.array(z.strictObject({ name: headerName, value: z.string() })).optional(),
  headersFrom: z.strictObject({ secret: text }).optional(),
  authType: z.enum(AUTH_TYPES).optional(),
  secret: text.optional(),
  ...settingFields,
});

export const slackSchema = z.strictObject({
  channel: text,
  secret: text,
  /** Ours: another server that takes what Slack takes. */
  url: url.optional(),
  ...settingFields,
});

export interface HttpNotificationInputs {
  /** May hold placeholders, as may the body and the values of headers. Empty when it could not be read. */
  readonly url: string;
  readonly method: (typeof METHODS)[number];
  /** Absent: the summary and the experiment. */
  readonly body?: string | undefined;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Every field of this secret is a header. */
  readonly headersFrom?: { readonly secret: string } | undefined;
  /** Basic: fields `username` and `password` of the secret; Bearer: its field `token`. */
  readonly authType?: (typeof AUTH_TYPES)[number] | undefined;
  readonly secret?: string | undefined;
}

export const HTTP_NOTIFICATION_DEFAULTS = { method: 'POST', headers: [] } as const;

export function httpNotificationInputs(task: TaskSpec): HttpNotificationInputs {
  const {
    url: written,
    method,
    body,
    headers,
    headersFrom,
    authType,
    secret,
  } = readable(httpNotificationSchema, task.with);
  return {
    url: written ?? '',
    method: method ?? HTTP_NOTIFICATION_DEFAULTS.method,
    body,
    headers: headers ?? HTTP_NOTIFICATION_DEFAULTS.headers,
    headersFrom,
    authType,
    secret,
  };
}

export interface SlackInputs {
  readonly channel: string;
  /** Has the field `token`. */
  readonly secret: string;
  readonly url: string;
}

const SLACK_URL = 'https://slack.com/api/chat.postMessage';

export function slackInputs(task: TaskSpec): SlackInputs {
  const { channel = '', secret = '', url: written = SLACK_URL } = readable(slackSchema, task.with);
  return { channel, secret, url: written };
}
