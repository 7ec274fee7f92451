/**
 * Kills `run --local` at seeded moments, starts it again until the experiment has ended, and looks at what is left: no task twice,
 * requests counted as the target counted them, evidence whole, the record replayable. For `npm run kills` and a test.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFileRecordLog } from '../../src/adapters/store/record-log.ts';
import { createFileStore } from '../../src/adapters/store/local-store.ts';
import { hasEnded } from '../../src/experiment/conditions.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import {
  countedText,
  countFaults,
  damage,
  ledgerFaults,
  liveMetric,
  loggingScript,
  repeated,
  replayFaults,
  scriptLines,
  wasTooBusy,
} from './kill-checks.ts';
import type { DrillResult } from './play-drills.ts';
import { seeded } from './seeded.ts';
import { testServer } from './test-server.ts';

const KEY = { namespace: 'default', name: 'shop' };
const VERSIONS = ['v1', 'v2'];
const RATE = 150;
const START_REQUESTS = 225;
const LOOP_REQUESTS = 45;
const LOOPS = 2;
const PLANNED = START_REQUESTS + LOOPS * LOOP_REQUESTS;
/** A run that is not killed takes some seconds; one that hangs is a finding. */
const LONGEST_RUN_MS = 120_000;

/** Where a driver is killed: so many ms after an event of its own. */
const MOMENTS = {
  'a start task': { sees: (event: Seen) => event.kind === 'task-started' && event.action === 'start', withinMs: 400 },
  'mid-load': { sees: (event: Seen) => event.kind === 'load', withinMs: 1_500 },
  'a loop task': {
    sees: (event: Seen) => event.kind === 'task-started' && event.action?.startsWith('loop') === true,
    withinMs: 500,
  },
  'between iterations': { sees: (event: Seen) => event.reason === 'IterationUpdate', withinMs: 900 },
  'a finish task': { sees: (event: Seen) => event.kind === 'task-started' && event.action === 'finish', withinMs: 400 },
  anywhere: { sees: () => true, withinMs: 5_000 },
} as const;
type Moment = keyof typeof MOMENTS;
export const MOMENT_NAMES = Object.keys(MOMENTS) as Moment[];

interface Seen {
  readonly kind?: string;
  readonly action?: string;
  readonly reason?: string;
}

function manifest(url: string, log: string): object {
  const collect = (numQueries: number) => ({
    task: 'metrics/collect',
    with: { numQueries, qps: RATE, timeout: '20s', versions: VERSIONS.map((name) => ({ name, url: `${url}${name}` })) },
  });
  const experiment = {
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: KEY,
    spec: {
      target: 'shop',
      strategy: {
        testingPattern: 'Canary',
        deploymentPattern: 'FixedSplit',
        actions: {
          start: [loggingScript('start/0', log), collect(START_REQUESTS)],
          loop: [loggingScript('loop/0', log), collect(LOOP_REQUESTS)],
          finish: [loggingScript('finish/0', log), loggingScript('finish/1', log)],
        },
      },
      criteria: {
        objectives: [
          { metric: 'iter8-system/error-rate', upperLimit: '0.3' },
          { metric: 'live', upperLimit: '0.5' },
        ],
        strength: {
          extend: false,
          inFlightSeconds: 0.1,
          relative: [{ metric: 'iter8-system/mean-latency', maxIncrease: 15_000 }],
        },
      },
      duration: { intervalSeconds: 1, iterationsPerLoop: 2, maxLoops: LOOPS },
      versionInfo: { baseline: { name: VERSIONS[0] }, candidates: [{ name: VERSIONS[1] }] },
    },
  };
  return { apiVersion: 'v1', kind: 'List', items: [experiment, liveMetric(url, 'default')] };
}

