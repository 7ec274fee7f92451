/** Flags that stand over what a kubeconfig says of its cluster and user, as in kubectl. */
import path from 'node:path';
import type { Cluster } from '@kubernetes/client-node/dist/config_types.js';
import { UsageError } from '../../errors.ts';
import { redactUrls } from '../../text/redact.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import type { KubeUser } from './kubeconfig-problems.ts';

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
  readonly cluster: Cluster;
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
  const { skipTLSVerify, ...present } = chosen.cluster;
  const cluster = {
    ...present,
    skipTLSVerify: insecureSkipTlsVerify ?? (certificateAuthority === undefined ? skipTLSVerify : false),
    ...(server === undefined ? {} : { server }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
  };
  if (certificateAuthority !== undefined) {
    delete cluster.caData;
    cluster.caFile = path.resolve(cwd, certificateAuthority);
  }
  if (insecureSkipTlsVerify === true) {
    delete cluster.caData;
    delete cluster.caFile;
  }
  const user = withUser(chosen.user, flags);
  const insecure = cluster.skipTLSVerify && !cluster.server.startsWith('http:');
  return { ...chosen, cluster, user, insecure };
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
