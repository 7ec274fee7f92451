/**
 * Tokens of an OpenID Connect issuer (`users[].user.auth-provider: oidc`): used while they are valid, refreshed when not, and
 * written back, since an issuer may accept a refresh token only once.
 *
 * Our own, because client-node 1.4 gives the issuer neither the client's secret nor trust in the issuer's own CA, keeps the
 * new tokens to itself, and goes on without credentials when it cannot refresh.
 * Source: OpenID Connect Core 1.0 section 12; kubectl's auth-provider settings.
 */
import { isObject } from '../../text/check-fields.ts';
import { messageOf, UnavailableError } from '../../errors.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { systemReason } from '../../text/system-reasons.ts';
import { basicHeader } from '../http/url-user.ts';
import { MAX_CREDENTIAL_BYTES, readBounded } from '../manifest/bounded-read.ts';
import { sendOnce } from './http-request.ts';

/** Keys as in a kubeconfig: idp-issuer-url, client-id, client-secret, id-token, refresh-token, idp-certificate-authority(-data). */
export type OidcSettings = Record<string, string | undefined>;

/** A credential is not used when it ends so soon. */
export const MARGIN_MS = 10_000;
const MAX_ANSWER = 1024 * 1024;
const TIMEOUT_MS = 30_000;

export interface OidcToken {
  readonly token: string;
  /** ms since 1970: from then on it is refreshed before it is used. */
  readonly usableUntil: number;
}

export interface OidcOptions {
  readonly nowMs: number;
  /** The server refused the last one. */
  readonly force: boolean;
  /** Where new tokens are written. */
  readonly files: readonly string[];
  /** Receives a sentence when they could not be. */
  readonly onMessage: (text: string) => void;
}

/**
 * A valid ID token; `settings` holds the new ones afterwards. One call at a time: an issuer may take a refresh token only once.
 *
 * @throws UnavailableError
 */
export async function oidcToken(settings: OidcSettings, options: OidcOptions): Promise<OidcToken> {
  const present = settings['id-token'] || undefined;
  if (present !== undefined && !options.force && usableUntil(present) > options.nowMs)
    return { token: present, usableUntil: usableUntil(present) };
  const [issuer, client, refresh] = [settings['idp-issuer-url'], settings['client-id'], settings['refresh-token']];
  if (!issuer || !client || !refresh) {
    throw new UnavailableError(
      present === undefined ? 'the kubeconfig has no OIDC token' : 'the OIDC token of the kubeconfig has expired',
      { hint: 'log in again at the identity provider; there is no refresh-token to do it for you' },
    );
  }
  const ca = await caOf(settings);
  const endpoint = await tokenEndpoint(issuer, ca);
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refresh });
  const what = `refresh the token at ${issuer}`;
  const answer = await askAsClient(endpoint, { ca, form, client, secret: settings['client-secret'] ?? '', what });
  const idToken = answer['id_token'];
  if (typeof idToken !== 'string')
    throw new UnavailableError(`${issuer} refreshed the token, but gave no id_token`, { hint: 'log in again' });
  const given = answer['refresh_token'];
  const rotated = typeof given === 'string' && given !== '' ? given : refresh;
  settings['id-token'] = idToken;
  settings['refresh-token'] = rotated;
  // It brings a YAML parser, which looking at an experiment does not need.
  const { replaceInKubeconfig } = await import('./kubeconfig-write-back.ts');
  const unwritten = await replaceInKubeconfig(options.files, [
    { field: 'id-token', before: present, after: idToken },
    { field: 'refresh-token', before: refresh, after: rotated },
  ]);
  if (unwritten !== undefined)
    options.onMessage(
      `the new OIDC tokens are not in the kubeconfig (${unwritten}): the next command asks for new ones\n`,
    );
  // The issuer has just made it: one that has no date, or an old one by our clock, is not asked for with each request.
  const until = usableUntil(idToken) || Infinity;
  return { token: idToken, usableUntil: Math.max(until, options.nowMs + MARGIN_MS) };
}

