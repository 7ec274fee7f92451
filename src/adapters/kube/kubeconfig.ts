/**
 * Which cluster, which user, which namespace: kubeconfig files read and merged as kubectl does it.
 *
 * `--kubeconfig`, else every file of KUBECONFIG (the first to set a thing wins, missing files are skipped), else
 * ~/.kube/config, else the service account of the pod. Never `localhost:8080` by default: a guess is no cluster.
 * Source: kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig, "Merging kubeconfig files".
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Cluster, User } from '@kubernetes/client-node/dist/config_types.js';
import { messageOf, UnavailableError, UsageError } from '../../errors.ts';
import { nearest } from '../../text/did-you-mean.ts';
import { redactUrls } from '../../text/redact.ts';
import { proxyFor } from './proxy.ts';

export interface KubeFlags {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly namespace?: string | undefined;
}

/** A user with what client-node does not keep. */
export interface ImpersonatingUser extends Omit<User, 'token' | 'authProvider'> {
  token?: string;
  authProvider?: User['authProvider'];
  impersonateGroups?: readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;

/** What was chosen, for messages and requests. */
export interface ChosenConfig {
  readonly config: KubeConfig;
  readonly cluster: Cluster;
  readonly user: User | undefined;
  /** Absent inside a pod without a kubeconfig. */
  readonly contextName: string | undefined;
  /** `context kind-dev`, or `this pod's service account`. */
  readonly description: string;
  readonly namespace: string;
  /** The files that were read. */
  readonly files: readonly string[];
}

/** Names within a kubeconfig that we make up. */
const CHOSEN = 'iter8ctl';
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** A larger file is no kubeconfig. */
const MAX_BYTES = 8 * 1024 * 1024;

/** @throws UsageError for a name that is not there, UnavailableError when there is no configuration, or a broken one */
export async function chooseConfig(flags: KubeFlags, env: Env, cwd: string): Promise<ChosenConfig> {
  const files = configFiles(flags, env, cwd);
  if (files.length === 0) return inCluster(flags, env) ?? refuseNothing(env);
  const merged = await mergeFiles(files);
  const contextName = flags.context ?? merged.getCurrentContext();
  const context = contextName ? merged.getContextObject(contextName) : null;
  if (context === null && (flags.context !== undefined || (contextName && flags.cluster === undefined)))
    throw unknownName('context', contextName ?? '', merged.getContexts(), files);
  if (context === null && flags.cluster === undefined) {
    throw new UnavailableError(`no context is chosen in ${files.join(', ')}`, {
      hint: 'choose one (kubectl config use-context NAME, or --context NAME), or work without a cluster: --local',
    });
  }
  const clusterName = flags.cluster ?? context?.cluster ?? '';
  const cluster = merged.getCluster(clusterName);
  if (cluster === null) throw unknownName('cluster', clusterName, merged.getClusters(), files);
  const userName = flags.user ?? context?.user;
  const user = userName ? merged.getUser(userName) : undefined;
  if (user === null) throw unknownName('user', userName ?? '', merged.getUsers(), files);
  return {
    ...chosen(cluster, user, env),
    contextName,
    description: context === null ? `cluster ${clusterName}` : `context ${contextName}`,
    namespace: flags.namespace ?? (context?.namespace || 'default'),
    files,
  };
}

/** A configuration of exactly the chosen cluster and user, with the proxy of the environment where the file names none. */
function chosen(
  cluster: Cluster,
  user: User | undefined,
  env: Env,
): { readonly config: KubeConfig; readonly cluster: Cluster; readonly user: User | undefined } {
  const proxyUrl = cluster.proxyUrl ?? proxyFor(cluster.server, env);
  const used: Cluster = {
    ...cluster,
    name: CHOSEN,
    // client-node refuses plain http (as `kubectl proxy` serves it) unless this is set; there is no TLS to skip then.
    skipTLSVerify: cluster.skipTLSVerify || cluster.server.startsWith('http:'),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
  };
  const config = new KubeConfig();
  config.loadFromClusterAndUser(used, { ...user, name: CHOSEN });
  return { config, cluster: used, user };
}

function configFiles(flags: KubeFlags, env: Env, cwd: string): string[] {
  if (flags.kubeconfig !== undefined) {
    const file = path.resolve(cwd, flags.kubeconfig);
    if (!existsSync(file)) throw new UsageError(`--kubeconfig ${flags.kubeconfig}: no such file`);
    return [file];
  }
  const listed = (env['KUBECONFIG'] ?? '').split(path.delimiter).filter((file) => file !== '');
  if (listed.length > 0) {
    const there = listed.map((file) => path.resolve(cwd, file)).filter((file) => existsSync(file));
    if (there.length === 0) {
      throw new UnavailableError(`no kubeconfig: KUBECONFIG names ${listed.join(', ')}, which is not there`, {
        hint: 'correct KUBECONFIG, or work without a cluster: --local',
      });
    }
    return there;
  }
  const home = path.join(env['HOME'] ?? homedir(), '.kube', 'config');
  return existsSync(home) ? [home] : [];
}

async function mergeFiles(files: readonly string[]): Promise<KubeConfig> {
  const merged = new KubeConfig();
  let current: string | undefined;
  for (const file of files) {
    const one = await readOne(file);
    for (const [add, present, list] of [
      [merged.addCluster.bind(merged), merged.getClusters(), one.getClusters()],
      [merged.addUser.bind(merged), merged.getUsers(), one.getUsers()],
      [merged.addContext.bind(merged), merged.getContexts(), one.getContexts()],
    ] as const) {
      for (const entry of list) if (!present.some(({ name }) => name === entry.name)) add(entry as never);
    }
    current ??= one.getCurrentContext() || undefined;
  }
  if (current !== undefined) merged.setCurrentContext(current);
  return merged;
}

/** Relative paths in it are relative to its folder. */
async function readOne(file: string): Promise<KubeConfig> {
  const config = new KubeConfig();
  try {
    const text = readFileSync(file, 'utf8');
    if (text.length > MAX_BYTES) throw new Error(`more than ${MAX_BYTES / 1024 / 1024} MB`);
    if (text.trim() === '') return config;
    config.loadFromString(text);
    config.makePathsAbsolute(path.dirname(file));
    await completeUsers(config.getUsers(), text, file);
    return config;
  } catch (error) {
    throw new UnavailableError(`${file} is not a kubeconfig: ${firstLine(messageOf(error))}`, {
      hint: 'correct it (kubectl config view shows how it is read), or work without a cluster: --local',
      cause: error,
    });
  }
}

/** client-node reads neither `tokenFile` nor `as-groups`, and looks for a plugin with a relative path in the working directory. */
async function completeUsers(users: readonly User[], text: string, file: string): Promise<void> {
  for (const user of users) {
    const exec = user.exec as { command?: string } | undefined | null;
    if (exec?.command !== undefined && /[/\\]/.test(exec.command))
      exec.command = path.resolve(path.dirname(file), exec.command);
  }
  if (!/tokenFile|as-groups/.test(text)) return;
  const { readManifest } = await import('../manifest/parse-documents.ts');
  const written = readManifest(text, file).objects[0]?.value['users'];
  if (!Array.isArray(written)) return;
  for (const entry of written as readonly { name?: unknown; user?: Readonly<Record<string, unknown>> }[]) {
    const user: ImpersonatingUser | undefined = users.find(({ name }) => name === entry.name);
    const tokenFile = entry.user?.['tokenFile'];
    const groups = entry.user?.['as-groups'];
    if (user === undefined) continue;
    if (typeof tokenFile === 'string' && tokenFile !== '') {
      // As kubectl: the file wins over a token beside it.
      delete user.token;
      user.authProvider = { name: 'tokenFile', config: { tokenFile: path.resolve(path.dirname(file), tokenFile) } };
    }
    if (Array.isArray(groups)) user.impersonateGroups = groups.map(String);
  }
}

function inCluster(flags: KubeFlags, env: Env): ChosenConfig | undefined {
  if (env['KUBERNETES_SERVICE_HOST'] === undefined || !existsSync(`${SERVICE_ACCOUNT}/token`)) return undefined;
  const pod = new KubeConfig();
  pod.loadFromCluster();
  const cluster = pod.getCurrentCluster();
  if (cluster === null) return undefined;
  return {
    ...chosen(cluster, pod.getCurrentUser() ?? undefined, {}),
    contextName: undefined,
    description: "this pod's service account",
    namespace: flags.namespace ?? (pod.getContextObject(pod.getCurrentContext())?.namespace?.trim() || 'default'),
    files: [],
  };
}

function refuseNothing(env: Env): never {
  throw new UnavailableError(
    `no kubeconfig: neither KUBECONFIG nor ${path.join(env['HOME'] ?? homedir(), '.kube', 'config')} is there`,
    { hint: 'give one with --kubeconfig, or work without a cluster: --local' },
  );
}

function unknownName(
  kind: 'context' | 'cluster' | 'user',
  name: string,
  there: readonly { readonly name: string }[],
  files: readonly string[],
): UsageError {
  const names = there.map((one) => one.name);
  const close = nearest(name, names);
  return new UsageError(`no ${kind} ${JSON.stringify(name)} in ${files.join(', ')}`, {
    hint:
      names.length === 0
        ? `it has no ${kind} at all; or work without a cluster: --local`
        : `${close === undefined ? '' : `did you mean ${close}? `}there are: ${names.slice(0, 20).join(', ')}`,
  });
}

function firstLine(text: string): string {
  return redactUrls(text.split('\n')[0] ?? '');
}
