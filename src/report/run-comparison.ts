/** Two runs compared, for programs and for pull requests. */
import type { ComparedRow } from '../judge/runs/compare-runs.ts';
import type { RunSide } from '../judge/runs/row-levels.ts';
import { requestRate } from '../judge/runs/throughput.ts';
import { legendOf } from '../render/run-comparison.ts';
import {
  answerMark,
  differenceIntervalText,
  differenceText,
  intervalText,
  percentText,
  valueText,
} from '../view/comparison-cells.ts';
import type { RunComparisonView } from '../view/run-comparison.ts';
import { loadText, nameText, type RunHead } from '../view/run-head.ts';
import { OUTPUT_VERSION } from './json-text.ts';
import { UNITS } from './json-view.ts';
import { markdownText, table } from './markdown.ts';

/** `kind: RunComparison`. */
export function plainRunComparison({ a, b, confidence, rows, answer, headline, notes }: RunComparisonView) {
  return {
    apiVersion: OUTPUT_VERSION,
    kind: 'RunComparison',
    a: plainHead(a),
    b: plainHead(b),
    confidence,
    answer,
    headline,
    rows: rows.map(plainRow),
    notes,
  };
}

export function plainHead({ name, version, tool, requests, seconds }: RunHead) {
  return {
    name,
    version: version ?? null,
    tool: tool ?? null,
    requests,
    seconds: seconds > 0 ? seconds : null,
    requestsPerSecond: requestRate({ requests, seconds }) ?? null,
  };
}

function plainSide({ n, estimate, lower, upper }: RunSide) {
  return { n, estimate: estimate ?? null, lower: lower ?? null, upper: upper ?? null };
}

function plainRow({ metric, endpoint, unit, better, a, b, difference, answer, reason }: ComparedRow) {
  const { estimate, lower, upper, ratio } = difference;
  return {
    metric,
    ...(endpoint === undefined ? {} : { endpoint }),
    unit: UNITS[unit],
    better: better ?? null,
    a: plainSide(a),
    b: plainSide(b),
    difference: { estimate: estimate ?? null, lower: lower ?? null, upper: upper ?? null },
    ratio: { lower: ratio?.lower ?? null, upper: ratio?.upper ?? null },
    answer,
    ...(reason === undefined ? {} : { reason }),
  };
}

export function runComparisonMarkdown(view: RunComparisonView): string {
  const { rows, a, b, headline, notes } = view;
  const mark = rows.some(({ answer }) => answer === 'worse') ? '❌ ' : '';
  const head = ['Quantity', 'A', 'Bounds of A', 'B', 'Bounds of B', 'B - A', '', 'Bounds', ''];
  const cells = rows.map((row) => [
    markdownText(row.metric),
    valueText(row.a, row.unit),
    intervalText(row.a, row.unit),
    valueText(row.b, row.unit),
    intervalText(row.b, row.unit),
    differenceText(row),
    percentText(row),
    differenceIntervalText(row),
    markdownText(answerMark(row)),
  ]);
  const parts = [
    `## ${mark}${markdownText(headline)}`,
    [headText('A', a), headText('B', b)].join('\n'),
    rows.length === 0 ? '' : table(head, cells),
    [...legendOf(view), ...notes].map((text) => `- ${markdownText(text)}`).join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function headText(side: string, head: RunHead): string {
  return `- ${side}: ${markdownText(nameText(head))}: ${loadText(head)}`;
}
