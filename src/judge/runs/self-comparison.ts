/**
 * A run compared with itself (A/A): its requests, in pieces of time, are divided into two halves at random, again and again. What differs
 * between two halves is noise, and every difference that is shown is a false alarm. Pure; the same random numbers give the same answer.
 */
import { halved } from '../../evidence/bisection.ts';
import { addTally, EMPTY_TALLY, type Tally } from '../../evidence/request-tally.ts';
import { differenceBounds } from '../../evidence/two-runs/difference.ts';
import { shareLevels } from '../../evidence/two-runs/share-levels.ts';
import { lnViolated, lowerBound } from '../../evidence/one-sample/rate-bounds.ts';
import type { DisplayUnit } from '../../text/units.ts';
import {
  cannotDiffer,
  compareRuns,
  lnNeededFor,
  requestValues,
  type ComparedRow,
  type ComparisonSettings,
} from './compare-runs.ts';
import type { MeasuredRun } from './measured-run.ts';

/** Groups that pieces are dealt to; half of them make A. */
export const GROUPS = 64;

export interface NoiseRow {
  readonly metric: string;
  readonly unit: DisplayUnit;
  readonly estimate: number;
  /** Of all requests. */
  readonly n: number;
  /** 95 % of the halves differ by no more. */
  readonly noise: number;
  /** An increase by so much would be shown in four of five comparisons of two halves; absent: none would. */
  readonly detectable?: number | undefined;
}

export interface SelfComparison {
  readonly confidence: number;
  readonly splits: number;
  /** Splits in which a difference was shown in some row. */
  readonly falseAlarms: number;
  /** `more`: more false alarms than the confidence allows are shown; `open`: so few requests show nothing whatever happens. */
  readonly answer: 'within' | 'more' | 'open';
  readonly rows: readonly NoiseRow[];
  /** Of each half, on average. */
  readonly requests: number;
}

export interface SelfSettings extends ComparisonSettings {
  readonly splits: number;
  readonly random: () => number;
}

/** Splits of which it is worked out what would have been shown. */
const MEASURED_SPLITS = 10;
/** What is detected is so in this part of the comparisons. */
const POWER = 0.8;
const NOISE = 0.95;
/** That there are too many false alarms is claimed with this confidence. */
const LN_TOO_MANY = Math.log(20);

/** `run`: without its requests, which are in `groups`. */
export function compareWithItself(run: MeasuredRun, groups: readonly Tally[], settings: SelfSettings): SelfComparison {
  const { splits, confidence, random } = settings;
  const withTally = (parts: readonly Tally[]): MeasuredRun => {
    const tally = parts.reduce(addTally, EMPTY_TALLY);
    return { ...run, tally, tallyOf: () => tally, measured: {} };
  };
  const differences = new Map<string, number[]>();
  const factors = new Map<string, number[]>();
  let falseAlarms = 0;
  for (let split = 0; split < splits; split++) {
    const [x, y] = halves(groups, random);
    const [a, b] = [withTally(x), withTally(y)];
    const isMeasured = split < MEASURED_SPLITS;
    const found = isMeasured || !cannotDiffer(a, b, settings) ? compareRuns(a, b, settings).rows : [];
    if (found.some(isShown)) falseAlarms += 1;
    const [from, to] = [requestValues(a, settings), requestValues(b, settings)];
    for (const [row, { metric, estimate }] of from.entries())
      added(differences, metric, Math.abs((to[row]?.estimate ?? estimate) - estimate));
    if (!isMeasured) continue;
    for (const { metric, difference } of found)
      added(factors, metric, 1 / Math.max(difference.ratio?.lower ?? 0, Number.MIN_VALUE));
  }
  const whole = withTally(groups);
  const requests = whole.tally.response.n / 2;
  const lnNeeded = lnNeededFor(whole, whole, settings);
  const rows = requestValues(whole, settings).map(({ metric, unit, estimate }): NoiseRow => {
    const factor = quantile(factors.get(metric) ?? [], POWER);
    const more =
      metric === 'error-rate'
        ? detectableShare(whole.tally, lnNeeded)
        : factor < MOST_TIMES && estimate > 0
          ? estimate * (factor - 1)
          : undefined;
    const noise = quantile(differences.get(metric) ?? [0], NOISE);
    return {
      metric,
      unit,
      estimate,
      n: whole.tally.response.n,
      noise,
      ...(more === undefined ? {} : { detectable: more }),
    };
  });
  const isOpen = rows.every(({ detectable }) => detectable === undefined);
  const tooMany = lnViolated({ n: splits, bad: falseAlarms }, 1 - confidence) >= LN_TOO_MANY;
  return { confidence, splits, falseAlarms, answer: tooMany ? 'more' : isOpen ? 'open' : 'within', rows, requests };
}

/** An increase beyond so many times the value is none that anybody looks for. */
const MOST_TIMES = 100;

const isShown = ({ answer }: ComparedRow): boolean => answer === 'worse' || answer === 'better';

function added(map: Map<string, number[]>, key: string, value: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** The value that this part of them does not exceed. */
function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

/** Two halves, of as many groups each. */
function halves(groups: readonly Tally[], random: () => number): readonly [Tally[], Tally[]] {
  const order = groups.map((tally) => ({ tally, at: random() })).toSorted((x, y) => x.at - y.at);
  const half = Math.floor(order.length / 2);
  const of = (list: typeof order) => list.map(({ tally }) => tally);
  return [of(order.slice(0, half)), of(order.slice(half))];
}

const STEPS = 14;
/** Standard normal, at the part of the comparisons in which it is to be shown. */
const Z = 0.8416;

/** The increase of a share that is shown where as few errors are seen as in the worst fifth of the comparisons. */
function detectableShare({ response, service }: Tally, lnNeeded: number): number | undefined {
  const n = Math.floor(response.n / 2);
  if (n === 0) return undefined;
  const half = (view: { readonly n: number; readonly errors: number }) => ({ n: view.n / 2, bad: view.errors / 2 });
  const before = shareLevels({ response: half(response), service: half(service) }, lnNeeded);
  const isShownAt = (share: number): boolean => {
    const bad = Math.max(0, n * share - Z * Math.sqrt(n * share * (1 - share)));
    const count = { n, bad };
    if (lowerBound(count, lnNeeded) === 0) return false;
    return (
      (differenceBounds(before, shareLevels({ response: count, service: count }, lnNeeded), lnNeeded).lower ?? 0) > 0
    );
  };
  const from = response.errors / response.n;
  if (!isShownAt(1)) return undefined;
  return halved(from, 1, { steps: STEPS, holds: isShownAt }).from - from;
}

/** The group of a piece of time: as if it were dealt at random, and the same whenever it is asked. Source: murmur3's finaliser. */
export function groupOfPiece(piece: number): number {
  let mixed = (piece ^ Math.imul(Math.floor(piece / 2 ** 32), 0x9e3779b9)) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) % GROUPS;
}
