/**
 * Which cluster, which user, which namespace: kubeconfig files read and merged as kubectl does it.
 *
 * `--kubeconfig`, else every file of KUBECONFIG (the first to set a thing wins, missing files are skipped), else
 * ~/.kube/config, else the service account of the pod. Never `localhost:8080` by default: a guess is no cluster.
 * Source: kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig, "Merging kubeconfig files".
 */
import { existsSync } from 'node:fs';
import { devNull, homedir } from 'node:os';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { ActionOnInvalid } from '@kubernetes/client-node/dist/config_types.js';
import { UnavailableError, UsageError } from '../../errors.ts';
import { nearest } from '../../text/did-you-mean.ts';
import { redactUrls } from '../../text/redact.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { systemReason } from '../../text/system-reasons.ts';
import { proxyFor } from '../http/proxy.ts';
import { readBounded } from '../manifest/bounded-read.ts';
import { completeEntries, type KubeCluster, type KubeUser } from './kubeconfig-entries.ts';
import { withOverrides, type KubeOverrides } from './kubeconfig-overrides.ts';
import { clusterProblems, userProblems } from './kubeconfig-problems.ts';

export interface KubeFlags extends KubeOverrides {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly namespace?: string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

/** What was chosen, for messages and requests. */
export interface ChosenConfig {
  readonly cluster: KubeCluster;
  readonly user: KubeUser | undefined;
  /** `cluster kind-dev`, `user admin`: where in the kubeconfig to look. */
  readonly clusterText: string;
  readonly userText: string;
  /** The certificate of the API server is not verified, because the kubeconfig says so. */
  readonly insecure: boolean;
  /** The proxy comes from here: `proxy-url of cluster c`, or a variable of the environment. */
  readonly proxySource: string | undefined;
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
export const MAX_KUBECONFIG_BYTES = 8 * 1024 * 1024;

/**
 * Empty flags count as not given: an unset variable of a script (`--context "$CONTEXT"`). Source: kubectl, whose overrides
 * count only when they are not empty (client-go tools/clientcmd, getContextName and its like).
 */
function given(flags: KubeFlags): KubeFlags {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== ''));
}

/** @throws UsageError for a name that is not there, UnavailableError when there is no configuration, or a broken one */
export async function chooseConfig(written: KubeFlags, env: Env, cwd: string): Promise<ChosenConfig> {
  const overrides = given(written);
  return withOverrides(await configOf(written, env, cwd), overrides, cwd);
}

async function configOf(written: KubeFlags, env: Env, cwd: string): Promise<ChosenConfig> {
  const { kubeconfig, context: contextFlag, cluster: clusterFlag, user: userFlag, namespace } = written;
  const flags = given({ kubeconfig, context: contextFlag, cluster: clusterFlag, user: userFlag, namespace });
  const files = configFiles(flags, env, cwd);
  if (files.length === 0) {
    refuseNames(flags, env);
    // This pod's token is for the cluster of this pod.
    return byServer(written, env) ?? inCluster(flags, env) ?? refuseNothing('kubeconfig', env);
  }
  const { merged, incomplete } = await mergeFiles(files);
  const unknown = (kind: EntryKind, name: string, there: readonly { readonly name: string }[]) =>
    unknownName(kind, name, { there, files, incomplete });
  const contextName = flags.context ?? textOf(merged.getCurrentContext());
  const context = contextName ? merged.getContextObject(contextName) : null;
  if (context === null && (flags.context !== undefined || (contextName && flags.cluster === undefined)))
    throw unknown('context', contextName ?? '', merged.getContexts());
  if (context === null && flags.cluster === undefined) {
    const asked = flags.user === undefined ? byServer(written, env) : undefined;
    if (asked !== undefined) return asked;
    throw new UnavailableError(`no context is chosen in ${files.join(', ')}`, {
      hint: 'choose one (kubectl config use-context NAME, or --context NAME), or work without a cluster: --local',
    });
  }
  const clusterName = flags.cluster ?? textOf(context?.cluster) ?? '';
  const cluster = merged.getCluster(clusterName);
  if (cluster === null) throw unknown('cluster', clusterName, merged.getClusters());
  const userName = flags.user ?? textOf(context?.user);
  const user = userName ? merged.getUser(userName) : undefined;
  if (user === null) throw unknown('user', userName ?? '', merged.getUsers());
  const problems = [
    ...clusterProblems(cluster, clusterName),
    ...(user === undefined ? [] : userProblems(user as KubeUser, userName ?? '')),
    ...(context === null || typeof (context.namespace ?? '') === 'string'
      ? []
      : [`namespace of context ${contextName}: expected text`]),
  ].map(sanitizeLine);
  if (problems.length > 0) {
    throw new UnavailableError(`${files.join(', ')} cannot be used: ${redactUrls(problems[0]!)}`, {
      details: problems.slice(1).map(redactUrls),
      hint: 'correct it (kubectl config view shows how it is read), or work without a cluster: --local',
    });
  }
  return {
    ...chosen(cluster, user, env, written.server || undefined),
    clusterText: `cluster ${clusterName}`,
    userText: userName ? `user ${userName}` : 'no user',
    contextName,
    description: context === null ? `cluster ${clusterName}` : `context ${contextName}`,
    namespace: flags.namespace ?? (context?.namespace || 'default'),
    files,
  };
}

