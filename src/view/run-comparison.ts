/** Two runs compared, as plain data to be shown: what they are, the rows, and what limits what they mean. */
import { compareRuns, type ComparedRow, type ComparisonSettings } from '../judge/runs/compare-runs.ts';
import { otherLoad, throughputRow } from '../judge/runs/throughput.ts';
import { formatCounted, formatValue } from '../text/units.ts';
import { headOf, type NamedRun, type RunHead } from './run-head.ts';

/** How the two came about: they are one, with each other, in one run but each by itself, or at different times. */
export type Measured = 'same' | 'paired' | 'together' | 'apart';

export interface RunComparisonView {
  readonly a: RunHead;
  readonly b: RunHead;
  readonly confidence: number;
  readonly rows: readonly ComparedRow[];
  /** Rows of which a difference could be shown. */
  readonly judged: number;
  readonly answer: ComparisonAnswer;
  readonly headline: string;
  readonly notes: readonly string[];
}

export function runComparisonView(
  a: NamedRun,
  b: NamedRun,
  how: ComparisonSettings & { readonly measured: Measured },
): RunComparisonView {
  const { confidence, rows } = compareRuns(a.run, b.run, how);
  const judged = rows.filter((row) => row.answer !== 'unknown' || hasBound(row.difference)).length;
  const answer = comparisonAnswer(rows);
  return {
    a: headOf(a),
    b: headOf(b),
    confidence,
    rows: [...rows, ...throughputRow(a.run, b.run)],
    judged,
    answer,
    headline: headlineOf(rows),
    notes: notesOf(a, b, how.measured),
  };
}

/** `none`: no regression is shown, and one could have been in some row. */
export type ComparisonAnswer = 'regression' | 'none' | 'undecided';

function comparisonAnswer(rows: readonly ComparedRow[]): ComparisonAnswer {
  if (rows.some(({ answer }) => answer === 'worse')) return 'regression';
  return rows.every(({ answer }) => answer === 'unknown') ? 'undecided' : 'none';
}

const hasBound = ({ lower, upper }: ComparedRow['difference']): boolean => lower !== undefined || upper !== undefined;

/** As `aa` says it. */
const NOT_ENOUGH = 'not enough requests: no regression would be shown, whatever it is';

function headlineOf(rows: readonly ComparedRow[]): string {
  const count = (answer: ComparedRow['answer']) => rows.filter((row) => row.answer === answer).length;
  const known = rows.length - count('unknown');
  const open = rows.filter(({ difference }) => hasBound(difference));
  // The rows of the others say why they are unknown.
  if (known === 0 && rows.some(({ tooFew }) => tooFew) && open.every(({ tooFew }) => tooFew)) return NOT_ENOUGH;
  if (known === 0 && open.length === 0) return 'nothing can be compared';
  const of = ` of ${formatCounted(rows.length, 'row')}`;
  const parts = (['worse', 'better', 'higher', 'lower'] as const).flatMap((answer) =>
    count(answer) === 0 ? [] : [`${answer} in ${count(answer)}`],
  );
  if (parts.length > 0) return `B is ${parts.join(', ')}${of}`;
  if (known === 0) return `whether they differ cannot be determined in any${of}`;
  return known === rows.length
    ? `no difference is shown in any${of}`
    : `no difference is shown in ${known}${of}, and the others cannot be determined`;
}

function notesOf(a: NamedRun, b: NamedRun, measured: Measured): string[] {
  const [x, y] = [a.run, b.run];
  const more = otherLoad(x, y);
  // Whose latencies count from the sending, and whose from when a request was due.
  const isLater = [x, y].map(({ latency }) => latency !== 'due');
  const [later, due] = isLater[0] === true ? ['A', 'B'] : ['B', 'A'];
  const hint = [x, y].some(({ missing, tool }) => missing !== undefined && tool !== undefined);
  return [
    MEASURED[measured],
    ...(more === undefined
      ? []
      : [
          `the load was not the same: ${more.of.toUpperCase()} was sent ${formatValue(more.times, 'plain')} times as many requests a second`,
        ]),
    ...(isLater.every(Boolean)
      ? [
          'latencies of both count from when a request was sent, and leave out how long it waited for others: a service that gets slower is also sent less',
        ]
      : isLater.some(Boolean)
        ? [
            `latencies of ${later} count from when a request was sent, those of ${due} from when it was due: ${later} is not shown to be faster by that (--model open, if it was sent at a rate)`,
          ]
        : []),
    ...(x.timeoutMs !== undefined && y.timeoutMs !== undefined && x.timeoutMs !== y.timeoutMs
      ? [
          `answers were waited for ${formatValue(x.timeoutMs, 'ms')} in A and ${formatValue(y.timeoutMs, 'ms')} in B: means count no latency beyond the shorter`,
        ]
      : []),
    ...(hint ? ['--missing 0 says that no request is missing in the files, --missing N,N how many'] : []),
    ...x.warnings.map((text) => `${y.warnings.includes(text) ? 'A and B' : 'A'}: ${text}`),
    ...y.warnings.filter((text) => !x.warnings.includes(text)).map((text) => `B: ${text}`),
  ];
}

const MEASURED: Readonly<Record<Measured, string>> = {
  same: 'A and B are the same version of the same run: they hold the same requests, and nothing can be learned from how they differ (aa compares a run with itself)',
  paired: 'A and B were sent side by side, in random order, by one load: what differs is the version',
  together:
    'A and B are of one run, but nothing says that they got the same kind of requests at the same times: what differs may be more than the version',
  apart:
    'A and B were measured at different times, not side by side: a difference is one between these two runs, and may come of something else than the version',
};
