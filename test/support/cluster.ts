/** The real Kubernetes of the tests: its kubeconfig, kubectl, namespaces of a test's own, the CRDs of Iter8 0.7 or ours. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { crds } from '../../src/install/crds.ts';
import { installObjects } from '../../src/install/manifests.ts';
import { bareCrd } from './bare-crd.ts';
import { fileOfGoModule } from './go-module.ts';
import { openClient } from './kube-server.ts';
import type { KubeClient, KubeClientOptions } from '../../src/adapters/kube/api-client.ts';
import { describeUnless, itUnless } from './needs.ts';
import { missingOldCrds, OLD_CRDS } from './others-samples.ts';

const root = path.join(import.meta.dirname, '../..');
/** Set by scripts/test-cluster.mjs. */
export const KUBECONFIG = process.env['ITER8_TEST_KUBECONFIG'] ?? '';

const missingCluster =
  KUBECONFIG === ''
    ? `no cluster: ${process.env['ITER8_TEST_NO_CLUSTER'] ?? 'npm run test:cluster starts one'} (docs/testing.md)`
    : undefined;
const missingLab =
  missingCluster ??
  (process.env['ITER8_TEST_LAB'] === 'true'
    ? undefined
    : 'ITER8_TEST_KUBECONFIG names a cluster that is not test/cluster/lab, whose tools this needs (docs/testing.md)');

/** Like `describe`; skipped where no cluster is (in CI there must be one: scripts/test-cluster.mjs fails then). */
export const describeCluster = describeUnless(missingCluster);
/** For what only the lab can do: kill the API server, load images, trust an issuer of ours. */
export const describeLab = describeUnless(missingLab);
export const itInLab = itUnless(missingLab);
/** On the lab, with programs beside it. */
export const describeLabUnless = (missing: string | undefined) => describeUnless(missingLab ?? missing);
export { missingOldCrds, OLD_CRDS };
/** For what compares with the CRDs of Iter8 0.7. */
export const describeWithOldCrds = describeUnless(missingCluster ?? missingOldCrds);

/** The context that the kubeconfig uses; messages name it. */
export const contextName = async (): Promise<string> => (await kubectl(['config', 'current-context'])).trim();

export interface Output {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Its output when it succeeds. Not one of these waits in place of the servers that a test has in its own process. */
function outputOf(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, [...args], { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 }, (error, out) => {
      if (error === null) resolve(out);
      else reject(error);
    });
    // What fails before it has read all of it says why itself.
    child.stdin?.on('error', () => undefined).end(input);
  });
}

/** Runs kubectl as the administrator. */
export function kubectl(args: readonly string[], input?: string): Promise<string> {
  return outputOf('kubectl', ['--kubeconfig', KUBECONFIG, ...args], input);
}

/** The same, whatever its exit code. */
export function tryKubectl(args: readonly string[], kubeconfig = KUBECONFIG): Promise<Output> {
  return new Promise((resolve) => {
    execFile('kubectl', ['--kubeconfig', kubeconfig, ...args], { encoding: 'utf8' }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err }),
    );
  });
}

export function openAdmin(change: Partial<KubeClientOptions> = {}): Promise<KubeClient> {
  return openClient(KUBECONFIG, { env: process.env, cwd: root, ...change });
}

/** A namespace that nobody else uses; it goes with the cluster. */
export async function freshNamespace(prefix = 't'): Promise<string> {
  const name = `${prefix}-${randomBytes(5).toString('hex')}`;
  await kubectl(['create', 'namespace', name]);
  return name;
}

/** A new token of a service account. */
export async function tokenOf(account: string, namespace: string): Promise<string> {
  return (await kubectl(['create', 'token', account, '-n', namespace])).trim();
}

/**
 * Path of a kubeconfig for a new service account that may do what `role` says in its namespace: the name of a cluster role, or
 * flags of `kubectl create clusterrole` that make one.
 */
export async function accountKubeconfig(
  account: string,
  namespace: string,
  how: { readonly role: string | readonly string[]; readonly folder: string },
): Promise<string> {
  const named = typeof how.role === 'string' ? how.role : `${account}-${namespace}`;
  await kubectl(['create', 'serviceaccount', account, '-n', namespace]);
  if (typeof how.role !== 'string') await kubectl(['create', 'clusterrole', named, ...how.role]);
  const bound = `--serviceaccount=${namespace}:${account}`;
  await kubectl(['create', 'rolebinding', account, '-n', namespace, `--clusterrole=${named}`, bound]);
  const file = path.join(how.folder, account);
  await writeToken(file, await tokenOf(account, namespace));
  return file;
}