/** ms since 1970; 0 when the text is no JWT: then it is refreshed. The server checks the signature, not we. */
function usableUntil(token: string): number {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const { exp } = payload as { exp?: unknown };
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 - MARGIN_MS : 0;
  } catch {
    return 0;
  }
}

async function caOf(settings: OidcSettings): Promise<string | undefined> {
  const data = settings['idp-certificate-authority-data'];
  if (data !== undefined && data !== '') return Buffer.from(data, 'base64').toString('utf8');
  const file = settings['idp-certificate-authority'];
  if (file === undefined || file === '') return undefined;
  try {
    return (await readBounded(file, { maxBytes: MAX_CREDENTIAL_BYTES })).toString('utf8');
  } catch (error) {
    throw new UnavailableError(`idp-certificate-authority ${file} cannot be read: ${systemReason(error)}`, {
      hint: 'correct auth-provider.config of the user in the kubeconfig',
      cause: error,
    });
  }
}

async function tokenEndpoint(issuer: string, ca: string | undefined): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { token_endpoint: endpoint } = await ask(url, { ca, what: `read ${url}` });
  if (typeof endpoint !== 'string') throw new UnavailableError(`${url} names no token_endpoint`);
  return endpoint;
}

interface ClientRequest {
  readonly ca: string | undefined;
  readonly form: URLSearchParams;
  readonly client: string;
  readonly secret: string;
  readonly what: string;
}

/**
 * An issuer takes the secret of a client in the form or in a header, and says by 401 that it is the other one. Source: RFC 6749, 2.3.1
 * and 5.2; kubectl tries both, too.
 */
async function askAsClient(
  endpoint: string,
  { ca, form, client, secret, what }: ClientRequest,
): Promise<Record<string, unknown>> {
  const inForm = new URLSearchParams([
    ...form,
    ['client_id', client],
    ...(secret === '' ? [] : [['client_secret', secret] as [string, string]]),
  ]);
  try {
    return await ask(endpoint, { ca, body: inForm.toString(), what });
  } catch (error) {
    if (secret === '' || !(error instanceof RefusedClientError)) throw error;
    const [name, password] = [client, secret].map((text) => new URLSearchParams({ '': text }).toString().slice(1));
    return ask(endpoint, { ca, body: form.toString(), authorization: basicHeader(name!, password!), what });
  }
}

class RefusedClientError extends UnavailableError {}

async function ask(
  url: string,
  request: {
    readonly ca: string | undefined;
    readonly body?: string;
    readonly authorization?: string;
    readonly what: string;
  },
): Promise<Record<string, unknown>> {
  let refusesClient = false;
  try {
    const { status, text } = await sendOnce(url, {
      method: request.body === undefined ? 'GET' : 'POST',
      headers: {
        ...(request.body === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' }),
        ...(request.authorization === undefined ? {} : { Authorization: request.authorization }),
      },
      body: request.body,
      ca: request.ca,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_ANSWER,
    });
    // What an issuer answers may hold tokens: only its error code is shown.
    refusesClient = status === 401;
    const answer = answerIn(text);
    if (status < 200 || status > 299) {
      const code = typeof answer['error'] === 'string' ? `: ${sanitizeLine(answer['error'].slice(0, 100))}` : '';
      throw new Error(`it answered ${status}${code}`);
    }
    return answer;
  } catch (error) {
    const Failure = refusesClient ? RefusedClientError : UnavailableError;
    throw new Failure(`cannot ${request.what}: ${messageOf(error)}`, {
      hint: 'log in again at the identity provider',
      cause: error,
    });
  }
}

function answerIn(text: string): Record<string, unknown> {
  try {
    const answer: unknown = JSON.parse(text);
    if (isObject(answer)) return answer;
  } catch {
    // The parser's message quotes the text.
  }
  throw new Error('it answered with something that is not a JSON object');
}
