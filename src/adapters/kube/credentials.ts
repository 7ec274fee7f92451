/** What each request carries to say who asks: headers and TLS, from the user of the kubeconfig; renewed when the server refuses them. */
import type { Agent } from 'node:http';
import type { AgentOptions, RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { Iter8Error, messageOf, UnavailableError } from '../../errors.ts';
import { redactUrls } from '../../text/redact.ts';
import { runCredentialPlugin, type ExecCredential, type ExecSpec } from './exec-credential.ts';
import type { ChosenConfig, ImpersonatingUser } from './kubeconfig.ts';
import { oidcToken, type OidcSettings } from './oidc.ts';

export interface RequestCredentials {
  readonly headers: Record<string, string | string[]>;
  readonly tls: Pick<AgentOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
  /** When the cluster is reached through a proxy. */
  readonly proxyAgent: Agent | undefined;
}

export interface Credentials {
  /** What to do when they are refused. */
  readonly loginHint: string;
  /** Asking anew may give others. */
  readonly renewable: boolean;
  /** `renew`: the server refused the last ones. */
  now(renew: boolean): Promise<RequestCredentials>;
}

/** A credential is not used when it ends so soon. */
const MARGIN_MS = 10_000;

export function openCredentials(
  chosen: ChosenConfig,
  options: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly interactive: boolean;
    readonly now: () => number;
  },
): Credentials {
  const user: ImpersonatingUser | undefined = chosen.user;
  const exec = (user?.exec as ExecSpec | undefined | null) ?? undefined;
  const provider = user?.authProvider as
    | { name?: string; config?: OidcSettings & { tokenFile?: string } }
    | undefined
    | null;
  const oidc = provider?.name === 'oidc' ? (provider.config ?? {}) : undefined;
  const tokenFile = provider?.config?.tokenFile;
  const withoutProvider = exec !== undefined || oidc !== undefined;
  let config = plainConfig(chosen, withoutProvider);
  let plugin: ExecCredential | undefined;

  const now = async (renew: boolean): Promise<RequestCredentials> => {
    // A token file is read once a minute; one that was refused has been replaced.
    if (renew && tokenFile !== undefined) config = plainConfig(chosen, withoutProvider);
    const expired = plugin?.expiresAt !== undefined && plugin.expiresAt - MARGIN_MS <= options.now();
    if (exec !== undefined && (plugin === undefined || renew || expired)) {
      plugin = await askPlugin(exec, chosen, options);
      config = plainConfig(chosen, withoutProvider, plugin);
    }
    const applied: RequestOptions = { headers: {} };
    try {
      await config.applyToHTTPSOptions(applied);
    } catch (error) {
      throw new UnavailableError(
        `the credentials of ${chosen.description} cannot be read: ${redactUrls(messageOf(error))}`,
        {
          hint: 'check the user in the kubeconfig',
          cause: error,
        },
      );
    }
    const headers: RequestCredentials['headers'] = {};
    for (const [name, value] of Object.entries(applied.headers ?? {})) headers[name] = String(value).trim();
    if (typeof applied.auth === 'string')
      headers['Authorization'] = `Basic ${Buffer.from(applied.auth).toString('base64')}`;
    if (oidc !== undefined) {
      const token = await oidcToken(oidc, { nowMs: options.now(), force: renew, files: chosen.files });
      headers['Authorization'] = `Bearer ${token}`;
    }
    // Node sends a header that is a list once for each entry.
    if (user?.impersonateGroups !== undefined) headers['Impersonate-Group'] = [...user.impersonateGroups];
    return {
      headers,
      tls: {
        ...(applied.ca === undefined ? {} : { ca: applied.ca }),
        ...(applied.cert === undefined ? {} : { cert: applied.cert }),
        ...(applied.key === undefined ? {} : { key: applied.key }),
        ...(serverNameOf(applied) === undefined ? {} : { servername: serverNameOf(applied)! }),
        ...(applied.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: applied.rejectUnauthorized }),
      },
      proxyAgent: chosen.cluster.proxyUrl === undefined ? undefined : (applied.agent as Agent),
    };
  };
  return {
    loginHint: loginHint({ exec, oidc: oidc !== undefined, tokenFile, token: user?.token }),
    renewable: exec !== undefined || oidc?.['refresh-token'] !== undefined || tokenFile !== undefined,
    now,
  };
}

/** Without the kinds of credentials that we get ourselves, and with what a plugin gave. */
function plainConfig(chosen: ChosenConfig, withoutProvider: boolean, plugin: ExecCredential = {}): KubeConfig {
  const { cluster } = chosen;
  const { exec: _exec, authProvider, ...user } = chosen.user ?? { name: '' };
  const config = new KubeConfig();
  config.loadFromClusterAndUser(cluster, {
    ...user,
    ...(withoutProvider || authProvider === undefined || authProvider === null ? {} : { authProvider }),
    ...(plugin.token === undefined ? {} : { token: plugin.token }),
    ...(plugin.cert === undefined ? {} : { certData: Buffer.from(plugin.cert).toString('base64') }),
    ...(plugin.key === undefined ? {} : { keyData: Buffer.from(plugin.key).toString('base64') }),
    name: 'iter8ctl',
  });
  return config;
}

function serverNameOf(applied: RequestOptions): string | undefined {
  return (applied as { servername?: string }).servername;
}

async function askPlugin(
  exec: ExecSpec,
  { cluster, description }: ChosenConfig,
  options: Parameters<typeof openCredentials>[1],
): Promise<ExecCredential> {
  try {
    return await runCredentialPlugin(exec, {
      env: options.env,
      interactive: options.interactive,
      cluster: {
        server: cluster.server,
        caData: cluster.caData,
        tlsServerName: cluster.tlsServerName,
        insecureSkipTlsVerify: cluster.skipTLSVerify,
      },
    });
  } catch (error) {
    if (!(error instanceof Iter8Error)) throw error;
    throw new UnavailableError(`cannot log in to ${description}: ${error.message}`, { hint: error.hint, cause: error });
  }
}

function loginHint(user: {
  readonly exec: ExecSpec | undefined;
  readonly oidc: boolean;
  readonly tokenFile: string | undefined;
  readonly token: string | undefined;
}): string {
  if (user.exec !== undefined) return `log in anew with what ${user.exec.command} belongs to`;
  if (user.oidc) return 'log in anew at the identity provider';
  if (user.tokenFile !== undefined) return `the token in ${user.tokenFile} has expired or is not of this cluster`;
  if (user.token !== undefined)
    return 'the token of the kubeconfig has expired or is not of this cluster: get a new one';
  return 'check the user in the kubeconfig (kubectl config view)';
}
