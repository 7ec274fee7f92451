/**
 * Kills `run` against a real API server, or the controller, or its pod on a real node, at seeded moments: also while traffic is moved, before the change
 * arrives and after it was made. Starts it again until the experiment has ended, and looks at what is left: no task and no message
 * twice, requests counted as the target counted them, evidence whole, weights as they should be. For `npm run kills` and a test.
 */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createFileRecordLog } from '../../src/adapters/store/record-log.ts';
import { hasEnded } from '../../src/experiment/conditions.ts';
import { CONTROL_ANNOTATIONS } from '../../src/experiment/control-annotations.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { isSameValue, type FieldValue } from '../../src/traffic/weight-fields.ts';
import {
  countFaults,
  damage,
  ledgerFaults,
  loggingScript,
  repeated,
  replayFaults,
  scriptLines,
} from './kill-checks.ts';
import {
  experimentManifest,
  GATE,
  LOOPS,
  MOST_CANDIDATE,
  objectsOf,
  PLANNED,
  RATE,
  VERSIONS,
  type Plan,
} from './cluster-kill-experiment.ts';
import type { DrillResult } from './play-drills.ts';
import { ControllerPods, processLife, type DriverLife, type Ended } from './cluster-kill-drivers.ts';
import { APPROVED_AFTER_MS, isAsked, momentsOf, type Moment, type Seen } from './cluster-kill-moments.ts';
import { KillWorld, type WeightObject } from './cluster-kill-world.ts';
import { watchObjects } from './object-watch.ts';
import { seeded } from './seeded.ts';
import { observedApi, type ObservedRequest } from './observed-api.ts';
import { testServer } from './test-server.ts';

/** `pod`: the controller as `iter8ctl install` made it. One drill at a time: they share it. */
export type Driver = 'run' | 'controller' | 'pod';

const LONGEST_MS = 240_000;
const BIN = path.join(import.meta.dirname, '../../bin/iter8ctl.js');

export interface ClusterDrillOptions {
  readonly kubeconfig: string;
  readonly driver: Driver;
  /** Path of the program; absent, that of this folder. */
  readonly program?: string | undefined;
  /** Of load, that each kill may cost. */
  readonly lostSeconds: number;
  /** Where pods find what this machine serves; absent, on loopback. */
  readonly host?: string | undefined;
}

/** One experiment, killed up to three times. Its namespace goes with the cluster. */
export async function clusterKillDrill(seed: number, options: ClusterDrillOptions): Promise<DrillResult> {
  const drill = new ClusterDrill(seed, options);
  try {
    return await drill.play();
  } finally {
    drill.end();
  }
}

class ClusterDrill {
  readonly #seed: number;
  readonly #options: ClusterDrillOptions;
  readonly #random: () => number;
  readonly #cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-kills-'));
  readonly #namespace = `kills-${randomBytes(5).toString('hex')}`;
  readonly #plan: Plan;
  readonly #world: KillWorld;
  readonly #faults: string[] = [];
  #onMoment: (seen: Seen) => void = () => undefined;
  #approval: NodeJS.Timeout | undefined;
  #life: DriverLife | undefined;
  readonly #pods: ControllerPods | undefined;

  constructor(seed: number, options: ClusterDrillOptions) {
    this.#seed = seed;
    this.#options = options;
    this.#random = seeded(seed);
    const isBad = this.#random() < 0.3;
    const kind = this.#random() < 0.5 ? 'one object' : 'two objects';
    this.#plan = { namespace: this.#namespace, isBad, kind, isScripted: options.driver === 'run' };
    this.#world = new KillWorld(this.#plan, (seen) => this.#onSeen(seen));
    if (options.driver === 'pod')
      this.#pods = new ControllerPods((args, input) => this.#kubectl(args, input), 1 + Math.floor(this.#random() * 2));
  }