/** The administrator's kubeconfig with this token in place of their certificate. */
export async function writeToken(file: string, token: string): Promise<void> {
  const admin = JSON.parse(await kubectl(['config', 'view', '--raw', '--flatten', '-o', 'json'])) as {
    readonly users: readonly { readonly name: string }[];
  };
  const users = admin.users.map(({ name }) => ({ name, user: { token } }));
  writeFileSync(file, JSON.stringify({ ...admin, users }), { mode: 0o600 });
}

/** Our CRDs, for `replaceCrds`: without what `install` makes besides. */
export const OUR_CRDS = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: crds().map(({ object }) => object) });

/** Puts the CRDs of these files in place of any that are there: with them all experiments go. */
export async function replaceCrds(files: readonly string[] | string): Promise<void> {
  await kubectl(['delete', 'crd', 'experiments.iter8.tools', 'metrics.iter8.tools', '--ignore-not-found', '--wait']);
  if (typeof files === 'string') await kubectl(['create', '-f', '-'], files);
  else await kubectl(['create', ...files.flatMap((file) => ['-f', file])]);
  await established('experiments.iter8.tools', 'metrics.iter8.tools');
}

/** Our CRDs, and what `install` makes but for what runs. */
export async function installOurs(): Promise<void> {
  const everything = installObjects({ image: 'none', replicas: 1, allowScripts: true, scriptImage: 'none', api: {} });
  const items = everything
    .map(({ object }) => object)
    .filter(({ kind }) => kind !== 'Deployment' && kind !== 'Service');
  // By its name too: an `install` that follows finds nothing that is somebody else's.
  await kubectl(
    ['apply', '--server-side', '--force-conflicts', '--field-manager=iter8ctl-install', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  );
  await established('experiments.iter8.tools', 'metrics.iter8.tools');
}

/** The CRD of HTTPRoute that its project publishes; one with any fields where that is not at hand. */
export function installRoutes(): Promise<void> {
  const published = fileOfGoModule(
    'sigs.k8s.io/gateway-api@v1.3.0',
    'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml',
  );
  return installCrd(
    'httproutes.gateway.networking.k8s.io',
    published ?? bareCrd('gateway.networking.k8s.io', 'v1', 'HTTPRoute', 'httproutes'),
  );
}

export async function installCrd(name: string, text: string): Promise<void> {
  await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], text);
  await established(name);
}

/** Not by `kubectl wait`, which ends with an error while a new CRD has no conditions yet. */
async function established(...names: readonly string[]): Promise<void> {
  const client = await openAdmin();
  const resource = {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    plural: 'customresourcedefinitions',
    namespaced: false,
  };
  const is = async (name: string) => {
    const { status } = await client.request<EstablishedCrd>({ verb: 'get', resource, name });
    return status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True') === true;
  };
  for (const name of names) while (!(await is(name))) await sleep(50);
  client.close();
}

interface EstablishedCrd {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** A tool of the lab: `image`, `stop`, `start`. */
export async function clusterTool(name: string, args: readonly string[]): Promise<void> {
  await outputOf(path.join(root, 'test/cluster/lab', name), args);
}

const PROGRAM = path.join(root, 'bin/iter8ctl.js');

/** The program as a user runs it: a process of its own, output piped. */
export function iter8ctlProcess(
  args: readonly string[],
  options: {
    readonly kubeconfig?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string;
  } = {},
): Promise<Output> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [PROGRAM, ...args],
      {
        cwd: root,
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
        env: { ...process.env, KUBECONFIG: options.kubeconfig ?? KUBECONFIG, ...options.env },
      },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err }),
    );
    child.stdin?.end(options.input ?? '');
  });
}

export interface KubectlWatch {
  /** Rejects when kubectl ends before. */
  readonly lines: Promise<string[]>;
}

/**
 * Watches an experiment, which need not be there yet, by `kubectl get experiments --watch` until a line matches. Resolves once
 * kubectl has listed: of what happens from then on it misses nothing, however slow it is.
 */
