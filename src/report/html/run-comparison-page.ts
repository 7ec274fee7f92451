/** Two runs compared, as one HTML file: the answer, each quantity with its difference round zero, what was measured, the settings. */
import type { ComparedRow } from '../../judge/runs/compare-runs.ts';
import { formatCount, formatValue } from '../../text/units.ts';
import {
  answerMark,
  boundsSentence,
  differenceIntervalText,
  differenceText,
  intervalText,
  marksText,
  percentText,
  valueText,
} from '../../view/comparison-cells.ts';
import type { RunComparisonView } from '../../view/run-comparison.ts';
import { generatorText, loadText, measuredTexts, missingText, nameText } from '../../view/run-head.ts';
import { markup, type Markup } from '../markup.ts';
import { ANSWER_TONES, differenceBar } from './difference-bar.ts';
import { factList, htmlPage, listSection, section, stackedTable, table } from './page.ts';

const TONES = { regression: 'bad', none: 'plain', undecided: 'open' } as const;

/** `by`: what compared, with its version. */
export function runComparisonPage(view: RunComparisonView, by: string): string {
  const { a, b, headline, notes } = view;
  return htmlPage({
    headline,
    tone: TONES[view.answer],
    facts: [
      ['A', `${nameText(a)}: ${loadText(a)}`],
      ['B', `${nameText(b)}: ${loadText(b)}`],
    ],
    first: 'differences',
    sections: [
      differences(view),
      listSection('What limits what they mean', notes),
      section('What was measured', table('A and B', ['What', 'A', 'B'], sideBySide(view))),
      section('Settings', factList(settingsOf(view))),
    ],
    footer: `Compared by ${by}`,
  });
}

function differences(view: RunComparisonView): Markup {
  const { rows } = view;
  if (rows.length === 0) return section('Differences', markup`<p>There is nothing to compare.</p>`);
  const head = ['Answer', 'Quantity and data points', 'A', 'B', 'B - A, round zero'];
  const below = [boundsSentence(view), marksText(view)].filter((text) => text !== '');
  return section(
    'Differences',
    markup`${stackedTable('Differences', head, rows.map(rowOf))}
${below.map((text) => markup`<p class="sentence">${text}</p>`)}`,
  );
}

const SYMBOLS: Partial<Record<ComparedRow['answer'], string>> = { better: '✔ ', worse: '✖ ' };

function rowOf(row: ComparedRow): Markup {
  const { a, b, unit, metric, reason } = row;
  const under = (text: string) => (text === '' ? undefined : markup`<span class="under">${text}</span>`);
  const percent = percentText(row);
  const difference = differenceText(row) || '-';
  const counts = a.n === b.n ? formatCount(a.n) : `${formatCount(a.n)} and ${formatCount(b.n)}`;
  return markup`<tr class="${ANSWER_TONES[row.answer]}"><td class="verdict">${SYMBOLS[row.answer]}${answerMark(row)}</td><th scope="row" class="name">${metric}${under(counts)}</th><td class="value" data-label="A">${valueText(a, unit)}${under(intervalText(a, unit))}</td><td class="value" data-label="B">${valueText(b, unit)}${under(intervalText(b, unit))}</td><td><div class="beside"><div class="value" data-label="B - A">${difference}${percent === '' ? undefined : ` (${percent})`}${under(differenceIntervalText(row))}</div>${differenceBar(row)}</div><span class="sentence">${reason}</span></td></tr>`;
}

function sideBySide({ a, b }: RunComparisonView): string[][] {
  const other = measuredTexts(b);
  return [
    ...measuredTexts(a).map(([label, text], at) => [label, text, other[at]![1]]),
    ['Load generator', generatorText(a), generatorText(b)],
    ['Requests that may be missing', missingText(a), missingText(b)],
  ];
}

function settingsOf({ confidence, rows }: RunComparisonView): (readonly [string, string])[] {
  return [
    ['Confidence', `${formatValue(confidence, 'share')}, that all differences hold together`],
    ['Rows', rows.map(({ metric }) => metric).join(', ')],
  ];
}
