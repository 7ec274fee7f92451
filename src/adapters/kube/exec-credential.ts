/**
 * Credentials from a plugin (`users[].user.exec`): `aws eks get-token`, `gke-gcloud-auth-plugin`, `kubelogin` ...
 *
 * Our own, because client-node 1.4 runs the plugin again for every request when it sets no expiry, gives it nothing about the
 * cluster, gives it no terminal to ask on, and waits for it for ever.
 * Source: kubernetes.io/docs/reference/access-authn-authz/authentication, "client-go credential plugins".
 */
import { spawn } from 'node:child_process';
import { messageOf, UnavailableError } from '../../errors.ts';
import { sanitizeLine, sanitizeText } from '../../text/sanitize.ts';

/** Its types are checked by kubeconfig-problems.ts. */
export interface ExecSpec {
  readonly apiVersion?: string | undefined;
  /** Absolute, or a name to be found in PATH. */
  readonly command: string;
  readonly args?: readonly string[] | null | undefined;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null | undefined;
  readonly installHint?: string | undefined;
  readonly interactiveMode?: 'Never' | 'IfAvailable' | 'Always' | undefined;
  readonly provideClusterInfo?: boolean | undefined;
}

export interface ExecCluster {
  readonly server: string;
  readonly caData?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  /** Of the kubeconfig: a plugin knows those of the environment. */
  readonly proxyUrl?: string | undefined;
  readonly disableCompression?: boolean | undefined;
  /** Whatever the kubeconfig says of this cluster to its plugins. */
  readonly config?: unknown;
}

export interface ExecCredential {
  readonly token?: string | undefined;
  /** PEM. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** ms since 1970; absent: good until the server refuses it. */
  readonly expiresAt?: number | undefined;
}

/** A plugin may open a browser and wait for a person. */
const LONGEST_MS = 120_000;
/** How long its pipes may stay open after its end: a child of its own may hold them. */
const CLOSE_MS = 1_000;
const MAX_OUTPUT = 1024 * 1024;
/** Of standard error so much is shown; a plugin that prints without end does not fill a log. */
const MAX_SHOWN = 64 * 1024;
const DEFAULT_API = 'client.authentication.k8s.io/v1';

export interface ExecOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cluster: ExecCluster;
  /** There is a person at a terminal. */
  readonly interactive: boolean;
  /** Receives what the plugin prints to standard error as it comes (`open https://... and enter CODE`), sanitized. */
  readonly onMessage: (text: string) => void;
  /** For tests. */
  readonly longestMs?: number;
}

/** Runs the plugin once. Never shows what it printed to stdout: that is the credential. @throws UnavailableError */
export async function runCredentialPlugin(spec: ExecSpec, options: ExecOptions): Promise<ExecCredential> {
  if (spec.interactiveMode === 'Always' && !options.interactive) {
    throw new UnavailableError(
      `the credential plugin ${spec.command} needs a terminal (interactiveMode: Always), and there is none`,
      { hint: 'run this in a terminal, or use another user: --user' },
    );
  }
  const interactive = options.interactive && spec.interactiveMode !== 'Never';
  const apiVersion = spec.apiVersion ?? DEFAULT_API;
  const info = {
    apiVersion,
    kind: 'ExecCredential',
    spec: { interactive, ...(spec.provideClusterInfo === true ? { cluster: clusterInfo(options.cluster) } : {}) },
  };
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.env)) if (value !== undefined) env[name] = value;
  for (const { name, value } of spec.env ?? []) env[name] = value;
  env['KUBERNETES_EXEC_INFO'] = JSON.stringify(info);
  return credentialIn(await outputOf(spec, { ...options, env, interactive }), spec);
}

/** Field by field what kubectl says. Source: client-go rest, ConfigToExecCluster. */
function clusterInfo(cluster: ExecCluster) {
  return {
    server: cluster.server,
    ...(cluster.caData === undefined ? {} : { 'certificate-authority-data': cluster.caData }),
    ...(cluster.tlsServerName === undefined ? {} : { 'tls-server-name': cluster.tlsServerName }),
    ...(cluster.insecureSkipTlsVerify === true ? { 'insecure-skip-tls-verify': true } : {}),
    ...(cluster.proxyUrl === undefined ? {} : { 'proxy-url': cluster.proxyUrl }),
    ...(cluster.disableCompression === true ? { 'disable-compression': true } : {}),
    config: cluster.config ?? null,
  };
}

function outputOf(spec: ExecSpec, options: ExecOptions): Promise<string> {
  const longestMs = options.longestMs ?? LONGEST_MS;
  return new Promise((resolve, reject) => {
    const child = spawn(spec.command, [...(spec.args ?? [])], {
      env: options.env,
      stdio: [options.interactive ? 'inherit' : 'ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    let shown = 0;
    let ended: string | undefined;
    /** Ends it for a reason of ours; pipes that a child of the plugin holds do not keep us waiting. */
    const end = (why: string) => {
      ended ??= why;
      child.kill('SIGKILL');
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(() => end(`no answer within ${longestMs / 1000} s`), longestMs);
    let closing: NodeJS.Timeout | undefined;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.length > MAX_OUTPUT) end(`it printed more than ${MAX_OUTPUT / 1024} KB`);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-2000);
      if (shown < MAX_SHOWN) options.onMessage(sanitizeText(text));
      shown += text.length;
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(notStarted(spec, error));
    });
    child.once('exit', () => {
      closing = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, CLOSE_MS);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      clearTimeout(closing);
      if (code === 0 && ended === undefined) return resolve(stdout);
      const why = ended ?? (signal === null ? `exit code ${code}` : `ended by ${signal}`);
      const last = stderr.trim().split('\n').at(-1) ?? '';
      return reject(
        new UnavailableError(
          `the credential plugin ${spec.command} failed (${why})${last === '' ? '' : `: ${sanitizeLine(last)}`}`,
          { hint: 'log in again, then try again' },
        ),
      );
    });
  });
}

function notStarted(spec: ExecSpec, error: NodeJS.ErrnoException): UnavailableError {
  const missing = error.code === 'ENOENT';
  return new UnavailableError(
    missing
      ? `the credential plugin ${spec.command}, which the kubeconfig names, is not installed`
      : `the credential plugin ${spec.command} cannot be started: ${messageOf(error)}`,
    {
      hint: spec.installHint ? sanitizeLine(spec.installHint) : 'install it, or use another user: --user',
      cause: error,
    },
  );
}

function credentialIn(output: string, spec: ExecSpec): ExecCredential {
  const bad = (what: string) =>
    new UnavailableError(`the credential plugin ${spec.command} printed no ExecCredential: ${what}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(output);
  } catch {
    throw bad('its output is not JSON');
  }
  const status = (parsed as { status?: Record<string, unknown> } | null)?.status;
  if (typeof status !== 'object' || status === null) throw bad('there is no status');
  const text = (key: string) => (typeof status[key] === 'string' && status[key] !== '' ? status[key] : undefined);
  const [token, cert, key] = [text('token'), text('clientCertificateData'), text('clientKeyData')];
  if ((cert === undefined) !== (key === undefined))
    throw bad('of status.clientCertificateData and status.clientKeyData only one is there');
  if (token === undefined && cert === undefined)
    throw bad('there is neither status.token nor a client certificate with its key');
  const expires = Date.parse(text('expirationTimestamp') ?? '');
  return { token, cert, key, ...(Number.isNaN(expires) ? {} : { expiresAt: expires }) };
}
