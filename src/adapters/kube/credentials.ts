/** What each request carries to say who asks: headers and TLS, from the user of the kubeconfig; renewed when the server refuses them. */
import { X509Certificate } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import { Iter8Error, UnavailableError } from '../../errors.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { systemReason } from '../../text/system-reasons.ts';
import { MAX_CREDENTIAL_BYTES, readBounded } from '../manifest/bounded-read.ts';
import { runCredentialPlugin, type ExecCredential, type ExecSpec } from './exec-credential.ts';
import type { ChosenConfig } from './kubeconfig.ts';
import { isInTheClear } from './kubeconfig-overrides.ts';
import { MARGIN_MS, oidcToken } from './oidc.ts';

/** PEM. */
export interface TlsMaterial {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
  /** Made of all three, where there is a key: loading one takes milliseconds. */
  readonly context?: SecureContext | undefined;
}

export interface RequestCredentials {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly tls: TlsMaterial;
}

export interface Credentials {
  /** What to do when they are refused. */
  readonly loginHint: string;
  /** Asking again may give others. */
  readonly renewable: boolean;
  /**
   * The present ones. Whoever asks while they are being got waits for the same: one plugin, one refresh, for many requests.
   * `refused`: those that the server refused; others are got unless somebody has done so meanwhile.
   */
  now(refused?: RequestCredentials): Promise<RequestCredentials>;
}

export interface CredentialOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** There is a person at a terminal. Asked when a plugin is run: to look at standard input takes milliseconds. */
  readonly interactive: () => boolean;
  /** Wall clock, ms since 1970 UTC: credentials say when they end. */
  readonly now: () => number;
  /** What passes whatever the clock is set to, ms. */
  readonly monotonicMs: () => number;
  /** Receives what a credential plugin prints for people, and what could not be kept. */
  readonly onMessage: (text: string) => void;
}

/** What a kubeconfig says of a cluster to the plugins of its users. Source: client-go tools/clientcmd, clusterExtensionKey. */
const PLUGIN_EXTENSION = 'client.authentication.k8s.io/exec';
/** Files of tokens and certificates are replaced while we run. */
const READ_AGAIN_MS = 60_000;
/** A server that refuses what was just renewed does not make us ask a plugin, or a person, with every request. */
const RENEW_AGAIN_MS = 30_000;

export function openCredentials(chosen: ChosenConfig, options: CredentialOptions): Credentials {
  const { user } = chosen;
  const exec = (user?.exec as ExecSpec | undefined | null) ?? undefined;
  const oidc = user?.authProvider?.name === 'oidc' ? (user.authProvider.config ?? {}) : undefined;
  const tokenFile = user?.tokenFile;
  let plugin: ExecCredential | undefined;
  let last: { readonly made: RequestCredentials; readonly until: number; readonly readAgainMs: number } | undefined;
  let pending: Promise<RequestCredentials> | undefined;
  let renewedMs = -Infinity;

  const obtain = async (renew: boolean): Promise<RequestCredentials> => {
    const expired = plugin?.expiresAt !== undefined && plugin.expiresAt - MARGIN_MS <= options.now();
    if (exec !== undefined && (plugin === undefined || renew || expired))
      plugin = await askPlugin(exec, chosen, options);
    const issuer = { nowMs: options.now(), force: renew, files: chosen.files, onMessage: options.onMessage };
    const refreshed = oidc === undefined ? undefined : await oidcToken(oidc, issuer);
    const [tls, fileToken] = await Promise.all([
      tlsMaterial(chosen, plugin),
      textOfFile(tokenFile, 'tokenFile', chosen),
    ]);
    const token = plugin?.token ?? refreshed?.token ?? fileToken ?? user?.token;
    const made = { tls, headers: { ...authorization(token, chosen), ...impersonation(chosen) } };
    const until = Math.min(
      plugin?.expiresAt === undefined ? Infinity : plugin.expiresAt - MARGIN_MS,
      refreshed?.usableUntil ?? Infinity,
    );
    const isOfFiles = Boolean(tokenFile) || Boolean(user?.certFile) || Boolean(chosen.cluster.caFile);
    last = { made, until, readAgainMs: options.monotonicMs() + (isOfFiles ? READ_AGAIN_MS : Infinity) };
    return made;
  };
  return {
    loginHint: loginHint(chosen, exec, oidc !== undefined),
    renewable:
      exec !== undefined || Boolean(oidc?.['refresh-token']) || tokenFile !== undefined || Boolean(user?.certFile),
    now: (refused) => {
      if (pending !== undefined) return pending;
      const nowMs = options.monotonicMs();
      const renew = refused !== undefined && refused === last?.made && nowMs - renewedMs >= RENEW_AGAIN_MS;
      const isFresh = last !== undefined && options.now() < last.until && nowMs < last.readAgainMs;
      if (last !== undefined && isFresh && !renew) return Promise.resolve(last.made);
      if (renew) renewedMs = nowMs;
      pending = obtain(renew).finally(() => (pending = undefined));
      return pending;
    },
  };
}

