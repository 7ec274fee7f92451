/** A kubeconfig that holds the context in use alone: what a script gets instead of all that its user may reach. */
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { ChosenConfig } from './kubeconfig.ts';

/** JSON, which is YAML too. */
export function exportKubeconfig(chosen: ChosenConfig): string {
  const config = new KubeConfig();
  const name = chosen.contextName ?? 'iter8ctl';
  const user = { ...chosen.user, name };
  config.loadFromOptions({
    clusters: [{ ...chosen.cluster, name }],
    users: [user],
    contexts: [{ name, cluster: name, user: name, namespace: chosen.namespace }],
    currentContext: name,
  });
  const exported = JSON.parse(config.exportConfig()) as {
    clusters: { cluster: Record<string, unknown> }[];
    users: { user: Record<string, unknown> }[];
    contexts: unknown[];
  };
  // client-node writes the context with its name inside it.
  exported.contexts = [{ name, context: { cluster: name, user: name, namespace: chosen.namespace } }];
  // It knows nothing of these either.
  const { extensions, disableCompression } = chosen.cluster;
  exported.clusters[0]!.cluster = {
    ...exported.clusters[0]!.cluster,
    ...(extensions === undefined ? {} : { extensions }),
    ...(disableCompression === undefined ? {} : { 'disable-compression': disableCompression }),
  };
  const { tokenFile, impersonateUid, impersonateGroups, impersonateExtra } = chosen.user ?? {};
  exported.users[0]!.user = {
    ...exported.users[0]!.user,
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(impersonateUid === undefined ? {} : { 'as-uid': impersonateUid }),
    ...(impersonateGroups === undefined ? {} : { 'as-groups': impersonateGroups }),
    ...(impersonateExtra === undefined ? {} : { 'as-user-extra': impersonateExtra }),
  };
  return JSON.stringify(exported);
}
