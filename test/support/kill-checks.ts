/** What must be whole in an experiment whose drivers were killed (kill-drill.ts, cluster-kill-drill.ts): each finding is a sentence. */
import { existsSync, readFileSync } from 'node:fs';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { countedPairs, readRecord, type Iter8Record } from '../../src/judge/record/stored-record.ts';
import { replayRecord } from '../../src/replay/replay.ts';

/** A script takes so long, s: there is time to be killed in it. */
const SCRIPT_SECONDS = 0.25;

/** Counters of others, which `${url}counters` gives, of each version. */
export const liveMetric = (url: string, namespace: string): object => ({
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Metric',
  metadata: { name: 'live', namespace },
  spec: {
    urlTemplate: `${url}counters`,
    params: [{ name: 'version', value: '$name' }],
    jqExpression: '. as {$shares} | {$shares}',
  },
});

/** A task that writes down when it begins and ends, and whether another one of it runs at the same time. */
export const loggingScript = (id: string, log: string): object => ({
  with: { onResume: 'repeat' },
  run: [
    `exec 9>'${log}.${id.replace('/', '-')}.lock'`,
    `flock -n 9 || echo 'overlap ${id}' >> '${log}'`,
    `echo 'begin ${id}' >> '${log}'`,
    `sleep ${SCRIPT_SECONDS}`,
    `echo 'end ${id}' >> '${log}'`,
  ].join('\n'),
});

export function scriptLines(log: string): string[] {
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').filter(Boolean) : [];
}

/** Tasks that were done when their driver was killed, and begun again by the next one. */
export function repeated(
  killed: Experiment,
  ids: readonly string[],
  lines: { readonly before: readonly string[]; readonly now: readonly string[] },
): string[] {
  const { tasks = {} } = readRecord(killed) ?? {};
  const begun = (all: readonly string[], id: string) => all.filter((line) => line === `begin ${id}`).length;
  return ids.flatMap((id) => {
    const again = begun(lines.now, id) - begun(lines.before, id);
    return again > 0 && tasks[id]?.state === 'done' ? [`${id} was done, and was begun again ${again} times`] : [];
  });
}

/** What a killed driver leaves must be readable, and no less than whole. */
export function damage(experiment: Experiment): string[] {
  const isBegun = experiment.status?.conditions?.some(({ reason }) => reason !== undefined) === true;
  const record = readRecord(experiment);
  if (record !== undefined) return [];
  return isBegun && experiment.status?.analysis !== undefined ? ['the record that was left cannot be read'] : [];
}

/** Of 315 requests with a limit of 30 % errors: more of them unresolved, and nobody can say whether it is kept. */
const MOST_UNRESOLVED = 0.2;

/**
 * Whether `undecided` is the true answer because this machine had too much to do: a load that is sent too late judges no latency, and
 * what was under way when its driver was killed may have failed.
 */
export function wasTooBusy(now: Experiment): boolean {
  const { assessments = [], scopes = [] } = readRecord(now) ?? {};
  const unresolved = (version: string): number => {
    const tally = scopes.find((scope) => scope.version === version && scope.endpoint === undefined)?.tally;
    return (tally?.codes['unresolved'] ?? 0) / Math.max(1, tally?.response.n ?? 0);
  };
  const open = assessments.filter(({ verdict }) => verdict === 'undecided');
  const excused = open.filter(
    ({ reason, version }) =>
      reason === 'load-too-slow' || (reason === 'not-enough-evidence' && unresolved(version) > MOST_UNRESOLVED),
  );
  return open.length > 0 && excused.length === open.length;
}

/** What is known of each version, for whoever looks at an answer that is wrong. */
export function countedText(now: Experiment): string {
  const { scopes = [], warnings = [] } = readRecord(now) ?? {};
  const counted = scopes.map(({ version, tally: { codes, response, ...rest } }) => ({
    version,
    codes,
    errors: response.errors,
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => JSON.stringify(value).length < 300)),
  }));
  return JSON.stringify([counted, warnings]);
}

/**
 * Requests counted as the target counted them. `lost`: so many of a version may be missing. `planned`: so many are counted, absent
 * where the load may end early.
 */
export function countFaults(
  last: Experiment,
  arrived: ReadonlyMap<string, number>,
  { lost: mayBeLost, planned }: { readonly lost: number; readonly planned?: number | undefined },
): string[] {
  const record = readRecord(last)!;
  const faults: string[] = [];
  for (const [version, target] of arrived) {
    const counted = record.scopes.find((scope) => scope.version === version && scope.endpoint === undefined)?.tally;
    const n = counted?.response.n ?? 0;
    if (planned !== undefined && n !== planned)
      faults.push(`${version}: ${n} requests are counted, ${planned} were planned`);
    const lost = target - n;
    // What was under way when it was killed is counted as sent and may not have arrived.
    if (lost > mayBeLost || lost < -(counted?.response.errors ?? 0))
      faults.push(
        `${version}: the target got ${target} requests, ${n} are counted: more than the ${mayBeLost} that may be lost`,
      );
    const bins = (counted?.response.histogram ?? []).reduce((sum, one, at) => (at % 2 === 1 ? sum + one : sum), 0);
    if (bins !== n) faults.push(`${version}: the histogram holds ${bins} of ${n} requests`);
    const codes = Object.values(counted?.codes ?? {}).reduce((sum, one) => sum + one, 0);
    if (codes !== n) faults.push(`${version}: codes of ${codes} of ${n} requests`);
    if (planned !== undefined) {
      const pairs = countedPairs(record)['v2']?.n ?? 0;
      if (pairs > planned || pairs < planned - mayBeLost) faults.push(`${pairs} pairs of ${planned} requests`);
    }
  }
  const tasks = Object.entries(record.tasks).filter(([, { state }]) => state !== 'done');
  if (tasks.length > 0) faults.push(`not done: ${tasks.map(([id]) => id).join(', ')}`);
  return faults;
}

/** The ledger of the counters holds all growth since the start, whoever looked: neither twice nor with a gap. */
export function ledgerFaults(last: Experiment, counters: ReadonlyMap<string, readonly number[]>): string[] {
  return [...counters].flatMap(([version, given]) => {
    const series = Object.values(readRecord(last)?.measured?.['live']?.[version]?.counters?.series ?? {});
    const sum = (lists: readonly (readonly number[])[]) => lists.flat().reduce((all, one) => all + one, 0);
    const grown = sum(series.map(({ total }) => total));
    const now = sum(series.map(({ raw }) => raw));
    return given.includes(now - grown) && given.at(-1) === now
      ? []
      : [`${version}: counters stand at ${now}, grown by ${grown}; the backend said ${given.join(', ')}`];
  });
}

/** What the record says line by line is what the object says. */
export function replayFaults(last: Experiment, lines: readonly unknown[]): string[] {
  const said = (record: Iter8Record | undefined) =>
    JSON.stringify(sorted([record?.recommendation, record?.assessments, record?.scopes]));
  const [object, replayed] = [readRecord(last), readRecord(replayRecord(lines, { strength: {} }))].map(said);
  if (object === replayed) return [];
  const at =
    Array.from({ length: object!.length }, (_, index) => index).find((index) => object![index] !== replayed![index]) ??
    0;
  return [
    `a replay differs: ${object!.slice(Math.max(0, at - 150), at + 80)} / ${replayed!.slice(Math.max(0, at - 150), at + 80)}`,
  ];
}

/** An API server keeps the keys of objects in an order of its own. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]));
}