/** Names of the contexts that `--context` may choose. @throws as chooseConfig does */
export async function contextNamesIn(flags: KubeFlags, env: Env, cwd: string): Promise<string[]> {
  const { merged } = await mergeFiles(configFiles(given(flags), env, cwd));
  return merged.getContexts().map(({ name }) => name);
}

/**
 * Exactly the chosen cluster and user, with the proxy of the environment where the file names none. `server`: the one that is asked,
 * where a flag names another than the cluster does.
 */
function chosen(
  cluster: KubeCluster,
  user: KubeUser | undefined,
  env: Env,
  server = cluster.server,
): Pick<ChosenConfig, 'cluster' | 'user' | 'insecure' | 'proxySource'> {
  const fromEnv = cluster.proxyUrl ? undefined : proxyFor(server, env);
  if (fromEnv !== undefined && !URL.canParse(fromEnv.url)) {
    throw new UnavailableError(`${fromEnv.variable} of the environment is not a URL`, {
      hint: 'write it as http://HOST:PORT, or name the API server in NO_PROXY',
    });
  }
  const proxyUrl = cluster.proxyUrl || fromEnv?.url;
  return {
    cluster: {
      ...cluster,
      name: CHOSEN,
      ...(proxyUrl === undefined ? {} : { proxyUrl }),
      ...(cluster.proxyUrl ? { writtenProxyUrl: cluster.proxyUrl } : {}),
    },
    user,
    insecure: cluster.skipTLSVerify && !cluster.server.startsWith('http:'),
    proxySource: fromEnv?.variable ?? (cluster.proxyUrl ? `proxy-url of cluster ${cluster.name}` : undefined),
  };
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
  const home = path.join(env['HOME'] || homedir(), '.kube', 'config');
  return existsSync(home) ? [home] : [];
}

