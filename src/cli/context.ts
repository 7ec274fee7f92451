/** Wires implementations to the ports of every command: which store, lock, records and secrets are used. Those of a driver: `open-driver.ts`. */
import { SYSTEM_NAMESPACE } from '../experiment/metric-names.ts';
import { createHash } from 'node:crypto';
import { homedir, hostname } from 'node:os';
import path from 'node:path';
import { messageOf } from '../errors.ts';
import type { Io } from '../io.ts';
import type { KubeClient } from '../adapters/kube/api-client.ts';
import type { EventWriter } from '../adapters/kube/kubernetes-events.ts';
import type { Approvals } from '../adapters/store/script-approvals.ts';
import type { ObjectKey } from '../experiment/experiment.ts';
import type { DriverLock, ExperimentStore, Holder, RecordLog, SecretReader, TargetLock } from '../drive/ports.ts';
import { redactUrls } from '../text/redact.ts';
import { VERSION } from '../version.ts';
import { asTypedWith, clusterFlagsAsTyped, typed, type AsTyped } from './suggested-commands.ts';
import type { StoreFlags } from './shared-flags.ts';
import { sayTo } from './stderr-messages.ts';

/** What every command works with. */
export interface Context {
  readonly mode: 'local' | 'cluster';
  readonly store: ExperimentStore;
  readonly lock: DriverLock;
  readonly targets: TargetLock;
  readonly records: RecordLog;
  readonly secrets: SecretReader;
  /** Namespace of commands that name none. */
  readonly namespace: string;
  /** This process, as others see it. */
  readonly self: Holder;
  readonly asTyped: AsTyped;
  /** What judges the full record again of an experiment that ran from here. */
  readonly replayAsTyped: (key: ObjectKey) => string;
  /** The folder, or the address of the API server. */
  readonly place: string;
  /** The cluster; absent in local mode. */
  readonly kube?: KubeClient | undefined;
}

const DEFAULT_DIR = '.iter8';
/** The least `-v` that prints each request, as in kubectl. */
const PRINTS_REQUESTS = 6;

/** The folder of local mode, or undefined when a cluster is meant. */
function localDir(flags: StoreFlags, io: Io): string | undefined {
  if (flags.local !== true && flags.dir === undefined) return undefined;
  return path.resolve(io.cwd, flags.dir ?? (io.env['ITER8_DIR'] || DEFAULT_DIR));
}

/** As it would be typed: relative when it lies below. */
function shownDir(dir: string, cwd: string): string {
  const relative = path.relative(cwd, dir);
  return relative.startsWith('..') || path.isAbsolute(relative) ? dir : `./${relative}`;
}

/**
 * What this user keeps on this machine, approvals of scripts too: never in the current folder, which may be somebody else's work.
 * Source: XDG base directory specification, by which an empty or relative XDG_STATE_HOME counts as not set; so does HOME.
 */
function stateDir({ env }: Io): string {
  const { XDG_STATE_HOME: xdg = '', HOME: home = '' } = env;
  const ofUser = [home, homedir()].find((one) => path.isAbsolute(one)) ?? path.sep;
  return path.join(path.isAbsolute(xdg) ? xdg : path.join(ofUser, '.local', 'state'), 'iter8ctl');
}

function selfOf(io: Io): Holder {
  return {
    identity: `${hostname()}/${io.pid}/${Math.round(io.clock.now())}`,
    description: `process ${io.pid} on ${hostname()}`,
  };
}

const replayAsTyped = (dir: string, { namespace, name }: ObjectKey): string =>
  typed('replay', path.join(dir, 'records', namespace, `${name}.ndjson`));

/** Opens the store that the flags name. `warn` takes sentences about objects that cannot be read. */
export async function openContext(flags: StoreFlags, io: Io, warn: (text: string) => void): Promise<Context> {
  const dir = localDir(flags, io);
  return dir === undefined ? openCluster(flags, io, warn) : openFolder(dir, flags, io, warn);
}

