/** Two runs compared, and one compared with itself, for tests of what is reported of them. */
import { binIndex } from '../../src/evidence/latency-histogram.ts';
import { EMPTY_TALLY, type Tally } from '../../src/evidence/request-tally.ts';
import type { MeasuredRun } from '../../src/judge/runs/measured-run.ts';
import { compareWithItself } from '../../src/judge/runs/self-comparison.ts';
import { runComparisonView, type RunComparisonView } from '../../src/view/run-comparison.ts';
import { selfComparisonView, type SelfComparisonView } from '../../src/view/self-comparison.ts';
import { seeded } from './seeded.ts';

/** Requests that all took so long, a part of which failed. */
function tallyOf(n: number, ms: number, errors = 0): Tally {
  const view = { n, errors, histogram: [[binIndex(ms * 1000), n]] as const, sumMs: n * ms, maxMs: ms, minMs: ms };
  return { ...EMPTY_TALLY, response: view, service: view, codes: { 200: n - errors, 503: errors } };
}

function runOf(tally: Tally, more: Partial<MeasuredRun> = {}): MeasuredRun {
  return {
    version: 'v',
    tally,
    tallyOf: () => tally,
    seconds: 10,
    latency: 'due',
    isSaturated: false,
    measured: {},
    asked: [],
    warnings: [],
    ...more,
  };
}

/** Stands in the views below wherever others have a word. */
const MARK = 'WORDS OF OTHERS';

function withWords<T>(value: T, text: string): T {
  if (typeof value === 'string') return value.replaceAll(MARK, () => text) as T;
  if (Array.isArray(value)) return value.map((one: unknown) => withWords(one, text)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withWords<unknown>(one, text)])) as T;
}

let compared: RunComparisonView | undefined;
let itself: SelfComparisonView | undefined;

/** B is slower, p90 is not known to the upper side, p99 cannot be determined, and a metric was not counted. */
export function comparedRuns(text: string): RunComparisonView {
  const more = { measured: { [`m/${MARK}`]: { value: 3, n: 0 } } as never, warnings: [MARK], tool: MARK };
  compared ??= runComparisonView(
    { name: MARK, version: MARK, run: runOf(tallyOf(200, 20, 2), more) },
    { name: MARK, run: runOf(tallyOf(60, 40, 1), more) },
    { confidence: 0.95, percentiles: [50, 90, 99], measured: 'apart' },
  );
  return withWords(compared, text);
}

export function comparedWithItself(text: string): SelfComparisonView {
  const groups = Array.from({ length: 8 }, () => tallyOf(40, 20));
  const run = runOf(EMPTY_TALLY, { warnings: [MARK] });
  const how = { confidence: 0.95, percentiles: [50], splits: 20, random: seeded(3) };
  itself ??= selfComparisonView({ name: MARK, version: MARK, run }, compareWithItself(run, groups, how), {
    pieceMs: 100,
    seed: 1,
  });
  return withWords(itself, text);
}
