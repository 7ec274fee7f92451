/** What cluster-kill-drill.ts kills: a process beside the cluster, or the pods of the controller that `iter8ctl install` made. */
import { execFile, spawn } from 'node:child_process';
import { homedir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface Ended {
  readonly killed: boolean;
  /** Absent: a pod, which goes on. */
  readonly code: number | null | undefined;
  readonly err: string;
}

/** One life of a driver. */
export interface DriverLife {
  readonly kill: () => void;
  /** What it asks from now on is not to arrive. */
  readonly isKilled: () => boolean;
  /** The experiment has ended: so may the driver. */
  readonly stop: () => void;
  /** It took too long. */
  readonly giveUp: (text: string) => void;
  readonly ended: Promise<Ended>;
}

export function processLife(
  program: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): DriverLife {
  const child = spawn(process.execPath, [program, ...args], { cwd, stdio: ['ignore', 'ignore', 'pipe'], env });
  let err = '';
  let killed = false;
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  return {
    kill: () => (killed = child.kill('SIGKILL')),
    isKilled: () => child.killed,
    stop: () => child.kill('SIGTERM'),
    giveUp: (text) => {
      err += `\n${text}`;
      child.kill('SIGKILL');
    },
    ended: new Promise((resolve) =>
      child.once('close', (code, signal) => resolve({ killed: killed && signal === 'SIGKILL', code, err })),
    ),
  };
}

const SYSTEM = ['-n', 'iter8-system'];
const LEASE = 'iter8ctl-controller';
/**
 * A lease is free 15 s after it was last renewed, and a controller that stands by looks every 2 s; one that is alone must be started
 * again, which a kubelet puts off for longer each time.
 */
const LONGEST_TAKEOVER_SECONDS = { alone: 90, standby: 40 };
const LOOK_EVERY_MS = 200;

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly containerStatuses?: readonly { readonly containerID?: string; readonly restartCount: number }[];
  };
}

/** The controller leads, in this container. */
interface Leader {
  readonly identity: string;
  readonly pod: string;
  readonly pid: number;
}

/** How a pod dies: deleted with force, which gives it a moment to end, or its process by SIGKILL, after which it is restarted. */
export type PodDeath = 'deleted' | 'SIGKILL';

type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

/** The pods of one controller, each of which is killed in its turn. */
export class ControllerPods {
  readonly #kubectl: Kubectl;
  readonly #replicas: number;
  readonly takeoverSeconds: number[] = [];
  #killed: { readonly identity: string; readonly atMs: number } | undefined;

  constructor(kubectl: Kubectl, replicas: number) {
    this.#kubectl = kubectl;
    this.#replicas = replicas;
  }

  /** So many controllers, of which none was restarted: a kubelet remembers. */
  async begin(): Promise<void> {
    await this.#kubectl(['scale', `deployment/${LEASE}`, ...SYSTEM, `--replicas=${this.#replicas}`]);
    const { items } = await this.#get<{ readonly items: readonly Pod[] }>('pods');
    const restarted = items.filter(({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0);
    const names = restarted.map(({ metadata }) => metadata.name);
    if (names.length > 0) await this.#kubectl(['delete', 'pod', ...names, ...SYSTEM, '--force', '--grace-period=0']);
    await this.#kubectl(['rollout', 'status', `deployment/${LEASE}`, ...SYSTEM, '--timeout=90s']);
  }

  /** The controller may move what one experiment names, by the Roles that `install --print-role` printed. */
  async allow(namespace: string, roles: string): Promise<void> {
    await this.#kubectl(['apply', '-f', '-'], roles);
    const account = `--serviceaccount=iter8-system:${LEASE}`;
    const [role = ''] = /iter8ctl-\S+/.exec(roles) ?? [];
    await this.#kubectl(['create', 'rolebinding', role, '-n', namespace, `--role=${role}`, account]);
  }

  life(death: PodDeath): DriverLife {
    const leader = this.#nextLeader();
    leader.catch(() => undefined);
    let killed = false;
    let finish: (ended: Ended) => void;
    const ended = new Promise<Ended>((resolve) => (finish = resolve));
    const goOn = (err: string) =>
      void this.#log().then((log) => finish({ killed: false, code: undefined, err: err + log }));
    return {
      kill: () => {
        if (killed) return;
        killed = true;
        void leader
          .then((one) => this.#kill(one, death))
          .then(
            () => finish({ killed: true, code: undefined, err: '' }),
            (error: unknown) => goOn(String(error)),
          );
      },
      isKilled: () => killed,
      stop: () => goOn(''),
      giveUp: (text) => goOn(`${text}\n`),
      ended,
    };
  }

  /** Sentences about leaders that were late. */
  faults(): string[] {
    const most = LONGEST_TAKEOVER_SECONDS[this.#replicas > 1 ? 'standby' : 'alone'];
    return this.takeoverSeconds
      .filter((seconds) => seconds > most)
      .map(
        (seconds) => `the next of ${this.#replicas} controllers led after ${seconds.toFixed(1)} s, more than ${most} s`,
      );
  }

  /** Who leads after the one that was killed. */
  async #nextLeader(): Promise<Leader> {
    const before = this.#killed;
    for (;;) {
      const lease = await this.#get<{ readonly spec?: { readonly holderIdentity?: string } }>('lease', LEASE).catch(
        () => undefined,
      );
      const identity = lease?.spec?.holderIdentity ?? '';
      if (identity !== '' && identity !== before?.identity) {
        if (before !== undefined) this.takeoverSeconds.push((performance.now() - before.atMs) / 1000);
        const pod = identity.split('/')[0]!;
        return { identity, pod, pid: await this.#pidOf(pod) };
      }
      await delay(LOOK_EVERY_MS);
    }
  }

  /** Once it is known: a controller leads before its kubelet says in which container. */
  async #pidOf(pod: string): Promise<number> {
    for (;;) {
      const pid = await this.#runningIn(pod);
      if (pid !== undefined) return pid;
      await delay(LOOK_EVERY_MS);
    }
  }

  async #runningIn(pod: string): Promise<number | undefined> {
    const { status } = await this.#get<Pod>('pod', pod);
    const container = status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '');
    if (container === undefined) return undefined;
    const socket = path.join(
      process.env['CLUSTER_DIR'] ?? path.join(homedir(), '.cache/iter8-cluster'),
      'run/containerd.sock',
    );
    const tasks = await output('ctr', ['-a', socket, '-n', 'k8s.io', 'task', 'ls']);
    const pid = Number(new RegExp(`^${container}\\s+(\\d+)`, 'm').exec(tasks)?.[1]);
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  }

  async #kill({ identity, pod, pid }: Leader, death: PodDeath): Promise<void> {
    if (death === 'SIGKILL') process.kill(pid, 'SIGKILL');
    else await this.#kubectl(['delete', 'pod', pod, ...SYSTEM, '--force', '--grace-period=0', '--wait=false']);
    this.#killed = { identity, atMs: performance.now() };
    while (isAlive(pid)) await delay(20);
  }

  #log(): Promise<string> {
    return this.#kubectl(['logs', `deployment/${LEASE}`, ...SYSTEM, '--tail=40']).catch(() => '');
  }

  async #get<T>(...what: readonly string[]): Promise<T> {
    return JSON.parse(await this.#kubectl(['get', ...what, ...SYSTEM, '-o', 'json'])) as T;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function output(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, [...args], (error, out, err) => (error === null ? resolve(out) : reject(new Error(err))));
  });
}