async function openFolder(dir: string, flags: StoreFlags, io: Io, warn: (text: string) => void): Promise<Context> {
  const [
    { createFileStore },
    { createFileSecrets },
    { createFileLock },
    { createFileRecordLog },
    { createTargetLock },
  ] = await Promise.all([
    import('../adapters/store/local-store.ts'),
    import('../adapters/store/local-secrets.ts'),
    import('../adapters/store/local-driver-lock.ts'),
    import('../adapters/store/record-log.ts'),
    import('../adapters/store/local-target-lock.ts'),
  ]);
  const store = createFileStore({
    dir,
    shownDir: shownDir(dir, io.cwd),
    clock: io.clock,
    pid: io.pid,
    onUnreadable: (error) => warn(messageOf(error)),
  });
  const lock = createFileLock({ dir, clock: io.clock, pid: io.pid });
  return {
    mode: 'local',
    store,
    lock,
    targets: createTargetLock({ store, targets: lock, drivers: lock, targetsNamespace: 'iter8-targets' }),
    records: createFileRecordLog({ dir, onUnreadable: warn }),
    secrets: createFileSecrets({ dir }),
    namespace: flags.namespace ?? 'default',
    self: selfOf(io),
    asTyped: asTypedWith(flags, flags.namespace ?? 'default'),
    replayAsTyped: (key) => replayAsTyped(flags.dir ?? shownDir(dir, io.cwd), key),
    place: dir,
  };
}

/** The API server, by the flags and the kubeconfig. Also for commands that have no store. `warn` takes sentences. */
export async function openKube(
  flags: StoreFlags,
  io: Io,
  warn: (text: string) => void = sayTo(io),
): Promise<KubeClient> {
  const { KubeClient } = await import('../adapters/kube/api-client.ts');
  const kube = await KubeClient.open({
    kubeconfig: flags.kubeconfig,
    context: flags.context,
    cluster: flags.cluster,
    user: flags.user,
    namespace: flags.namespace,
    server: flags.server,
    token: flags.token,
    as: flags.as,
    asGroup: flags.asGroup,
    asUid: flags.asUid,
    certificateAuthority: flags.certificateAuthority,
    insecureSkipTlsVerify: flags.insecureSkipTlsVerify,
    tlsServerName: flags.tlsServerName,
    requestTimeoutMs: flags.requestTimeout,
    env: io.env,
    cwd: io.cwd,
    interactive: () => io.stdin.isTTY,
    now: () => io.clock.now(),
    monotonicMs: () => io.clock.monotonicMs(),
    userAgent: `iter8ctl/${VERSION}`,
    flagsAsTyped: clusterFlagsAsTyped(flags),
    onRequest: (flags.v ?? 0) < PRINTS_REQUESTS ? undefined : warn,
    // What a credential plugin says: whole lines go where sentences go, a question on a terminal as it is.
    onMessage: (text) => {
      const lines = text.split('\n');
      const question = io.stdin.isTTY ? lines.pop()! : '';
      for (const line of lines) if (line.trim() !== '') warn(line.trimEnd());
      if (question !== '') io.stderr.write(question);
    },
  });
  if (kube.chosen.insecure) {
    const { server, chosen } = kube;
    warn(
      `the certificate of the API server ${redactUrls(server)} is not verified (${flags.insecureSkipTlsVerify === true ? '--insecure-skip-tls-verify' : `insecure-skip-tls-verify of ${chosen.clusterText}`})`,
    );
  }
  return kube;
}

