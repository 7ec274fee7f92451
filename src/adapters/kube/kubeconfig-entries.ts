/** Clusters and users of a kubeconfig with what client-node leaves out of them. */
import path from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Cluster, User } from '@kubernetes/client-node/dist/config_types.js';
import { isObject } from '../../text/check-fields.ts';

export interface KubeCluster extends Cluster {
  /** Settings of other programs, by their names. */
  extensions?: readonly { readonly name: string; readonly extension?: unknown }[];
  disableCompression?: boolean;
  /** That of the kubeconfig; `proxyUrl` may be the environment's. */
  readonly writtenProxyUrl?: string;
}

export interface KubeUser extends Omit<User, 'token' | 'authProvider'> {
  token?: string;
  authProvider?: { readonly name: string; readonly config?: Record<string, string | undefined> } | null;
  /** Our own: read again when it was replaced. */
  tokenFile?: string;
  impersonateUid?: string;
  impersonateGroups?: readonly string[];
  impersonateExtra?: Readonly<Record<string, readonly string[]>>;
}

/** One of them is written: only then the text is read once more. */
const LEFT_OUT = /tokenFile|as-(groups|uid|user-extra)|extensions|disable-compression/;

/** Puts in what client-node has not read, whatever its type: kubeconfig-problems.ts looks at it. `text` is that of `file`. */
export async function completeEntries(config: KubeConfig, text: string, file: string): Promise<void> {
  const users: readonly KubeUser[] = config.getUsers();
  // It looks for a plugin with a relative path in the working directory.
  for (const user of users) {
    const exec = user.exec as { command?: unknown } | undefined | null;
    if (typeof exec?.command === 'string' && /[/\\]/.test(exec.command))
      exec.command = path.resolve(path.dirname(file), exec.command);
  }
  if (!LEFT_OUT.test(text)) return;
  const { readManifest } = await import('../manifest/parse-documents.ts');
  const written = readManifest(text, file).objects[0]?.value;
  const clusters: readonly KubeCluster[] = config.getClusters();
  for (const [name, fields] of entriesOf(written?.['clusters'], 'cluster'))
    completeCluster(
      clusters.find((cluster) => cluster.name === name),
      fields,
    );
  for (const [name, fields] of entriesOf(written?.['users'], 'user'))
    completeUser(
      users.find((user) => user.name === name),
      fields,
      file,
    );
}

type Fields = Readonly<Record<string, unknown>>;

function entriesOf(list: unknown, kind: 'cluster' | 'user'): (readonly [name: unknown, fields: Fields])[] {
  if (!Array.isArray(list)) return [];
  return (list as readonly unknown[]).flatMap((entry) => {
    const fields = isObject(entry) ? entry[kind] : undefined;
    return isObject(entry) && isObject(fields) ? [[entry['name'], fields] as const] : [];
  });
}

function completeCluster(cluster: KubeCluster | undefined, fields: Fields): void {
  if (cluster === undefined) return;
  if (fields['extensions']) cluster.extensions = fields['extensions'] as KubeCluster['extensions'] & object;
  if (fields['disable-compression'] === true) cluster.disableCompression = true;
}

function completeUser(user: KubeUser | undefined, fields: Fields, file: string): void {
  if (user === undefined) return;
  const { tokenFile, 'as-uid': uid, 'as-groups': groups, 'as-user-extra': extra } = fields;
  if (typeof tokenFile === 'string' && tokenFile !== '') {
    // As kubectl: the file wins over a token beside it.
    delete user.token;
    user.tokenFile = path.resolve(path.dirname(file), tokenFile);
  } else if (tokenFile) user.tokenFile = tokenFile as string;
  if (uid) user.impersonateUid = uid as string;
  if (groups) user.impersonateGroups = groups as string[];
  if (extra) user.impersonateExtra = extra as Record<string, string[]>;
}