export function beginWatch(name: string, namespace: string, until: RegExp): Promise<KubectlWatch> {
  const child = spawn(
    'kubectl',
    [
      `--kubeconfig=${KUBECONFIG}`,
      'get',
      'experiments.iter8.tools', // others have Experiments too, such as Argo Rollouts
      `--namespace=${namespace}`,
      `--field-selector=metadata.name=${name}`,
      '--watch',
      '--v=6', // reports requests
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const lines: string[] = [];
  let err = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    if (until.test(line)) child.kill();
  });
  return new Promise((begun) => {
    const ended = new Promise<string[]>((resolve, reject) => {
      child.once('close', () =>
        lines.some((line) => until.test(line)) ? resolve(lines) : reject(new Error(`${lines.join('\n')}\n${err}`)),
      );
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
      if (/\/experiments\?.*200 OK/.test(err)) begun({ lines: ended });
    });
    child.once('close', () => begun({ lines: ended }));
  });
}

/** The lines until then. */
export async function watchWithKubectl(name: string, namespace: string, until: RegExp): Promise<string[]> {
  const { lines } = await beginWatch(name, namespace, until);
  return lines;
}

/** The last column of kubectl, which changes with every save. */
const RECOMMENDATION = / \| (?:promote|do not promote|undecided|failed)$/;

/** What stands in a line of kubectl after the name but for the recommendation: `Conformance | hello | Running | 0 | ...`. */
export function storyOf(lines: readonly string[]): string[] {
  const reported = lines
    .filter((line) => !line.startsWith('NAME '))
    .map((line) =>
      line
        .trim()
        .split(/\s{2,}/)
        .slice(1)
        .join(' | ')
        .replace(RECOMMENDATION, ''),
    );
  return reported.filter((line, index) => line !== reported[index - 1]);
}

/** A run under way, whose stderr can be waited for. */
export class Running {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting: (() => void)[] = [];
  #out = '';
  readonly done: Promise<Output>;

  constructor(args: readonly string[], kubeconfig = KUBECONFIG, env: Readonly<Record<string, string>> = {}) {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: root,
      env: { ...process.env, KUBECONFIG: kubeconfig, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    // What a test that fails leaves behind must not drive what the next one makes.
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    child.once('close', () => process.off('exit', end));
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#out += text));
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#lines.push(line);
      for (const look of this.#waiting) look();
    });
    this.done = new Promise((resolve) => {
      child.once('close', (code) => {
        for (const look of this.#waiting) look();
        resolve({ code: code ?? -1, out: this.#out, err: this.#lines.join('\n') });
      });
    });
  }

  get err(): string {
    return this.#lines.join('\n');
  }

  kill(signal: 'SIGKILL' | 'SIGINT' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** Resolves once stderr has a line that matches; rejects when it ends without. */
  said(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.#lines.some((line) => pattern.test(line))) resolve();
        else if (this.#child.exitCode !== null) reject(new Error(`never said ${String(pattern)}:\n${this.err}`));
      };
      this.#waiting.push(look);
      look();
    });
  }
}

/** A controller beside the cluster that answers over HTTP, once it listens. `url`: of its API. */
export async function runningApi(
  prometheus: string,
  { kubeconfig, namespace }: { readonly kubeconfig?: string /** Absent: all. */; readonly namespace?: string },
): Promise<{ readonly controller: Running; readonly url: string }> {
  const controller = new Running(
    [
      'controller',
      '--api-address=127.0.0.1:0',
      '--api-plain-http',
      `--api-prometheus=${prometheus}`,
      '--no-leader-election',
      '--log-format=text',
      ...(namespace === undefined ? [] : ['-n', namespace]),
    ],
    kubeconfig,
  );
  await controller.said(/the API listens/);
  return { controller, url: `http://127.0.0.1:${/the API listens.*?port=(\d+)/.exec(controller.err)![1]}` };
}

/** The one that `install` made, with its pods: it would drive the experiments of the files that follow. */
export async function removeController(): Promise<void> {
  await kubectl([
    'delete',
    'deployment',
    'iter8ctl-controller',
    '-n',
    'iter8-system',
    '--cascade=foreground',
    '--wait',
  ]);
}
