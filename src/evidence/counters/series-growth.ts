/** What one series of counters grew by, from its start or that of the ledger on: see `counter-growth.ts`. */
import { firstWhere } from '../bisection.ts';
import { claimed, partsOf, type PartsLayout } from './counter-parts.ts';
import { hasRestarted } from './counter-restarts.ts';
import type { CounterSample } from './counter-samples.ts';

/** One series, from its start or that of the ledger. The parts of a value: see `partsOf`. */
export interface SeriesLedger {
  /** The newest sample, as it was read. */
  readonly atMs: number;
  readonly raw: readonly number[];
  /** Grown since. */
  readonly total: readonly number[];
  /** `[atMs, ...parts]` of the first sample that is `inFlightMs` after the start. */
  readonly settled?: readonly number[] | undefined;
  /** `[atMs, ...parts]`: the newest sample that is `inFlightMs` older than the newest of all, and all later ones. */
  readonly recent: readonly (readonly number[])[];
  /** When it has counted for `inFlightMs`; absent when it did so at the start. */
  readonly steadyMs?: number | undefined;
  /** `[atMs, ...parts]` of the first sample that the present block counts from; absent until then. */
  readonly mark?: readonly number[] | undefined;
  /** What it is read from, where that is known; and that this has restarted since the newest sample. */
  readonly source?: string | undefined;
  readonly isOver?: true | undefined;
}

/** What series are counted by. */
export interface CountedSince extends PartsLayout {
  readonly inFlightMs: number;
  readonly startMs: number;
  readonly block?: { readonly fromMs: number } | undefined;
}

interface Reading {
  readonly atMs: number;
  readonly raw: readonly number[];
}

/** A series that was not there before began at zero; but nothing is claimed of what it counted before its first sample. */
export function begun({ atMs, source }: CounterSample, raw: readonly number[], ledger: CountedSince): SeriesLedger {
  const point = [atMs, ...claimed(raw, ledger)];
  const isSettled = atMs >= ledger.startMs + ledger.inFlightMs;
  return {
    atMs,
    raw,
    total: raw,
    ...(isSettled ? { settled: point } : {}),
    recent: [point],
    steadyMs: atMs + ledger.inFlightMs,
    ...(source === undefined ? {} : { source }),
  };
}

/**
 * All that it has counted began after the restart. Of one that did not fall nobody saw that: another series of the same place did, and
 * what exports for many processes, or forgets a series, is no process that restarted. Then only what it grew by is claimed.
 */
export function restarted(before: SeriesLedger, { atMs, raw }: Reading, ledger: CountedSince): SeriesLedger {
  const point = [atMs, ...claimed(raw, ledger)];
  const hasFallen = hasRestarted(before.raw, raw, ledger.kind);
  const settled = [before.atMs, ...claimed(hasFallen ? raw.map(() => 0) : before.raw, ledger)];
  const { source } = before;
  return {
    atMs,
    raw,
    total: raw,
    settled,
    recent: [point],
    steadyMs: atMs + ledger.inFlightMs,
    ...(source === undefined ? {} : { source }),
  };
}

/** Samples of one series that are kept: each sample that is added costs as much time as there are. */
const MOST_RECENT = 250;

/** The oldest and the newest stay: the allowance is rounded up to fewer samples. */
export const everyOther = (recent: SeriesLedger['recent']): SeriesLedger['recent'] =>
  recent.filter((_, k) => k % 2 === 0 || k === recent.length - 1);

export function grown(before: SeriesLedger, { atMs, raw }: Reading, ledger: CountedSince): SeriesLedger {
  const total = raw.map((part, index) => before.total[index]! + part - before.raw[index]!);
  const point = [atMs, ...claimed(total, ledger)];
  const settled = before.settled ?? (atMs >= ledger.startMs + ledger.inFlightMs ? point : undefined);
  const points = [...before.recent, point];
  const oldest = points.findLastIndex(([at]) => at! <= atMs - ledger.inFlightMs);
  const recent = points.slice(Math.max(0, oldest));
  const mark = before.mark ?? (isSteady(atMs, before, ledger) ? point : undefined);
  return {
    ...before,
    atMs,
    raw,
    total,
    ...(settled === undefined ? {} : { settled }),
    recent: recent.length > MOST_RECENT ? everyOther(recent) : recent,
    ...(mark === undefined ? {} : { mark }),
  };
}

/** Whether what it counts from here on belongs to the present block. */
export const isSteady = (
  atMs: number,
  { steadyMs = 0 }: Pick<SeriesLedger, 'steadyMs'>,
  { block }: CountedSince,
): boolean => block !== undefined && atMs >= Math.max(block.fromMs, steadyMs);

/** Grown since a point; nothing without one. */
export function since({ total }: SeriesLedger, from: readonly number[] | undefined): number[] {
  return from === undefined ? [] : from.slice(1).map((part, index) => total[index]! - part);
}

/** Grown since a point, up to `inFlightMs` before the newest sample. What has not been watched for so long says nothing yet. */
export function laggedSince(
  { recent, atMs }: SeriesLedger,
  from: readonly number[] | undefined,
  { inFlightMs }: CountedSince,
): number[] {
  const then = recent[0];
  if (from === undefined || then === undefined || then[0]! > atMs - inFlightMs || then[0]! < from[0]!) return [];
  return then.slice(1).map((part, index) => Math.max(0, part - from[index + 1]!));
}

export const numbersOf = ({ raw, total, settled = [], mark = [], recent }: SeriesLedger): number =>
  raw.length + total.length + settled.length + mark.length + recent.reduce((sum, point) => sum + point.length, 0);

/** When what was read from each source is seen to have restarted. */
export function restartsIn(
  { series: known, ...layout }: CountedSince & { readonly series: Readonly<Record<string, SeriesLedger>> },
  samples: readonly CounterSample[],
): ReadonlyMap<string, readonly number[]> {
  const restarts = new Map<string, number[]>();
  const last = new Map<string, Reading>(Object.entries(known));
  for (const sample of samples) {
    const { source, series, atMs } = sample;
    const before = last.get(series);
    if (before !== undefined && atMs <= before.atMs) continue;
    const raw = partsOf(sample, layout);
    last.set(series, { atMs, raw });
    if (source === undefined || before === undefined || !hasRestarted(before.raw, raw, layout.kind)) continue;
    const times = restarts.get(source);
    if (times === undefined) restarts.set(source, [atMs]);
    else times.push(atMs);
  }
  for (const times of restarts.values()) times.sort((a, b) => a - b);
  return restarts;
}

/** `restarts`: in the order of time. */
export function isOverBetween(
  restarts: ReadonlyMap<string, readonly number[]>,
  source: string | undefined,
  afterMs: number,
  untilMs: number,
): boolean {
  const times = (source === undefined ? undefined : restarts.get(source)) ?? [];
  const next = firstWhere(times.length, (at) => times[at]! > afterMs);
  return next < times.length && times[next]! <= untilMs;
}
