/**
 * Kills `run` against a real API server, or the controller, at seeded moments: also while traffic is moved, before the change
 * arrives and after it was made. Starts it again until the experiment has ended, and looks at what is left: no task and no message
 * twice, requests counted as the target counted them, evidence whole, weights as they should be. For `npm run kills` and a test.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createFileRecordLog } from '../../src/adapters/store/record-log.ts';
import { hasEnded } from '../../src/experiment/conditions.ts';
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
  LOOPS,
  MOST_CANDIDATE,
  objectsOf,
  PLANNED,
  RATE,
  VERSIONS,
  type Plan,
} from './cluster-kill-experiment.ts';
import type { DrillResult } from './play-drills.ts';
import { momentsOf, type Moment, type Seen } from './cluster-kill-moments.ts';
import { seeded } from './seeded.ts';
import { tellingProxy, type Told } from './telling-proxy.ts';
import { testServer } from './test-server.ts';

export type Driver = 'run' | 'controller';

const LONGEST_MS = 240_000;
const BIN = path.join(import.meta.dirname, '../../bin/iter8ctl.js');

export interface ClusterDrillOptions {
  readonly kubeconfig: string;
  readonly driver: Driver;
  /** Path of the program; absent, that of this folder. */
  readonly program?: string | undefined;
  /** Of load, that each kill may cost. */
  readonly lostSeconds: number;
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
  readonly #arrived = new Map<string, number>(VERSIONS.map((name) => [name, 0]));
  /** What the backend said of each version. */
  readonly #counters = new Map<string, number[]>();
  readonly #messages = new Map<string, number>();
  readonly #faults: string[] = [];
  #shares: readonly number[] = [1, 0];
  #grown = { atMs: performance.now(), counts: [0, 0] };
  #onSeen: (seen: Seen) => void = () => undefined;
  #child: ChildProcess | undefined;

  constructor(seed: number, options: ClusterDrillOptions) {
    this.#seed = seed;
    this.#options = options;
    this.#random = seeded(seed);
    const isBad = this.#random() < 0.3;
    const kind = this.#random() < 0.5 ? 'one object' : 'two objects';
    this.#plan = { namespace: this.#namespace, isBad, kind, isScripted: options.driver === 'run' };
  }

  end(): void {
    this.#child?.kill('SIGKILL');
    rmSync(this.#cwd, { recursive: true, force: true });
  }

  async play(): Promise<DrillResult> {
    const started = performance.now();
    const killed: string[] = [];
    await using server = await testServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://server');
      const answer = this.#answer(pathname.slice(1), searchParams);
      response.writeHead(answer.status).end(answer.body);
    });
    await using proxy = await tellingProxy(this.#options.kubeconfig, (told) => this.#told(told));
    const kubeconfig = this.#writeKubeconfig(proxy.url);
    await this.#kubectl(['create', 'namespace', this.#namespace]);
    await this.#kubectl(['create', '-f', '-'], objectsOf(this.#plan));
    const manifest = experimentManifest(this.#plan, { url: server.url, script: (id) => loggingScript(id, this.#log) });
    writeFileSync(path.join(this.#cwd, 'all.json'), JSON.stringify(manifest));
    if (this.#options.driver === 'controller') await this.#kubectl(['create', '-f', '-'], manifest);
    const kills = 1 + Math.floor(this.#random() * 3);
    let before: Experiment | undefined;
    for (let k = 0; k <= kills && this.#faults.length === 0; k += 1) {
      const moments = Object.entries(momentsOf(this.#random));
      const moment = k === kills ? undefined : moments[Math.floor(this.#random() * moments.length)]!;
      const done = scriptLines(this.#log);
      const sent = new Map(this.#messages);
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
    return {
      seed: this.#seed,
      killed: [this.#plan.isBad ? 'a bad candidate' : 'a good candidate', this.#plan.kind, ...killed],
      faults: this.#faults,
      seconds: (performance.now() - started) / 1000,
    };
  }

  get #log(): string {
    return path.join(this.#cwd, 'scripts.log');
  }

  #answer(what: string, search: URLSearchParams): { readonly status: number; readonly body: string } {
    if (what === 'message') {
      const id = search.get('id') ?? '';
      this.#messages.set(id, (this.#messages.get(id) ?? 0) + 1);
      this.#onSeen({ kind: 'message' });
      return { status: 200, body: 'ok' };
    }
    if (what === 'counters') {
      const version = search.get('version') ?? '';
      this.#grow();
      const all = this.#grown.counts[VERSIONS.findIndex((name) => name === version)]!;
      const hits = this.#plan.isBad && version === VERSIONS[1] ? Math.floor(0.8 * all) : 0;
      const given = this.#counters.get(version) ?? [];
      this.#counters.set(version, given);
      given.push(all);
      const at = Date.now() / 1000;
      const rows = [
        { series: 'a', at, hits },
        { series: 'a', at, others: all - hits },
      ];
      return { status: 200, body: JSON.stringify({ shares: rows }) };
    }
    const n = (this.#arrived.get(what) ?? 0) + 1;
    this.#arrived.set(what, n);
    this.#onSeen({ kind: 'request', k: [...this.#arrived.values()].reduce((sum, one) => sum + one, 0) });
    return { status: 200, body: 'ok' };
  }

  /** Requests of others: they go on whether we look or not, and follow the weights. */
  #grow(): void {
    const nowMs = performance.now();
    const ms = nowMs - this.#grown.atMs;
    const counts = this.#grown.counts.map((count, index) => count + Math.floor((ms / 2) * this.#shares[index]!));
    this.#grown = { atMs: nowMs, counts };
  }

  #told({ method, path: asked, body, answer }: Told): 'drop' | undefined {
    if (method !== 'PATCH') return undefined;
    const isWeights = /\/(configmaps|deployments)\//.test(asked) && !asked.includes('dryRun');
    if (!isWeights && !asked.includes('/experiments/')) return undefined;
    this.#onSeen({ kind: isWeights ? 'weights' : 'status', isAnswered: answer !== undefined, body });
    if (isWeights && answer?.status === 200) this.#follow(JSON.parse(answer.body) as WeightObject);
    return answer === undefined && this.#child?.killed === true ? 'drop' : undefined;
  }

  #follow({ metadata, spec, data }: WeightObject): void {
    this.#grow();
    const { kind } = this.#plan;
    const values =
      kind === 'one object'
        ? VERSIONS.map((name) => Number(data![name]))
        : VERSIONS.map((name, index) => (metadata.name === name ? spec!.replicas : 4 * this.#shares[index]!));
    const sum = values.reduce((all, one) => all + one, 0);
    // Between the changes of two objects there are more pods, or fewer.
    this.#shares = kind === 'one object' ? values.map((value) => value / sum) : values.map((value) => value / 4);
    const share = (100 * this.#shares[1]!) / this.#shares.reduce((all, one) => all + one, 0);
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

  #kubectl(args: readonly string[], input?: object): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = execFile('kubectl', ['--kubeconfig', this.#options.kubeconfig, ...args], (error, out, err) => {
        if (error === null) resolve(out);
        else reject(new Error(err));
      });
      child.stdin?.end(input === undefined ? '' : JSON.stringify(input));
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

  /** The next driver must be able to tell that what it finds there is ours. */
  async #unknownWeights(experiment: Experiment): Promise<string[]> {
    const { traffic } = readRecord(experiment) ?? {};
    const known = traffic === undefined ? [] : [traffic.fields, ...(traffic.moving ?? []), traffic.start];
    const begin = this.#plan.kind === 'one object' ? { v1: '100', v2: '0' } : { v1: 4, v2: 0 };
    return [...(await this.#fields())].flatMap(([version, value]) => {
      const allowed =
        known.length === 0
          ? [begin[version as 'v1' | 'v2']]
          : known.map((fields) => fields.find((field) => field.version === version)?.value);
      return allowed.some((one) => isSameValue(value, one))
        ? []
        : [`${version} holds ${value}, which nothing says that was saved: ${JSON.stringify(traffic)}`];
    });
  }

  #runOnce(kubeconfig: string, moment: Moment | undefined): Promise<Ended> {
    const { driver } = this.#options;
    const args =
      driver === 'run'
        ? ['run', '-f', 'all.json', '-n', this.#namespace, '-o', 'ndjson', '--overwrite-metrics']
        : ['controller', '-n', this.#namespace];
    const child = spawn(process.execPath, [this.#options.program ?? BIN, ...args], {
      cwd: this.#cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        KUBECONFIG: kubeconfig,
        HOME: this.#cwd,
        XDG_STATE_HOME: path.join(this.#cwd, 'state'),
        // Each controller leads in its own namespace.
        POD_NAMESPACE: this.#namespace,
      },
    });
    this.#child = child;
    let err = '';
    let killed = false;
    let timer: NodeJS.Timeout | undefined;
    const over = new AbortController();
    const kill = () => {
      killed = child.kill('SIGKILL');
    };
    const late = this.#random();
    this.#onSeen = (seen) => {
      if (moment === undefined || timer !== undefined || killed || !moment.sees(seen)) return;
      if (moment.withinMs === 0) kill();
      else timer = setTimeout(kill, late * moment.withinMs);
    };
    const hang = setTimeout(() => {
      err += `\nit hung for ${LONGEST_MS / 1000} s`;
      child.kill('SIGKILL');
    }, LONGEST_MS);
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    if (driver === 'controller') void this.#stopWhenEnded(child, over.signal);
    return new Promise((resolve) =>
      child.once('close', (code, signal) => {
        this.#onSeen = () => undefined;
        clearTimeout(timer);
        clearTimeout(hang);
        over.abort();
        resolve({ killed: killed && signal === 'SIGKILL', code, err });
      }),
    );
  }

  async #stopWhenEnded(child: ChildProcess, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const now = await this.#stored().catch(() => undefined);
      if (now !== undefined && hasEnded(now)) break;
      await delay(700, undefined, { signal: over }).catch(() => undefined);
    }
    if (!over.aborted) child.kill('SIGTERM');
  }

  /** Tasks that were done when their driver was killed. */
  #repeats(before: Experiment, lines: readonly string[], sent: ReadonlyMap<string, number>): string[] {
    const scripts = repeated(before, ['start/0', 'finish/0'], { before: lines, now: scriptLines(this.#log) });
    const { tasks = {} } = readRecord(before) ?? {};
    const messages = [...this.#messages].filter(
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
    const expectedCode = this.#options.driver === 'controller' ? 0 : isBad ? 1 : 0;
    return code === expectedCode && verdict === expected
      ? []
      : [`it ended with ${code}, ${verdict}: ${[...reasons, tail].join('; ')}`];
  }

  async #lookAtEnd(kills: number): Promise<void> {
    const last = (await this.#stored())!;
    const { isBad, kind } = this.#plan;
    const lost = kills * this.#options.lostSeconds * RATE;
    this.#faults.push(
      ...countFaults(last, this.#arrived, { lost, planned: isBad ? undefined : PLANNED }),
      ...ledgerFaults(last, this.#counters),
      ...scriptLines(this.#log).filter((line) => line.startsWith('overlap')),
    );
    if (!isBad && last.status?.completedIterations !== 2 * LOOPS)
      this.#faults.push(`${last.status?.completedIterations} iterations of ${2 * LOOPS}`);
    for (const [id, n] of this.#messages) {
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

interface WeightObject {
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly replicas: number };
  readonly data?: Readonly<Record<string, string>>;
}

interface Ended {
  readonly killed: boolean;
  readonly code: number | null;
  readonly err: string;
}