async function openCluster(flags: StoreFlags, io: Io, warn: (text: string) => void): Promise<Context> {
  const kube = await openKube(flags, io, warn);
  const { createClusterStore } = await import('../adapters/store/cluster-store.ts');
  const store = createClusterStore({ client: kube, onUnreadable: (error) => warn(messageOf(error)) });
  const cluster = () => createHash('sha256').update(kube.server).digest('hex').slice(0, 12);
  const recordsDir = () => path.join(stateDir(io), 'clusters', cluster());
  const lock = lazyLock(async () =>
    (await import('../adapters/kube/experiment-lease.ts')).createExperimentLock(kube, store),
  );
  const targetLeases = lazyLock(async () =>
    (await import('../adapters/kube/target-lease.ts')).createTargetLeases(kube, { system: SYSTEM_NAMESPACE, warn }),
  );
  return {
    mode: 'cluster',
    store,
    lock,
    targets: lazyTargets(async () => {
      const { createTargetLock } = await import('../adapters/store/local-target-lock.ts');
      return createTargetLock({ store, targets: targetLeases, drivers: lock });
    }),
    records: lazyRecords(async () =>
      (await import('../adapters/store/record-log.ts')).createFileRecordLog({
        dir: recordsDir(),
        onUnreadable: warn,
      }),
    ),
    secrets: {
      read: async (...args) =>
        (await import('../adapters/kube/cluster-secrets.ts')).createClusterSecrets(kube).read(...args),
    },
    namespace: kube.namespace,
    self: selfOf(io),
    asTyped: asTypedWith(flags, kube.namespace),
    replayAsTyped: (key) => replayAsTyped(recordsDir(), key),
    place: kube.server,
    kube,
  };
}

/** Looking at an experiment must not wait for what driving one needs. */
function lazyLock(open: () => Promise<DriverLock>): DriverLock {
  let opened: Promise<DriverLock> | undefined;
  const lock = () => (opened ??= open());
  return {
    acquire: async (...args) => (await lock()).acquire(...args),
    holder: async (...args) => (await lock()).holder(...args),
  };
}

/** One for the process: experiments that wait share what they look at. */
function lazyTargets(open: () => Promise<TargetLock>): TargetLock {
  let opened: Promise<TargetLock> | undefined;
  return { acquire: async (...args) => (await (opened ??= open())).acquire(...args) };
}

function lazyRecords(open: () => Promise<RecordLog>): RecordLog {
  let opened: Promise<RecordLog> | undefined;
  const records = () => (opened ??= open());
  return {
    append: async (...args) => (await records()).append(...args),
    reset: async (...args) => (await records()).reset(...args),
    read: async function* (key) {
      yield* (await records()).read(key);
    },
  };
}

/** What the person at this machine has approved. */
export async function openApprovals(io: Io): Promise<Approvals> {
  const { createApprovals } = await import('../adapters/store/script-approvals.ts');
  return createApprovals({ dir: stateDir(io) });
}

/** Writes Kubernetes Events; undefined in local mode. */
export async function openEvents(context: Context, warn: (text: string) => void): Promise<EventWriter | undefined> {
  if (context.kube === undefined) return undefined;
  const { createEventWriter } = await import('../adapters/kube/kubernetes-events.ts');
  return createEventWriter(context.kube, { host: hostname(), onFailure: warn });
}

/**
 * The first answer of a cluster may take long. An exec plugin may ask for something on the same terminal: nothing is drawn
 * over that.
 */
export async function whileConnecting<T>({ kube, store }: Context, io: Io, work: () => Promise<T>): Promise<T> {
  if (kube === undefined || kube.chosen.user?.exec !== undefined || !io.stderr.isTTY) return work();
  const { whileWaiting } = await import('../render/spinner.ts');
  return whileWaiting(`waiting for ${store.description}`, { output: io.stderr, env: io.env }, work);
}

/** The object that a command names, in the namespace that it names. */
export function keyOf(context: Context, name: string): ObjectKey {
  return { namespace: context.namespace, name: bareName(name) };
}

/** Of what `-o name` prints, and kubectl takes: `experiment.iter8.tools/shop`, `experiments/shop`. */
export function bareName(name: string): string {
  return name.replace(/^experiments?(\.v2alpha2)?(\.iter8\.tools)?\//, '');
}
