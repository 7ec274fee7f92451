/** `notification/http`: one request with what is known of the experiment. Source: docs/contract.md 3.4; docs/behavior.md 6.2. */
import { Iter8Error, UndeliveredError, type SendAgain } from '../../errors.ts';
import { qualifiedKey } from '../../experiment/experiment.ts';
import { isSendableHeader } from '../../experiment/http-headers.ts';
import { httpNotificationInputs, type HttpNotificationInputs } from '../../experiment/tasks/notification-inputs.ts';
import { taskSettings } from '../../experiment/tasks/timeout-retries-ignore-failure.ts';
import { bodyKind, fillBody, fillHeader, fillUrl, isHeaderValue } from '../../expressions/message-placeholders.ts';
import type { PlaceholderScope } from '../../expressions/placeholders.ts';
import type { SecretReader, TaskCall } from '../../drive/ports.ts';
import { redact } from '../../text/redact.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { sendMessage, type Answer, type Message } from '../http/send-message.ts';
import { basicHeader } from '../http/url-user.ts';
import { defaultBody, messageScope } from './message-scope.ts';
import type { PerformTask } from './task-registry.ts';

export interface NotificationPorts {
  readonly secrets: SecretReader;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
}

type Fields = Readonly<Record<string, string>>;

export function createHttpNotification(ports: NotificationPorts): PerformTask {
  return async (call) => {
    const inputs = httpNotificationInputs(call.task);
    const read = (name: string | undefined) => readSecret(ports, call, name);
    const [secret, headerFields] = [await read(inputs.secret), await read(inputs.headersFrom?.secret)];
    // Fields of two secrets may be called the same.
    const hidden = [secret, headerFields].flatMap((fields) => Object.values(fields ?? {}));
    try {
      const message = messageOf(call, { inputs, secret, headerFields, userAgent: ports.userAgent });
      const { env } = ports;
      const answer = await sendMessage(message, {
        env,
        timeoutMs: taskSettings(call.task).timeoutMs!,
        signal: call.signal,
      });
      if (answer.status > 299) throw refusal(message.url, answer, hidden);
      return `${message.url.origin} answered ${answer.status}`;
    } catch (error) {
      throw withoutSecrets(error, hidden);
    }
  };
}

/** Fields of a secret of the experiment's namespace, or of the one written. */
export async function readSecret(
  { secrets }: Pick<NotificationPorts, 'secrets'>,
  { experiment, signal }: TaskCall,
  name: string | undefined,
): Promise<Fields | undefined> {
  if (name === undefined) return undefined;
  return secrets.read(qualifiedKey(name, experiment.metadata.namespace), signal);
}

const SHOWN_ANSWER = 200;

/** It was not taken: by a server that is busy or broken, which may be asked again, or by one that does not want it. */
export function refusal(url: URL, { status, text, afterMs }: Answer, hidden: readonly string[]): UndeliveredError {
  const shown = sanitizeLine(redact(text.trim(), hidden).slice(0, SHOWN_ANSWER));
  return new UndeliveredError(`${url.origin} answered ${status}${shown === '' ? '' : `: ${shown}`}`, {
    again: againAfter(status, afterMs),
    afterMs,
  });
}

/**
 * With 429, and with a 503 that says when to come again, a server says that it did nothing. Any other 503 may be of a proxy whose
 * connection to the server broke after the message went through (Envoy, response flags UC and UR): it may have done its work.
 */
const againAfter = (status: number, afterMs: number | undefined): SendAgain =>
  status === 429 || (status === 503 && afterMs !== undefined)
    ? 'safe'
    : status === 408 || status >= 500
      ? 'may-repeat'
      : 'useless';

/** Messages of errors leave the program without these secrets. */
export function withoutSecrets(error: unknown, hidden: readonly string[]): unknown {
  if (error instanceof Iter8Error) error.message = redact(error.message, hidden);
  return error;
}

/** Pure. @throws Iter8Error for a placeholder that cannot be filled in, or a value that cannot stand where it does */
function messageOf(
  call: TaskCall,
  from: {
    readonly inputs: HttpNotificationInputs;
    readonly secret: Fields | undefined;
    readonly headerFields: Fields | undefined;
    readonly userAgent: string;
  },
): Message {
  const { inputs, secret, headerFields, userAgent } = from;
  const scope = messageScope(call, secret);
  const headers: Record<string, string> = {
    'user-agent': userAgent,
    'content-type': 'application/json',
    ...authorization(inputs, secret),
    ...lowerCase(Object.entries(headerFields ?? {}).map(([name, value]) => [name, checked(name, value.trim())])),
    ...lowerCase(inputs.headers.map((header) => [header.name, fillHeader(header, scope)])),
  };
  return {
    url: fillUrl(inputs.url, scope),
    method: inputs.method,
    headers,
    body: bodyOf(call, inputs, { scope, contentType: headers['content-type'] ?? '' }),
  };
}

function bodyOf(
  call: TaskCall,
  { body }: HttpNotificationInputs,
  { scope, contentType }: { readonly scope: PlaceholderScope; readonly contentType: string },
): string {
  return body === undefined ? defaultBody(call) : fillBody(body, scope, bodyKind(body, contentType));
}

function authorization(
  { authType, secret: name }: HttpNotificationInputs,
  secret: Fields = {},
): Record<string, string> {
  const field = (key: string): string => {
    const value = Object.hasOwn(secret, key) ? secret[key] : undefined;
    if (value === undefined) throw new Iter8Error(`authType ${authType}: secret ${name} has no field ${key}`);
    return value;
  };
  if (authType === 'Basic') return { authorization: basicHeader(field('username'), field('password')) };
  if (authType === 'Bearer') return { authorization: checked('authorization', `Bearer ${field('token').trim()}`) };
  return {};
}

/** Of one name, the last counts, in any case. */
function lowerCase(headers: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
}

/** A field of a secret as a header. @throws Iter8Error naming it; never with the value */
function checked(name: string, value: string): string {
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name) || !isSendableHeader(name) || !isHeaderValue(value))
    throw new Iter8Error(`field ${sanitizeLine(name)} of the secret cannot be a header`);
  return value;
}