/** `incomplete`: what is missing of entries that are left out. */
async function mergeFiles(
  files: readonly string[],
): Promise<{ readonly merged: KubeConfig; readonly incomplete: readonly string[] }> {
  const merged = new KubeConfig();
  const incomplete: string[] = [];
  let current: string | undefined;
  for (const file of files) {
    if (file === devNull) continue; // who names it wants none
    const { config: one, missing } = await readOne(file);
    if (missing !== undefined) incomplete.push(`${file}: ${missing}`);
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
  return { merged, incomplete };
}

/** Relative paths in it are relative to its folder. */
async function readOne(file: string): Promise<{ readonly config: KubeConfig; readonly missing?: string | undefined }> {
  const config = new KubeConfig();
  try {
    const text = (await readBounded(file, { maxBytes: MAX_KUBECONFIG_BYTES })).toString('utf8');
    if (text.trim() === '') return { config };
    const missing = loadEntries(config, text);
    for (const { caFile } of config.getClusters()) checkPath(caFile, 'certificate-authority');
    for (const { certFile, keyFile } of config.getUsers())
      for (const one of [certFile, keyFile]) checkPath(one, 'client-certificate or client-key');
    config.makePathsAbsolute(path.dirname(file));
    await completeEntries(config, text, file);
    return { config, missing };
  } catch (error) {
    throw new UnavailableError(`${file} is not a kubeconfig: ${loadReason(error)}`, {
      hint: 'correct it (kubectl config view shows how it is read), or work without a cluster: --local',
      cause: error,
    });
  }
}

/**
 * An entry without server or cluster is left out, and hinders nobody who chooses another: `kubectl config set-context NAME
 * --namespace=x` makes such a context of a name that is mistyped, and kubectl looks at what is chosen alone. What is missing of the
 * first of them, if anything is.
 */
function loadEntries(config: KubeConfig, text: string): string | undefined {
  try {
    config.loadFromString(text);
    return undefined;
  } catch (error) {
    config.loadFromString(text, { onInvalidEntry: ActionOnInvalid.FILTER });
    return loadReason(error);
  }
}

/** A TypeError is client-node's, of a value that is not what it takes it for. */
function loadReason(error: unknown): string {
  return error instanceof TypeError
    ? 'clusters, users or contexts hold a value of the wrong type'
    : firstLine(systemReason(error));
}

function checkPath(written: unknown, field: string): void {
  if (written !== undefined && written !== null && typeof written !== 'string')
    throw new Error(`${field}: expected a path, got ${typeof written}`);
}

function inCluster(flags: KubeFlags, env: Env): ChosenConfig | undefined {
  if (env['KUBERNETES_SERVICE_HOST'] === undefined || !existsSync(`${SERVICE_ACCOUNT}/token`)) return undefined;
  const pod = new KubeConfig();
  pod.loadFromCluster();
  const cluster = pod.getCurrentCluster();
  if (cluster === null) return undefined;
  return {
    ...chosen(cluster, { name: CHOSEN, tokenFile: `${SERVICE_ACCOUNT}/token` }, {}),
    clusterText: 'the cluster of this pod',
    userText: "this pod's service account",
    contextName: undefined,
    description: "this pod's service account",
    namespace: flags.namespace ?? (pod.getContextObject(pod.getCurrentContext())?.namespace?.trim() || 'default'),
    files: [],
  };
}

/** `--server` says where; who asks is said by `--token`, or nobody. */
function byServer({ server, namespace }: KubeFlags, env: Env): ChosenConfig | undefined {
  if (server === undefined || server === '') return undefined;
  return {
    ...chosen({ name: CHOSEN, server, skipTLSVerify: false }, undefined, env),
    clusterText: '--server',
    userText: 'no user',
    contextName: undefined,
    description: `server ${redactUrls(server)}`,
    namespace: namespace || 'default',
    files: [],
  };
}

/** They are of a kubeconfig: neither the cluster of this pod nor `--server` is what they stand for. Source: kubectl, ConfirmUsable. */
function refuseNames(flags: KubeFlags, env: Env): void {
  for (const kind of ['context', 'cluster', 'user'] as const)
    if (flags[kind] !== undefined) refuseNothing(`${kind} ${JSON.stringify(flags[kind])}`, env);
}

function refuseNothing(wanted: string, env: Env): never {
  throw new UnavailableError(
    `no ${wanted}: neither KUBECONFIG nor ${path.join(env['HOME'] || homedir(), '.kube', 'config')} is there`,
    { hint: 'give one with --kubeconfig, or work without a cluster: --local' },
  );
}

type EntryKind = 'context' | 'cluster' | 'user';

function unknownName(
  kind: EntryKind,
  name: string,
  {
    there,
    files,
    incomplete,
  }: {
    readonly there: readonly { readonly name: string }[];
    readonly files: readonly string[];
    readonly incomplete: readonly string[];
  },
): UsageError {
  const names = there.map((one: { readonly name: unknown }) => textOf(one.name) ?? '');
  const close = nearest(name, names);
  return new UsageError(`no ${kind} ${JSON.stringify(name)} in ${files.join(', ')}`, {
    details: incomplete,
    hint:
      names.length === 0
        ? `it has no ${kind} at all; or work without a cluster: --local`
        : `${close === undefined ? '' : `did you mean ${close}? `}there are: ${names.slice(0, 20).join(', ')}`,
  });
}

/** A name that is no text (`current-context: 5`) is looked for as it is written. */
function textOf(name: unknown): string | undefined {
  return name === undefined || name === null ? undefined : typeof name === 'string' ? name : JSON.stringify(name);
}

function firstLine(text: string): string {
  return redactUrls(text.split('\n')[0] ?? '');
}
