/**
 * How a run went, for reports: what had been counted, how strong the evidence was, and how traffic was split, at some moments
 * of it. Counts are sums since the start, so that moments may be left out later without harm.
 *
 * Kept small: numbers only, no more than `MOST_NUMBERS` of them, at moments that lie ever further apart as the run goes on.
 */
import type { Weight } from '../../experiment/experiment.ts';
import { isObject } from '../../text/check-fields.ts';
import { assessmentKey, type LimitAssessment } from '../assessment.ts';
import { countedScopes, type Iter8Record, type StoredHistory } from './stored-record.ts';

const MOST_NUMBERS = 2_000;
const MOST_MOMENTS = 120;
const FEWEST_MOMENTS = 10;

export interface Moment {
  /** ms since 1970. */
  readonly time: number;
  /** By version: since the start. `sumMs`: of the latencies as they are judged. */
  readonly counted: ReadonlyMap<string, Counted>;
  /** By `assessmentKey`; absent for exact and point comparisons. */
  readonly evidence: ReadonlyMap<string, { readonly lnSatisfied?: number; readonly lnViolated?: number }>;
  /** In percent, by version; empty where nothing says how traffic is split. */
  readonly weights: ReadonlyMap<string, number>;
}

export interface MomentFacts {
  readonly timeMs: number;
  /** In the order of the spec. */
  readonly versions: readonly string[];
  readonly assessments: readonly LimitAssessment[];
  readonly weights: readonly Weight[];
  /** Requests that are resolved, by version; absent: what the record has counted, when nothing is under way. */
  readonly counted?: ReadonlyMap<string, Counted> | undefined;
}

interface Counted {
  readonly n: number;
  readonly errors: number;
  readonly sumMs: number;
}

/** The record with this moment added. Where the question has changed, its history begins again. */
export function withMoment(record: Iter8Record, added: MomentFacts): Iter8Record {
  const before = readHistory(record.history);
  // A driver whose clock is behind that of the one before: time stands still until it has caught up.
  const facts = { ...added, timeMs: Math.max(added.timeMs, before?.moments.at(-1)?.[0] ?? -Infinity) };
  const rows = facts.assessments.map(assessmentKey);
  const kept =
    before !== undefined && isSame(before.versions, facts.versions) && isSame(before.rows, rows)
      ? before
      : { versions: facts.versions, rows, gapMs: 0, moments: [] };
  const moment = momentOf(record, facts);
  const isClose = (one: readonly (number | null)[] | undefined) =>
    one !== undefined && facts.timeMs - one[0]! < kept.gapMs;
  // The first one stays, and the newest is always there.
  const moments = isClose(kept.moments.at(-2)) ? [...kept.moments.slice(0, -1), moment] : [...kept.moments, moment];
  return { ...record, history: thinned({ ...kept, moments }) };
}

function momentOf(record: Iter8Record, facts: MomentFacts): (number | null)[] {
  const { timeMs, versions, assessments, weights, counted = countedIn(record) } = facts;
  return [
    timeMs,
    ...versions.flatMap((version) => {
      const { n, errors, sumMs } = counted.get(version) ?? { n: 0, errors: 0, sumMs: 0 };
      return [n, errors, Number(sumMs.toPrecision(9))];
    }),
    ...assessments.flatMap(({ lnSatisfied, lnViolated }) => [hundredths(lnSatisfied), hundredths(lnViolated)]),
    ...versions.map((version) => weights.find(({ name }) => name === version)?.value ?? null),
  ];
}

function countedIn(record: Iter8Record): Map<string, Counted> {
  const whole = countedScopes(record).filter(({ endpoint }) => endpoint === undefined);
  return new Map(whole.map(({ version, tally }) => [version, tally.response]));
}

function hundredths(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Math.round(value * 100) / 100;
}

/** Every second moment goes when there are too many, and later ones come half as often. */
function thinned(history: StoredHistory): StoredHistory {
  const { moments } = history;
  const perMoment = moments[0]?.length ?? 1;
  const most = Math.max(FEWEST_MOMENTS, Math.min(MOST_MOMENTS, Math.floor(MOST_NUMBERS / perMoment)));
  if (moments.length <= most) return history;
  const last = moments.length - 1;
  const span = moments[last]![0]! - moments[0]![0]!;
  return {
    ...history,
    gapMs: Math.max(2 * history.gapMs, (2 * span) / most),
    moments: moments.filter((_, at) => at === last || at % 2 === 0),
  };
}

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one, at) => one === b[at]);

/** Of what stands in the object, where others may write: undefined when it is no history. */
function readHistory(value: unknown): StoredHistory | undefined {
  if (!isObject(value)) return undefined;
  const { versions, rows, gapMs, moments } = value;
  const isTexts = (list: unknown): list is string[] =>
    Array.isArray(list) && list.length <= MOST_NUMBERS && list.every((one) => typeof one === 'string');
  if (!isTexts(versions) || !isTexts(rows) || typeof gapMs !== 'number' || !Array.isArray(moments)) return undefined;
  const width = 1 + 4 * versions.length + 2 * rows.length;
  const isMoment = (one: unknown): one is (number | null)[] =>
    Array.isArray(one) &&
    one.length === width &&
    Number.isFinite(one[0]) &&
    one.every((number) => number === null || Number.isFinite(number));
  if (moments.length > MOST_MOMENTS + 1 || !moments.every(isMoment)) return undefined;
  return { versions, rows, gapMs, moments };
}

/** The moments of a record, oldest first; none where it has no history, or a damaged one. */
export function momentsOf(record: Pick<Iter8Record, 'history'>): Moment[] {
  const history = readHistory(record.history);
  if (history === undefined) return [];
  const { versions, rows } = history;
  const firstRow = 1 + 3 * versions.length;
  const firstWeight = firstRow + 2 * rows.length;
  return history.moments.map((moment) => ({
    time: moment[0]!,
    counted: new Map(
      versions.map((version, at) => {
        const [n, errors, sumMs] = moment.slice(1 + 3 * at, 4 + 3 * at);
        return [version, { n: n ?? 0, errors: errors ?? 0, sumMs: sumMs ?? 0 }];
      }),
    ),
    evidence: new Map(
      rows.map((row, at) => {
        const [lnSatisfied, lnViolated] = moment.slice(firstRow + 2 * at, firstRow + 2 * at + 2);
        return [
          row,
          {
            ...(typeof lnSatisfied === 'number' ? { lnSatisfied } : {}),
            ...(typeof lnViolated === 'number' ? { lnViolated } : {}),
          },
        ];
      }),
    ),
    weights: new Map(
      versions.flatMap((version, at) => {
        const weight = moment[firstWeight + at];
        return typeof weight === 'number' ? [[version, weight] as const] : [];
      }),
    ),
  }));
}