/** @throws UnavailableError naming the field and the entry of the kubeconfig */
async function tlsMaterial(chosen: ChosenConfig, plugin: ExecCredential | undefined): Promise<TlsMaterial> {
  const { cluster, user, clusterText, userText } = chosen;
  if (cluster.server.startsWith('http:')) return { ca: undefined, cert: undefined, key: undefined };
  const [ca, cert, key] = await Promise.all([
    authorityOf(cluster, clusterText),
    plugin?.cert === undefined
      ? pemOf(user?.certData, user?.certFile, `client-certificate of ${userText}`)
      : Buffer.from(plugin.cert),
    plugin?.key === undefined
      ? pemOf(user?.keyData, user?.keyFile, `client-key of ${userText}`)
      : Buffer.from(plugin.key),
  ]);
  const source = plugin?.cert === undefined ? userText : `the credential plugin of ${userText}`;
  // A key alone, beside a token, is of no use to anybody; kubectl leaves it out too.
  const material = { ca, cert, key: cert === undefined ? undefined : key };
  return { ...material, context: contextOf(material, { clusterText, source }) };
}

const authorityOf = ({ caData, caFile }: ChosenConfig['cluster'], clusterText: string): Promise<Buffer | undefined> =>
  pemOf(caData, caFile, `certificate-authority of ${clusterText}`);

/** Data wins over a file, as in kubectl. */
async function pemOf(data: string | undefined, file: string | undefined, what: string): Promise<Buffer | undefined> {
  if (data) return Buffer.from(data, 'base64');
  if (!file) return undefined;
  try {
    return await readBounded(file, { maxBytes: MAX_CREDENTIAL_BYTES });
  } catch (error) {
    throw unusable(`${what}: ${file}: ${systemReason(error)}`, error);
  }
}

/** What Node refuses later it refuses within a connection, where nobody can catch it. */
function contextOf(
  { ca, cert, key }: TlsMaterial,
  of: { readonly clusterText: string; readonly source: string },
): SecureContext | undefined {
  const { createSecureContext } = process.getBuiltinModule('node:tls');
  if (ca !== undefined) {
    // Node takes an authority that is no certificate without a word, and trusts nobody then.
    attempt(() => new X509Certificate(ca), `certificate-authority of ${of.clusterText} is no certificate in PEM`);
  }
  if (cert === undefined || key === undefined) return undefined;
  try {
    return createSecureContext({ cert, key, ...(ca === undefined ? {} : { ca }) });
  } catch (error) {
    attempt(() => createSecureContext({ cert }), `client-certificate of ${of.source} is no certificate in PEM`);
    attempt(() => createSecureContext({ key }), `client-key of ${of.source} is no key in PEM, or has a passphrase`);
    throw unusable(`client-key of ${of.source} does not belong to its client-certificate`, error);
  }
}

function attempt(check: () => unknown, problem: string): void {
  try {
    check();
  } catch (error) {
    throw unusable(problem, error);
  }
}

function unusable(problem: string, cause: unknown): UnavailableError {
  return new UnavailableError(`the kubeconfig cannot be used: ${problem}`, {
    hint: 'correct it (kubectl config view shows how it is read), or work without a cluster: --local',
    cause,
  });
}

