/**
 * Two runs compared, row by row: errors, the mean, percentiles, and what their experiments ask for. Pure.
 *
 * All differences hold together with the confidence asked for: each of R rows can be wrong in two directions, and gets alpha / 2R for
 * each. The interval of one run is by itself, with the confidence on each side, as `describe` has it.
 */
import { differenceBounds, shownOrder, type DifferenceBounds } from '../../evidence/two-runs/difference.ts';
import type { DisplayUnit } from '../../text/units.ts';
import type { MeasuredRun } from './measured-run.ts';
import { errorCount } from '../limits/rate.ts';
import { meanOf } from '../limits/mean.ts';
import { percentile } from '../../evidence/one-sample/percentile-bounds.ts';
import { meansCannotDiffer, percentilesCannotDiffer, sharesCannotDiffer } from '../../evidence/two-runs/quick-look.ts';
import { sideLevels, type RunSide } from './row-levels.ts';
import { rowsOfRuns, type RunRow } from './rows-of-runs.ts';
import { isMilliseconds } from '../unit-names.ts';
import { couldShowWorse } from './worst-case.ts';

/**
 * `none`: no difference is shown, and one could have been; `unknown`: it cannot be determined; `lower`, `higher`: B is, and no objective
 * says which is better; `not-judged`: the values are shown, and nothing is asked of them.
 */
export type RowAnswer = 'better' | 'worse' | 'lower' | 'higher' | 'none' | 'unknown' | 'not-judged';

export interface ComparedRow {
  readonly metric: string;
  readonly endpoint?: string | undefined;
  readonly unit: DisplayUnit;
  readonly better?: 'lower' | 'higher' | undefined;
  readonly a: RunSide;
  readonly b: RunSide;
  /** B minus A. */
  readonly difference: Partial<DifferenceBounds> & { readonly estimate?: number | undefined };
  readonly answer: RowAnswer;
  /** Why it cannot be determined, or not in one direction. */
  readonly reason?: string | undefined;
  /** There are so few data points that no difference would be shown, however large it is. */
  readonly tooFew?: boolean | undefined;
}

export interface RunComparison {
  readonly confidence: number;
  readonly rows: readonly ComparedRow[];
}

export interface ComparisonSettings {
  readonly confidence: number;
  readonly percentiles: readonly number[];
}

export function compareRuns(a: MeasuredRun, b: MeasuredRun, settings: ComparisonSettings): RunComparison {
  const rows = rowsOfRuns(a, b, settings.percentiles);
  const lns = { lnNeeded: lnNeededOf(a, b, rows, settings), lnSide: Math.log(1 / (1 - settings.confidence)) };
  return { confidence: settings.confidence, rows: rows.map((row) => comparedRow(a, b, { row, ...lns })) };
}

/** The evidence that each direction of a row takes. */
export function lnNeededFor(a: MeasuredRun, b: MeasuredRun, settings: ComparisonSettings): number {
  return lnNeededOf(a, b, rowsOfRuns(a, b, settings.percentiles), settings);
}

/** Alpha is shared among the rows that there is evidence for, whatever the evidence says. */
function lnNeededOf(
  a: MeasuredRun,
  b: MeasuredRun,
  rows: readonly RunRow[],
  { confidence }: Pick<ComparisonSettings, 'confidence'>,
): number {
  const judged = Math.max(1, rows.filter((row) => isJudged(a, b, row)).length);
  return Math.log((2 * judged) / (1 - confidence));
}

interface RequestValue {
  readonly metric: string;
  readonly unit: 'share' | 'ms';
  readonly estimate: number;
}

/** The values of the rows about all requests of a run; none without requests. */
export function requestValues(run: MeasuredRun, settings: ComparisonSettings): RequestValue[] {
  const { response } = run.tally;
  if (response.n === 0) return [];
  return rowsOfRuns(run, run, settings.percentiles).flatMap(({ metric, quantity }): RequestValue[] => {
    switch (quantity.kind) {
      case 'error-rate':
        return [{ metric, unit: 'share', estimate: response.errors / response.n }];
      case 'mean-latency':
        return [{ metric, unit: 'ms', estimate: meanOf(response, run.timeoutMs) }];
      case 'percentile':
        return [{ metric, unit: 'ms', estimate: percentile(response.histogram, quantity.percent) }];
      case 'custom':
        return [];
    }
  });
}

/** Whether it is sure, at the price of a glance, that no row about all requests shows a difference; false where it takes a look. */
export function cannotDiffer(a: MeasuredRun, b: MeasuredRun, settings: ComparisonSettings): boolean {
  const [x, y] = [a.tally, b.tally];
  if (x.response.n === 0 || y.response.n === 0) return true;
  const rows = rowsOfRuns(a, b, settings.percentiles);
  const lnNeeded = lnNeededOf(a, b, rows, settings);
  const counts = ({ response, service }: typeof x) => ({
    response: errorCount(response),
    service: errorCount(service),
  });
  const views = ({ response, service }: typeof x) => ({ response: response.histogram, service: service.histogram });
  const capMs = commonCap(a, b);
  return rows.every(({ quantity }) => {
    switch (quantity.kind) {
      case 'error-rate':
        return sharesCannotDiffer(counts(x), counts(y), lnNeeded);
      case 'percentile':
        return percentilesCannotDiffer(views(x), views(y), { percent: quantity.percent, lnNeeded });
      case 'mean-latency': {
        if (capMs === undefined) return true;
        const limitMs = (meanOf(x.response, capMs) + meanOf(y.response, capMs)) / 2;
        return meansCannotDiffer(views(x), views(y), { limitMs, capMs, lnNeeded });
      }
      case 'custom':
        return false;
    }
  });
}

