/** What the API answers, and the errors that are answers. */
import type { Issue } from '../errors.ts';
import { jsonText, OUTPUT_VERSION } from '../report/json-text.ts';
import { redactUrls } from '../text/redact.ts';
import { sanitizeLine } from '../text/sanitize.ts';

export interface Answer {
  readonly status: number;
  readonly type: 'application/json' | 'text/plain; charset=utf-8';
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A request that is refused: the sentence is answered, so nothing secret may be in it. */
export class RefusedError extends Error {
  readonly status: number;
  readonly details: readonly string[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    more: { readonly details?: readonly string[]; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.details = more.details ?? [];
    this.headers = more.headers ?? {};
  }
}

/** Of those who come when it is too much. */
export const busy = (what: string): RefusedError => new RefusedError(503, what, { headers: { 'Retry-After': '2' } });

export const json = (value: unknown, status = 200): Answer => ({
  status,
  type: 'application/json',
  body: `${jsonText(value)}\n`,
});

/** For those who show it to people as it is. */
export const line = (status: number, text: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${sanitizeLine(redactUrls(text))}\n`,
});

const MOST_DETAILS = 50;

/** `kind: Error` of docs/api.md. */
export function errorJson({ status, message, details }: RefusedError) {
  return {
    apiVersion: OUTPUT_VERSION,
    kind: 'Error',
    status,
    message: sanitizeLine(redactUrls(message)),
    details: details.slice(0, MOST_DETAILS).map((text) => sanitizeLine(redactUrls(text))),
  };
}

export const refused = (error: RefusedError): Answer => ({
  ...json(errorJson(error), error.status),
  headers: error.headers,
});

/** One problem of what was sent. */
export const issueText = ({ path, message }: Pick<Issue, 'path' | 'message'>): string =>
  path === '' ? message : `${path}: ${message}`;