/** One experiment, killed up to three times. `lostSeconds`: of load, that each kill may cost. */
export async function killDrill(seed: number, lostSeconds: number): Promise<DrillResult> {
  const random = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const started = performance.now();
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-kills-'));
  const log = path.join(cwd, 'scripts.log');
  const arrived = new Map(VERSIONS.map((name) => [name, 0]));
  const counters = new Map<string, number[]>();
  await using server = await testServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://server');
    const version = pathname.slice(1);
    if (version === 'counters') {
      // As the requests of others: they go on whether we look or not.
      const asked = searchParams.get('version') ?? '';
      const at = Date.now() / 1000;
      const others = Math.floor((performance.now() - started) / 2);
      const given = counters.get(asked) ?? [];
      counters.set(asked, given);
      given.push(others);
      const rows = [
        { series: 'a', at, hits: 0 },
        { series: 'a', at, others },
      ];
      response.end(JSON.stringify({ shares: rows }));
      return;
    }
    arrived.set(version, (arrived.get(version) ?? 0) + 1);
    response.end('ok');
  });
  writeFileSync(path.join(cwd, 'all.json'), JSON.stringify(manifest(server.url, log)));
  const kills = 1 + Math.floor(random() * 3);
  const killed: string[] = [];
  const faults: string[] = [];
  let before: Experiment | undefined;
  try {
    for (let k = 0; k <= kills; k += 1) {
      const moment = k === kills ? undefined : { at: pick(MOMENT_NAMES), share: random() };
      const done = scriptLines(log);
      const ended = await runOnce(cwd, moment);
      if (before !== undefined)
        faults.push(...repeated(before, ['start/0', 'finish/0', 'finish/1'], { before: done, now: scriptLines(log) }));
      const now = await stored(cwd);
      if (ended.killed) {
        killed.push(moment!.at);
        faults.push(...(now === undefined ? [] : damage(now)));
        before = now;
        continue;
      }
      faults.push(...outcomeFaults(ended, now));
      break;
    }
    const last = await stored(cwd);
    if (last !== undefined && faults.length === 0) {
      const log = await recordLines(cwd);
      const loads = killed.length;
      faults.push(
        ...countFaults(last, arrived, { lost: loads * lostSeconds * RATE, planned: PLANNED }),
        ...wholeFaults(last),
        ...ledgerFaults(last, counters),
        ...replayFaults(last, log),
      );
      faults.push(...litter(cwd));
    }
    faults.push(...scriptLines(log).filter((line) => line.startsWith('overlap')));
    return { seed, killed, faults, seconds: (performance.now() - started) / 1000 };
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

interface Ended {
  readonly killed: boolean;
  readonly code: number | null;
  readonly err: string;
}

const BIN = path.join(import.meta.dirname, '../../bin/iter8ctl.js');

function runOnce(cwd: string, moment: { readonly at: Moment; readonly share: number } | undefined): Promise<Ended> {
  const child = spawn(process.execPath, [BIN, 'run', '--local', '-f', 'all.json', '-o', 'ndjson'], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: cwd, XDG_STATE_HOME: path.join(cwd, 'state') },
  });
  let err = '';
  let rest = '';
  let timer: NodeJS.Timeout | undefined;
  let killed = false;
  const kill = () => {
    killed = child.kill('SIGKILL');
  };
  const hang = setTimeout(() => {
    err += `\nit hung for ${LONGEST_RUN_MS / 1000} s`;
    child.kill('SIGKILL');
  }, LONGEST_RUN_MS);
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  child.stdout.on('data', (data: Buffer) => {
    const lines = (rest + data.toString()).split('\n');
    rest = lines.pop() ?? '';
    if (moment === undefined || timer !== undefined) return;
    const { sees, withinMs } = MOMENTS[moment.at];
    if (lines.some((line) => sees(JSON.parse(line) as Seen))) timer = setTimeout(kill, moment.share * withinMs);
  });
  return new Promise((resolve) =>
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      clearTimeout(hang);
      resolve({ killed: killed && signal === 'SIGKILL', code, err });
    }),
  );
}

const folder = (cwd: string): string => path.join(cwd, '.iter8');

async function stored(cwd: string): Promise<Experiment | undefined> {
  if (!existsSync(path.join(folder(cwd), 'experiments/default/shop.yaml'))) return undefined;
  const clock = { now: Date.now, monotonicMs: () => performance.now(), sleep: () => Promise.resolve() };
  return createFileStore({ dir: folder(cwd), shownDir: '.iter8', clock, pid: process.pid }).get(KEY);
}

async function recordLines(cwd: string): Promise<unknown[]> {
  const lines: unknown[] = [];
  for await (const line of createFileRecordLog({ dir: folder(cwd) }).read(KEY)) lines.push(line);
  return lines;
}

function outcomeFaults({ code, err }: Ended, now: Experiment | undefined): string[] {
  if (now === undefined || !hasEnded(now)) return [`it did not end (exit code ${code}): ${err.slice(-2_000)}`];
  const { verdict, reasons = [] } = readRecord(now)?.recommendation ?? {};
  return (code === 0 && verdict === 'promote') || (code === 3 && verdict === 'undecided' && wasTooBusy(now))
    ? []
    : [`it ended with ${code}, ${verdict}: ${[...reasons, err.slice(-2_000), countedText(now)].join('; ')}`];
}

function wholeFaults({ status }: Experiment): string[] {
  const iterations = status?.completedIterations;
  return iterations === 2 * LOOPS ? [] : [`${iterations} iterations of ${2 * LOOPS}`];
}

/** Locks, claims, temporary files and folders of scripts that nobody removed. */
function litter(cwd: string): string[] {
  const files = readdirSync(folder(cwd), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(cwd, path.join(entry.parentPath, entry.name)));
  const expected = /\.iter8\/(experiments|metrics|records)\/default\/(shop|live)\.(yaml|ndjson)$/;
  return files.filter((file) => !expected.test(file)).map((file) => `left behind: ${file}`);
}
