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
    users: { user: Record<string, unknown> }[];
    contexts: unknown[];
  };
  // client-node writes the context with its name inside it, and a token file as an auth provider that kubectl has no more.
  exported.contexts = [{ name, context: { cluster: name, user: name, namespace: chosen.namespace } }];
  const provider = chosen.user?.authProvider as { name?: string; config?: { tokenFile?: string } } | undefined | null;
  if (provider?.config?.tokenFile !== undefined) {
    exported.users[0]!.user = {
      ...exported.users[0]!.user,
      'auth-provider': undefined,
      tokenFile: provider.config.tokenFile,
    };
  }
  return JSON.stringify(exported);
}
