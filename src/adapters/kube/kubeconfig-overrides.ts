/** Flags that stand over what a kubeconfig says of its cluster and user, as in kubectl. */
import path from 'node:path';
import { UsageError } from '../../errors.ts';
import { redactUrls } from '../../text/redact.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { isLoopback } from '../http/proxy.ts';
import type { KubeCluster, KubeUser } from './kubeconfig-entries.ts';

export interface KubeOverrides {
  readonly server?: string | undefined;
  readonly token?: string | undefined;
  readonly as?: string | undefined;
  readonly asGroup?: readonly string[] | undefined;
  readonly asUid?: string | undefined;
  readonly certificateAuthority?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  readonly tlsServerName?: string | undefined;
}

interface Chosen {
  readonly cluster: KubeCluster;
  readonly user: KubeUser | undefined;
  readonly insecure: boolean;
}

/** @throws UsageError for flags that contradict one another, or a server that is none */
export function withOverrides<T extends Chosen>(chosen: T, flags: KubeOverrides, cwd: string): T {
  const { server, certificateAuthority, insecureSkipTlsVerify, tlsServerName } = flags;
  if (server !== undefined && !/^https?:\/\/[^/]/i.test(server))
    throw new UsageError(`--server ${sanitizeLine(redactUrls(server))}: expected http(s)://HOST:PORT`);
  if (certificateAuthority !== undefined && insecureSkipTlsVerify === true)
    throw new UsageError('--certificate-authority and --insecure-skip-tls-verify contradict one another');
  const { skipTLSVerify, tlsServerName: writtenName, ...present } = chosen.cluster;
  // A name in the kubeconfig is that of its own server. Source: client-go tools/clientcmd, getCluster.
  const name = tlsServerName ?? (server === undefined ? writtenName : undefined);
  const cluster = {
    ...present,
    skipTLSVerify: insecureSkipTlsVerify ?? (certificateAuthority === undefined ? skipTLSVerify : false),
    // Paths begin with a slash of their own.
    ...(server === undefined ? {} : { server: server.replace(/\/+$/, '') }),
    ...(name === undefined ? {} : { tlsServerName: name }),
  };
  if (certificateAuthority !== undefined) {
    delete cluster.caData;
    cluster.caFile = path.resolve(cwd, certificateAuthority);
  }
  if (insecureSkipTlsVerify === true) {
    delete cluster.caData;
    delete cluster.caFile;
  }
  const written = withUser(chosen.user, flags);
  const user = isInTheClear(cluster) ? withoutSecrets(written) : written;
  const insecure = cluster.skipTLSVerify && !cluster.server.startsWith('http:');
  return { ...chosen, cluster, user, insecure };
}

/**
 * Whoever is on the way could read a request: plain HTTP to another machine, or to a proxy. kubectl sends no credentials over plain
 * HTTP at all. Source: client-go tools/clientcmd, ClientConfig, "only try to read the auth information if we are secure".
 */
export function isInTheClear({ server, proxyUrl }: Pick<KubeCluster, 'server' | 'proxyUrl'>): boolean {
  if (!/^http:/i.test(server)) return false;
  return Boolean(proxyUrl) || !URL.canParse(server) || !isLoopback(new URL(server));
}

/** Whom to act as, and nothing else of it. */
function withoutSecrets(user: KubeUser | undefined): KubeUser | undefined {
  if (user === undefined) return undefined;
  const { name, impersonateUser, impersonateUid, impersonateGroups, impersonateExtra } = user;
  return {
    name,
    ...(impersonateUser === undefined ? {} : { impersonateUser }),
    ...(impersonateUid === undefined ? {} : { impersonateUid }),
    ...(impersonateGroups === undefined ? {} : { impersonateGroups }),
    ...(impersonateExtra === undefined ? {} : { impersonateExtra }),
  };
}

function withUser(present: KubeUser | undefined, { token, as, asGroup, asUid }: KubeOverrides): KubeUser | undefined {
  if (as === undefined && (asGroup !== undefined || asUid !== undefined))
    throw new UsageError('--as-group and --as-uid go with --as');
  if (token === undefined && as === undefined) return present;
  const user: KubeUser = {
    ...(present ?? { name: 'iter8ctl' }),
    ...(as === undefined ? {} : { impersonateUser: as }),
  };
  if (token !== undefined) {
    // Whatever else would give one.
    for (const field of ['tokenFile', 'exec', 'authProvider', 'username', 'password'] as const) delete user[field];
    user.token = token;
  }
  if (as !== undefined) {
    delete user.impersonateExtra;
    delete user.impersonateGroups;
    delete user.impersonateUid;
    if (asGroup !== undefined) user.impersonateGroups = asGroup;
    if (asUid !== undefined) user.impersonateUid = asUid;
  }
  return user;
}
