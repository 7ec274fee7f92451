/** Which class of failure an error of the transport is. */
import { messageOf } from '../../errors.ts';

/** `unsent`: for want of our own means; the request never left (docs/method.md 0.2). */
export type FailureClass = 'connect' | 'reset' | 'tls' | 'dns' | 'timeout' | 'other' | 'unsent';

const OWN_WANT = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOMEM', 'ENOBUFS', 'EAGAIN']);
const DNS = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
  'ENODATA',
  'ESERVFAIL',
  'ETIMEOUT',
]);
const CONNECT = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EACCES', 'EPERM']);
const RESET = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);
const TLS =
  /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO|INVALID_CA|ERR_OSSL)/;

/** The innermost errors that carry a code: aggregate errors (several addresses) count as their first. */
function rootOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0]);
  if (error instanceof Error && error.cause instanceof Error && codeOf(error) === undefined) return rootOf(error.cause);
  return error;
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** `connecting`: no byte of the request was sent yet. */
export function classifyFailure(
  error: unknown,
  connecting: boolean,
): { readonly kind: FailureClass; readonly text: string } {
  const root = rootOf(error);
  const code = codeOf(root) ?? codeOf(error) ?? '';
  const message = messageOf(root);
  const text = code === '' || message.includes(code) ? message : `${message} (${code})`;
  if (OWN_WANT.has(code)) return { kind: 'unsent', text };
  if (DNS.has(code)) return { kind: 'dns', text };
  if (TLS.test(code)) return { kind: 'tls', text };
  if (code === 'ETIMEDOUT') return { kind: connecting ? 'connect' : 'timeout', text };
  if (CONNECT.has(code)) return { kind: 'connect', text };
  if (RESET.has(code)) return { kind: connecting ? 'connect' : 'reset', text };
  return { kind: 'other', text };
}