  end(): void {
    clearTimeout(this.#approval);
    if (this.#pods === undefined) this.#life?.giveUp('');
    rmSync(this.#cwd, { recursive: true, force: true });
  }

  async play(): Promise<DrillResult> {
    const started = performance.now();
    const killed: string[] = [];
    await using server = await testServer(
      (request, response) => {
        const { pathname, searchParams } = new URL(request.url ?? '', 'http://server');
        const answer = this.#world.answer(pathname.slice(1), searchParams);
        response.writeHead(answer.status).end(answer.body);
      },
      this.#options.host === undefined ? {} : { host: this.#options.host },
    );
    await using proxy = await observedApi(this.#options.kubeconfig, (request) => this.#onRequest(request));
    const kubeconfig = this.#writeKubeconfig(proxy.url);
    await this.#pods?.begin();
    await this.#kubectl(['create', 'namespace', this.#namespace]);
    using _watches = this.#watchAsOthers();
    await this.#kubectl(['create', '-f', '-'], objectsOf(this.#plan));
    const manifest = experimentManifest(this.#plan, { url: server.url, script: (id) => loggingScript(id, this.#log) });
    writeFileSync(path.join(this.#cwd, 'all.json'), JSON.stringify(manifest));
    if (this.#pods !== undefined) await this.#pods.allow(this.#namespace, this.#printRole());
    if (this.#options.driver !== 'run') await this.#kubectl(['create', '-f', '-'], manifest);
    const kills = 1 + Math.floor(this.#random() * 3);
    let before: Experiment | undefined;
    for (let k = 0; k <= kills && this.#faults.length === 0; k += 1) {
      const moments = Object.entries(momentsOf(this.#options.driver, this.#random));
      const moment = k === kills ? undefined : moments[Math.floor(this.#random() * moments.length)]!;
      const done = scriptLines(this.#log);
      const sent = new Map(this.#world.messages);
      const ended = await this.#runOnce(kubeconfig, moment?.[1]);
      if (before !== undefined) this.#faults.push(...this.#repeats(before, done, sent));
      before = await this.#stored();
      if (ended.killed) {
        killed.push(moment![0]);
        if (before === undefined) continue;
        this.#faults.push(...damage(before));
        // Its end was saved already: there is nothing to go on with, and `run` says so.
        if (hasEnded(before)) break;
        this.#faults.push(...(await this.#unknownWeights(before)));
        continue;
      }
      this.#faults.push(...this.#outcomeFaults(ended, before));
      break;
    }
    if (this.#faults.length === 0) await this.#lookAtEnd(killed.length);
    const takeovers = this.#pods?.takeoverSeconds ?? [];
    this.#faults.push(...(this.#pods?.faults() ?? []));
    return {
      seed: this.#seed,
      killed: [
        this.#plan.isBad ? 'a bad candidate' : 'a good candidate',
        this.#plan.kind,
        ...killed,
        ...takeovers.map((seconds) => `the next leader after ${seconds.toFixed(1)} s`),
      ],
      faults: this.#faults,
      seconds: (performance.now() - started) / 1000,
    };
  }

  get #program(): string {
    return this.#options.program ?? BIN;
  }

  get #log(): string {
    return path.join(this.#cwd, 'scripts.log');
  }

  #onSeen(seen: Seen): void {
    // Whoever approves does not know whether the driver lives.
    if (this.#approval === undefined && isAsked(seen))
      this.#approval = setTimeout(() => {
        const approve = `${CONTROL_ANNOTATIONS.approve}=${GATE}`;
        this.#kubectl(['annotate', 'experiments.iter8.tools', 'shop', '-n', this.#namespace, approve]).catch(
          (error: unknown) => this.#faults.push(`nobody could approve: ${String(error)}`),
        );
      }, APPROVED_AFTER_MS);
    this.#onMoment(seen);
  }

  /** What is seen of a driver that asks the API server itself. */
  #watchAsOthers(): Disposable | undefined {
    if (this.#pods === undefined) return undefined;
    const watch = (target: string, see: Parameters<typeof watchObjects>[2]) =>
      watchObjects(this.#options.kubeconfig, target.replace('NAMESPACE', this.#namespace), see);
    const status = watch('/apis/iter8.tools/v2alpha2/namespaces/NAMESPACE/experiments', (object) =>
      this.#onSeen({ kind: 'status', isAnswered: true, body: JSON.stringify(object.status ?? {}) }),
    );
    const held = new Map<string, string>();
    const [api, plural] =
      this.#plan.kind === 'one object' ? ['/api/v1', 'configmaps'] : ['/apis/apps/v1', 'deployments'];
    const weights = watch(`${api}/namespaces/NAMESPACE/${plural}`, (object) => {
      const now = JSON.stringify([object.data, object.spec?.['replicas']]);
      if (held.get(object.metadata.name) === now || object.metadata.name.startsWith('kube-')) return;
      held.set(object.metadata.name, now);
      this.#follow(object as WeightObject);
      this.#onSeen({ kind: 'weights', isAnswered: true, body: '' });
    });
    return {
      [Symbol.dispose]: () => {
        status[Symbol.dispose]();
        weights[Symbol.dispose]();
      },
    };
  }

  #onRequest({ method, path: asked, body, answer }: ObservedRequest): 'drop' | undefined {
    if (method !== 'PATCH') return undefined;
    const isWeights = /\/(configmaps|deployments)\//.test(asked) && !asked.includes('dryRun');
    if (!isWeights && !asked.includes('/experiments/')) return undefined;
    this.#onSeen({ kind: isWeights ? 'weights' : 'status', isAnswered: answer !== undefined, body });
    if (isWeights && answer?.status === 200) this.#follow(JSON.parse(answer.body) as WeightObject);
    return answer === undefined && this.#life?.isKilled() === true ? 'drop' : undefined;
  }

  #follow(object: WeightObject): void {
    const share = this.#world.follow(object);
    if (share > MOST_CANDIDATE) this.#faults.push(`the candidate has ${share} %, more than ${MOST_CANDIDATE} %`);
  }

  #writeKubeconfig(url: string): string {
    const file = path.join(this.#cwd, 'kubeconfig');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: url.replace(/\/$/, '') } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  }

  #kubectl(args: readonly string[], input?: object | string): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = execFile('kubectl', ['--kubeconfig', this.#options.kubeconfig, ...args], (error, out, err) => {
        if (error === null) resolve(out);
        else reject(new Error(err));
      });
      child.stdin?.end(typeof input === 'string' ? input : JSON.stringify(input ?? ''));
    });
  }

  #get<T>(...what: readonly string[]): Promise<T | undefined> {
    return this.#kubectl(['get', ...what, '-n', this.#namespace, '--ignore-not-found', '-o', 'json']).then((text) =>
      text === '' ? undefined : (JSON.parse(text) as T),
    );
  }

  #stored(): Promise<Experiment | undefined> {
    return this.#get<Experiment>('experiment', 'shop');
  }

  async #fields(): Promise<ReadonlyMap<string, FieldValue>> {
    if (this.#plan.kind === 'one object') {
      const { data } = (await this.#get<WeightObject>('configmap', 'split'))!;
      return new Map(VERSIONS.map((name) => [name, data![name] ?? null]));
    }
    const values = VERSIONS.map(
      async (name): Promise<[string, FieldValue]> => [
        name,
        (await this.#get<WeightObject>('deployment', name))!.spec!.replicas,
      ],
    );
    return new Map(await Promise.all(values));
  }

  /** The next driver must be able to recognise that what it finds there is ours. */
  async #unknownWeights(experiment: Experiment): Promise<string[]> {
    const fields = await this.#fields();
    // Another controller may lead by now.
    const saved = [experiment, await this.#stored()].map((one) => (one === undefined ? one : readRecord(one)?.traffic));
    const known = saved.flatMap((traffic) =>
      traffic === undefined ? [] : [traffic.fields, ...(traffic.moving ?? []), traffic.start],
    );
    const begin = this.#plan.kind === 'one object' ? { v1: '100', v2: '0' } : { v1: 4, v2: 0 };
    return [...fields].flatMap(([version, value]) => {
      const allowed =
        known.length === 0
          ? [begin[version as 'v1' | 'v2']]
          : known.map((fields) => fields.find((field) => field.version === version)?.value);
      return allowed.some((one) => isSameValue(value, one))
        ? []
        : [`${version} holds ${value}, which nothing says that was saved: ${JSON.stringify(saved)}`];
    });
  }

  async #runOnce(kubeconfig: string, moment: Moment | undefined): Promise<Ended> {
    const death = this.#random() < 0.5 ? 'deleted' : 'SIGKILL';
    const late = this.#random();
    const life = this.#pods?.life(death) ?? this.#begin(kubeconfig);
    this.#life = life;
    let timer: NodeJS.Timeout | undefined;
    const over = new AbortController();
    this.#onMoment = (seen) => {
      if (moment === undefined || timer !== undefined || life.isKilled() || !moment.sees(seen)) return;
      if (moment.withinMs === 0) life.kill();
      else timer = setTimeout(life.kill, late * moment.withinMs);
    };
    const hang = setTimeout(() => life.giveUp(`it hung for ${LONGEST_MS / 1000} s`), LONGEST_MS);
    if (this.#options.driver !== 'run') void this.#stopWhenEnded(life, over.signal);
    const ended = await life.ended;
    this.#onMoment = () => undefined;
    clearTimeout(timer);
    clearTimeout(hang);
    over.abort();
    return ended;
  }

  #printRole(): string {
    const args = ['install', '--print-role', '--ignore-others', '-f', 'all.json'];
    const env = { ...process.env, KUBECONFIG: this.#options.kubeconfig };
    return execFileSync(process.execPath, [this.#program, ...args], { cwd: this.#cwd, env, encoding: 'utf8' });
  }

  #begin(kubeconfig: string): DriverLife {
    const args =
      this.#options.driver === 'run'
        ? ['run', '-f', 'all.json', '-n', this.#namespace, '-o', 'ndjson', '--overwrite-metrics']
        : ['controller', '-n', this.#namespace];
    const env = {
      ...process.env,
      KUBECONFIG: kubeconfig,
      HOME: this.#cwd,
      XDG_STATE_HOME: path.join(this.#cwd, 'state'),
      // Each controller leads in its own namespace.
      POD_NAMESPACE: this.#namespace,
    };
    return processLife(this.#program, args, { cwd: this.#cwd, env });
  }

  async #stopWhenEnded(life: DriverLife, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const now = await this.#stored().catch(() => undefined);
      if (now !== undefined && hasEnded(now)) break;
      await delay(700, undefined, { signal: over }).catch(() => undefined);
    }
    if (!over.aborted) life.stop();
  }

  /** Tasks that were done when their driver was killed. */
  #repeats(before: Experiment, lines: readonly string[], sent: ReadonlyMap<string, number>): string[] {
    const scripts = repeated(before, ['start/0', 'finish/0'], { before: lines, now: scriptLines(this.#log) });
    const { tasks = {} } = readRecord(before) ?? {};
    const messages = [...this.#world.messages].filter(
      ([id, n]) => n > (sent.get(id) ?? 0) && tasks[id]?.state === 'done' && !id.startsWith('loop'),
    );
    return [...scripts, ...messages.map(([id]) => `the message of ${id} was sent, and was sent again`)];
  }

  #outcomeFaults({ code, err }: Ended, now: Experiment | undefined): string[] {
    const tail = err.slice(-3_000);
    if (now === undefined || !hasEnded(now)) return [`it did not end (exit code ${code}): ${tail}`];
    const { verdict, reasons = [] } = readRecord(now)?.recommendation ?? {};
    const { isBad } = this.#plan;
    const expected = isBad ? 'do not promote' : 'promote';
    const expectedCode = { run: isBad ? 1 : 0, controller: 0, pod: undefined }[this.#options.driver];
    return code === expectedCode && verdict === expected
      ? []
      : [`it ended with ${code}, ${verdict}: ${[...reasons, tail].join('; ')}`];
  }

  async #lookAtEnd(kills: number): Promise<void> {
    const last = (await this.#stored())!;
    const { isBad, kind } = this.#plan;
    const lost = kills * this.#options.lostSeconds * RATE;
    this.#faults.push(
      ...countFaults(last, this.#world.arrived, { lost, planned: isBad ? undefined : PLANNED }),
      ...ledgerFaults(last, this.#world.counters),
      ...scriptLines(this.#log).filter((line) => line.startsWith('overlap')),
    );
    if (!isBad && last.status?.completedIterations !== 2 * LOOPS)
      this.#faults.push(`${last.status?.completedIterations} iterations of ${2 * LOOPS}`);
    for (const [id, n] of this.#world.messages) {
      const most = id.startsWith('loop') ? LOOPS : 1;
      if (n > most) this.#faults.push(`the message of ${id} was sent ${n} times`);
    }
    const start = kind === 'one object' ? ['100', '0'] : [4, 0];
    const promoted = kind === 'one object' ? [`${100 - MOST_CANDIDATE}`, `${MOST_CANDIDATE}`] : [2, 2];
    const fields = [...(await this.#fields()).values()];
    const expected = isBad ? start : promoted;
    if (!fields.every((value, index) => isSameValue(value, expected[index])))
      this.#faults.push(`the weights are ${fields.join(', ')} at the end, not ${expected.join(', ')}`);
    if (this.#options.driver === 'run') this.#faults.push(...replayFaults(last, await this.#recordLines()));
  }

  async #recordLines(): Promise<unknown[]> {
    const [folder] = readdirSync(path.join(this.#cwd, 'state/iter8ctl/clusters'));
    const dir = path.join(this.#cwd, 'state/iter8ctl/clusters', folder!);
    const lines: unknown[] = [];
    for await (const line of createFileRecordLog({ dir }).read({ namespace: this.#namespace, name: 'shop' }))
      lines.push(line);
    return lines;
  }
}
