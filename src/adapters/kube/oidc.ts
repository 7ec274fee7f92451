/**
 * Tokens of an OpenID Connect issuer (`users[].user.auth-provider: oidc`): used while they are valid, refreshed when not, and
 * written back, since an issuer may accept a refresh token only once.
 *
 * Our own, because client-node 1.4 gives the issuer neither the client's secret nor trust in the issuer's own CA, keeps the
 * new tokens to itself, and goes on without credentials when it cannot refresh.
 * Source: OpenID Connect Core 1.0 section 12; kubectl's auth-provider settings.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { messageOf, UnavailableError } from '../../errors.ts';
import { sendOnce } from './http-request.ts';

/** Keys as in a kubeconfig: idp-issuer-url, client-id, client-secret, id-token, refresh-token, idp-certificate-authority(-data). */
export type OidcSettings = Record<string, string | undefined>;

/** A token is not used when it ends so soon. */
const MARGIN_MS = 10_000;
const MAX_ANSWER = 1024 * 1024;
const TIMEOUT_MS = 30_000;

/** A valid ID token. `files`: where new tokens are written. @throws UnavailableError */
export async function oidcToken(
  settings: OidcSettings,
  options: { readonly nowMs: number; readonly force: boolean; readonly files: readonly string[] },
): Promise<string> {
  const present = settings['id-token'];
  if (present !== undefined && !options.force && expiryOf(present) - MARGIN_MS > options.nowMs) return present;
  const [issuer, client, refresh] = [settings['idp-issuer-url'], settings['client-id'], settings['refresh-token']];
  if (issuer === undefined || client === undefined || refresh === undefined) {
    throw new UnavailableError(
      present === undefined ? 'the kubeconfig has no OIDC token' : 'the OIDC token of the kubeconfig has expired',
      { hint: 'log in anew at the identity provider; there is no refresh-token to do it for you' },
    );
  }
  const ca = await caOf(settings);
  const endpoint = await tokenEndpoint(issuer, ca);
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refresh, client_id: client });
  const secret = settings['client-secret'];
  if (secret !== undefined && secret !== '') form.set('client_secret', secret);
  const answer = await ask(endpoint, { ca, body: form.toString(), what: `refresh the token at ${issuer}` });
  const idToken = answer['id_token'];
  if (typeof idToken !== 'string')
    throw new UnavailableError(`${issuer} refreshed the token, but gave no id_token`, { hint: 'log in anew' });
  const rotated = typeof answer['refresh_token'] === 'string' ? answer['refresh_token'] : refresh;
  await writeBack(options.files, [
    [present, idToken],
    [refresh, rotated],
  ]);
  settings['id-token'] = idToken;
  settings['refresh-token'] = rotated;
  return idToken;
}

/** ms since 1970; 0 when the text is no JWT: then it is refreshed. The server checks the signature, not we. */
function expiryOf(token: string): number {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const { exp } = payload as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : 0;
  } catch {
    return 0;
  }
}

async function caOf(settings: OidcSettings): Promise<string | undefined> {
  const data = settings['idp-certificate-authority-data'];
  if (data !== undefined && data !== '') return Buffer.from(data, 'base64').toString('utf8');
  const file = settings['idp-certificate-authority'];
  return file === undefined || file === '' ? undefined : await readFile(file, 'utf8');
}

async function tokenEndpoint(issuer: string, ca: string | undefined): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { token_endpoint: endpoint } = await ask(url, { ca, what: `read ${url}` });
  if (typeof endpoint !== 'string') throw new UnavailableError(`${url} names no token_endpoint`);
  return endpoint;
}

async function ask(
  url: string,
  request: { readonly ca: string | undefined; readonly body?: string; readonly what: string },
): Promise<Record<string, unknown>> {
  try {
    const { status, text } = await sendOnce(url, {
      method: request.body === undefined ? 'GET' : 'POST',
      headers: request.body === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: request.body,
      ca: request.ca,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_ANSWER,
    });
    // What an issuer answers may hold tokens: only its error code is told.
    const answer = JSON.parse(text) as Record<string, unknown>;
    if (status < 200 || status > 299) {
      const code = typeof answer['error'] === 'string' ? `: ${answer['error'].slice(0, 100)}` : '';
      throw new Error(`it answered ${status}${code}`);
    }
    return answer;
  } catch (error) {
    throw new UnavailableError(`cannot ${request.what}: ${messageOf(error)}`, {
      hint: 'log in anew at the identity provider',
      cause: error,
    });
  }
}

/** Replaces the old tokens in the file that holds them, and nothing else of it. Failing to is no failure of the request. */
async function writeBack(
  files: readonly string[],
  tokens: readonly (readonly [before: string | undefined, after: string])[],
): Promise<void> {
  for (const file of files) {
    try {
      const text = await readFile(file, 'utf8');
      let next = text;
      for (const [before, after] of tokens) {
        if (before !== undefined && before !== '' && before !== after) next = next.replaceAll(before, after);
      }
      if (next === text) continue;
      const aside = `${file}.iter8ctl-${Date.now()}`;
      try {
        await writeFile(aside, next, { mode: 0o600, flag: 'wx' });
        await rename(aside, file);
      } finally {
        await rm(aside, { force: true });
      }
    } catch {
      // a kubeconfig that may not be written: the next process refreshes again
    }
  }
}