/** What both know a largest latency for: the shorter of the two timeouts. */
function commonCap(a: MeasuredRun, b: MeasuredRun): number | undefined {
  return a.timeoutMs === undefined || b.timeoutMs === undefined ? undefined : Math.min(a.timeoutMs, b.timeoutMs);
}

function levelsOf(
  a: MeasuredRun,
  b: MeasuredRun,
  row: RunRow,
  lns: { readonly lnNeeded: number; readonly lnSide: number },
) {
  const asked = { ...lns, capMs: commonCap(a, b), isGood: row.isGood };
  const found = {
    a: sideLevels(a, row.quantity, { ...asked, otherLatency: b.latency }),
    b: sideLevels(b, row.quantity, { ...asked, otherLatency: a.latency }),
  };
  if (row.quantity.kind !== 'custom') return found;
  const [x, y] = [a, b].map(({ measured }) => measured[row.metric]?.units);
  if (x === undefined || y === undefined || unitOf(x) === unitOf(y)) return found;
  const unknown = { levels: undefined, reason: `A is in ${JSON.stringify(x)}, B in ${JSON.stringify(y)}` };
  return { a: { ...found.a, ...unknown }, b: { ...found.b, ...unknown } };
}

/** However it is written. */
function unitOf(written: string): string {
  const unit = written.trim().toLowerCase();
  if (isMilliseconds(unit)) return 'ms';
  return /^(s|secs?|seconds?)$/.test(unit) ? 's' : unit;
}

function isJudged(a: MeasuredRun, b: MeasuredRun, { quantity }: RunRow): boolean {
  if (quantity.kind === 'custom') {
    const lns = { lnNeeded: 1, lnSide: 1 };
    const { a: x, b: y } = levelsOf(a, b, { metric: quantity.metric, quantity }, lns);
    return x.levels !== undefined && y.levels !== undefined;
  }
  const hasBoth = a.tallyOf(quantity.endpoint).response.n > 0 && b.tallyOf(quantity.endpoint).response.n > 0;
  return hasBoth && (quantity.kind !== 'mean-latency' || commonCap(a, b) !== undefined);
}

function comparedRow(
  a: MeasuredRun,
  b: MeasuredRun,
  { row, ...lns }: { readonly row: RunRow; readonly lnNeeded: number; readonly lnSide: number },
): ComparedRow {
  const { a: x, b: y } = levelsOf(a, b, row, lns);
  const { endpoint } = row.quantity.kind === 'custom' ? {} : row.quantity;
  const common = {
    metric: row.metric,
    ...(endpoint === undefined ? {} : { endpoint }),
    unit: x.unit === 'plain' ? y.unit : x.unit,
    ...(row.better === undefined ? {} : { better: row.better }),
    a: x.side,
    b: y.side,
  };
  const [from, to] = [x.side.estimate, y.side.estimate];
  const estimate = from === undefined || to === undefined ? {} : { estimate: to - from };
  if (x.levels === undefined || y.levels === undefined)
    return { ...common, difference: estimate, answer: 'unknown', reason: reasonOf(x.reason, y.reason) };
  const bounds = differenceBounds(x.levels, y.levels, lns.lnNeeded);
  const order = shownOrder(bounds);
  const reason = reasonOf(x.reason, y.reason);
  const shown = { ...common, difference: { ...estimate, ...bounds } };
  if (order !== undefined)
    return { ...shown, answer: answerOf(order, row.better), ...(reason === undefined ? {} : { reason }) };
  if (reason !== undefined) return { ...shown, answer: 'unknown', reason };
  const asked = { ...row, lnNeeded: lns.lnNeeded, capMs: commonCap(a, b) };
  if (couldShowWorse(x.levels, y.counted ?? 0, y.levels.most, asked)) return { ...shown, answer: 'none' };
  return { ...shown, answer: 'unknown', reason: TOO_FEW[row.better ?? 'neither'], tooFew: true };
}

const TOO_FEW = {
  lower: 'so few data points that no increase would be shown, whatever it is',
  higher: 'so few data points that no decrease would be shown, whatever it is',
  neither: 'so few data points that no difference would be shown, whatever it is',
} as const;

function reasonOf(a: string | undefined, b: string | undefined): string | undefined {
  if (a === b) return a;
  return [...(a === undefined ? [] : [`A: ${a}`]), ...(b === undefined ? [] : [`B: ${b}`])].join('; ');
}

function answerOf(order: 'larger' | 'smaller', better: RunRow['better']): RowAnswer {
  if (better === undefined) return order === 'larger' ? 'higher' : 'lower';
  return (order === 'larger') === (better === 'higher') ? 'better' : 'worse';
}
