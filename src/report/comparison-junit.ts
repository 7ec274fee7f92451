/**
 * Comparisons as JUnit XML: a case for each quantity, and one for the answer, which fails where the exit code would with
 * `--fail-on-regression`. A row that cannot be determined is skipped; where that is so in all rows, the answer fails.
 */
import type { ComparedRow } from '../judge/runs/compare-runs.ts';
import { noiseCells } from '../render/self-comparison.ts';
import { rowSentence } from '../view/comparison-cells.ts';
import { loadText, nameText } from '../view/run-head.ts';
import type { RunComparisonView } from '../view/run-comparison.ts';
import type { SelfComparisonView } from '../view/self-comparison.ts';
import { junitDocument, junitSeconds, type TestCase } from './junit-test-cases.ts';

export function runComparisonJunit(view: RunComparisonView): string {
  const { a, b, rows, headline, notes } = view;
  const name = `${a.name} against ${b.name}`;
  const types = { regression: 'regression', undecided: 'undecided', none: undefined } as const;
  const type = types[view.answer];
  return junitDocument({
    name: `diff ${name}`,
    cases: [
      ...rows.map((row) => rowCase(row, `diff.${b.name}`)),
      {
        name: 'comparison',
        className: `diff.${b.name}`,
        ...(type === undefined ? {} : { failure: { type, message: headline } }),
      },
    ],
    seconds: junitSeconds(a.seconds + b.seconds),
    out: [headline, `A: ${nameText(a)}: ${loadText(a)}`, `B: ${nameText(b)}: ${loadText(b)}`],
    err: notes,
  });
}

function rowCase(row: ComparedRow, className: string): TestCase {
  const common = { name: row.metric, className };
  switch (row.answer) {
    case 'worse':
      return { ...common, failure: { type: 'regression', message: rowSentence(row) } };
    case 'unknown':
    case 'not-judged':
      return { ...common, skipped: row.reason ?? 'it cannot be determined' };
    default:
      return common;
  }
}

export function selfComparisonJunit(view: SelfComparisonView): string {
  const { run, rows, headline, notes, answer } = view;
  const className = `aa.${run.name}`;
  const types = { within: undefined, more: 'false-alarms', open: 'undecided' } as const;
  const type = types[answer];
  return junitDocument({
    name: `aa ${run.name}`,
    cases: [
      ...rows.map((row): TestCase => {
        const [, , noise, shown] = noiseCells(row);
        return {
          name: row.metric,
          className,
          ...(row.detectable === undefined
            ? { skipped: `so few requests that no increase would be shown (noise ${noise}, shown from ${shown})` }
            : {}),
        };
      }),
      { name: 'false alarms', className, ...(type === undefined ? {} : { failure: { type, message: headline } }) },
    ],
    seconds: junitSeconds(run.seconds),
    out: [headline, `${nameText(run)}: ${loadText(run)}`],
    err: notes,
  });
}