async function textOfFile(
  file: string | undefined,
  field: string,
  { userText }: ChosenConfig,
): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return (await readBounded(file, { maxBytes: MAX_CREDENTIAL_BYTES })).toString('utf8');
  } catch (error) {
    throw unusable(`${field} of ${userText}: ${file}: ${systemReason(error)}`, error);
  }
}

function authorization(token: string | undefined, { user, userText }: ChosenConfig): Record<string, string> {
  const bearer = token?.trim() ?? '';
  if (bearer !== '') {
    if (!/^[\x20-\x7e]+$/.test(bearer))
      throw unusable(`token of ${userText}: it holds a line break or another character that no token has`, undefined);
    return { Authorization: `Bearer ${bearer}` };
  }
  if (!user?.username) return {};
  return { Authorization: `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}` };
}

/** Source: kubernetes.io/docs/reference/access-authn-authz/user-impersonation. */
function impersonation({ user, userText }: ChosenConfig): Record<string, string | string[]> {
  if (!user?.impersonateUser) return {};
  /** The bytes of its UTF-8, as programs in Go send it. */
  const headerText = (value: string): string => {
    if (sanitizeLine(value) !== value)
      throw unusable(`as, as-uid, as-groups or as-user-extra of ${userText}: a control character`, undefined);
    return Buffer.from(value, 'utf8').toString('latin1');
  };
  const extra = Object.entries(user.impersonateExtra ?? {}).map(([name, values]) => [
    // What cannot stand in the name of a header is percent-encoded, and decoded by the server.
    `Impersonate-Extra-${encodeURIComponent(name.toLowerCase()).replace(/[()]/g, (one) => (one === '(' ? '%28' : '%29'))}`,
    values.map(headerText),
  ]);
  return {
    'Impersonate-User': headerText(user.impersonateUser),
    ...(user.impersonateUid ? { 'Impersonate-Uid': headerText(user.impersonateUid) } : {}),
    // Node sends a header that is a list once for each entry.
    ...(user.impersonateGroups === undefined ? {} : { 'Impersonate-Group': user.impersonateGroups.map(headerText) }),
    ...(Object.fromEntries(extra) as Record<string, string[]>),
  };
}

async function askPlugin(
  exec: ExecSpec,
  { cluster, clusterText, description }: ChosenConfig,
  options: CredentialOptions,
): Promise<ExecCredential> {
  const ca = exec.provideClusterInfo === true ? await authorityOf(cluster, clusterText) : undefined;
  try {
    return await runCredentialPlugin(exec, {
      env: options.env,
      interactive: options.interactive(),
      onMessage: options.onMessage,
      cluster: {
        server: cluster.server,
        caData: ca?.toString('base64'),
        tlsServerName: cluster.tlsServerName,
        insecureSkipTlsVerify: cluster.skipTLSVerify,
        proxyUrl: cluster.writtenProxyUrl,
        disableCompression: cluster.disableCompression,
        config: cluster.extensions?.find(({ name }) => name === PLUGIN_EXTENSION)?.extension,
      },
    });
  } catch (error) {
    if (!(error instanceof Iter8Error)) throw error;
    throw new UnavailableError(`cannot log in to ${description}: ${error.message}`, { hint: error.hint, cause: error });
  }
}

function loginHint({ cluster, user, userText }: ChosenConfig, exec: ExecSpec | undefined, oidc: boolean): string {
  if (isInTheClear(cluster))
    return 'credentials do not go over plain HTTP, as with kubectl: name the server with https://';
  if (exec !== undefined) return `log in again with what ${exec.command} belongs to`;
  if (oidc) return 'log in again at the identity provider';
  if (user?.tokenFile !== undefined) return `the token in ${user.tokenFile} has expired or is not of this cluster`;
  if (user?.token) return `the token of ${userText} has expired or is not of this cluster: get a new one`;
  if (user?.certFile || user?.certData)
    return `the client-certificate of ${userText} has expired or is not of this cluster: get a new one`;
  return `${userText === 'no user' ? 'the context names no user' : `${userText} has no credentials`}: check it (kubectl config view)`;
}
