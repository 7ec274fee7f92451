/** A run compared with itself, as one HTML file: the answer, the noise of each quantity beside what would be shown, false alarms, settings. */
import { scaleLinear } from 'd3-scale';
import type { NoiseRow } from '../../judge/runs/self-comparison.ts';
import { noiseCells } from '../../render/self-comparison.ts';
import { formatCount, formatValue } from '../../text/units.ts';
import { loadText, measuredTexts, nameText } from '../../view/run-head.ts';
import { pieceText, type SelfComparisonView } from '../../view/self-comparison.ts';
import { markup, type Markup } from '../markup.ts';
import { tenth } from './chart.ts';
import { ROOM_BEYOND } from './difference-bar.ts';
import { BAR } from './limit-bar.ts';
import { factList, htmlPage, listSection, section, stackedTable, table, type Tone } from './page.ts';

const TONES: Readonly<Record<SelfComparisonView['answer'], Tone>> = { within: 'good', more: 'bad', open: 'open' };

/** `by`: what compared, with its version. */
export function selfComparisonPage(view: SelfComparisonView, by: string): string {
  const { run, headline, notes } = view;
  return htmlPage({
    headline,
    tone: TONES[view.answer],
    facts: [
      ['Run', `${nameText(run)}: ${loadText(run)}`],
      ['Each half', `about ${formatCount(view.requests)} requests`],
    ],
    first: 'noise',
    sections: [
      noise(view),
      falseAlarms(view),
      listSection('What it means', notes),
      section('What was measured', table('The run', ['What', 'Run'], measuredTexts(run))),
      section('Settings', factList(settingsOf(view))),
    ],
    footer: `Compared by ${by}`,
  });
}

function noise({ rows }: SelfComparisonView): Markup {
  if (rows.length === 0) return section('Noise', markup`<p>There are no requests to divide.</p>`);
  const head = ['Quantity', 'Value', 'Noise', 'Shown from', 'Noise, and where a difference is shown'];
  return section('Noise', stackedTable('Noise', head, rows.map(noiseRow)));
}

function noiseRow(row: NoiseRow): Markup {
  const [metric = '', value = '', least = '', shown = '', percent = ''] = noiseCells(row);
  return markup`<tr><th scope="row" class="name">${metric}</th><td class="value" data-label="Value">${value}</td><td class="value" data-label="Noise">${least}</td><td class="value" data-label="Shown from">${shown}${percent === '' ? undefined : ` (${percent})`}</td><td>${noiseBar(row, `noise ${least}, shown from ${shown}`)}</td></tr>`;
}

/** From zero: what halves differ by, and the difference that would be shown. */
function noiseBar({ noise: least, detectable }: NoiseRow, label: string): Markup | undefined {
  if (!(least > 0) && detectable === undefined) return undefined;
  const { width, height, edge } = BAR;
  const x = scaleLinear([0, Math.max(least, detectable ?? 0) * ROOM_BEYOND], [edge, width - edge]);
  const middle = height / 2;
  return markup`<svg class="bar" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
<line class="track" x1="${edge}" x2="${width - edge}" y1="${middle}" y2="${middle}"/>
<rect class="noise" x="${edge}" y="${middle - 4}" width="${tenth(x(least) - edge)}" height="8"/>
${detectable === undefined ? undefined : markup`<line class="limit" x1="${tenth(x(detectable))}" x2="${tenth(x(detectable))}" y1="2" y2="${height - 2}"/>`}
</svg>`;
}

function falseAlarms({ falseAlarms: alarms, splits, confidence, answer }: SelfComparisonView): Markup {
  const { width, height, edge } = BAR;
  const [seen, allowed] = [alarms / splits, 1 - confidence];
  const x = scaleLinear([0, Math.min(1, Math.max(seen, allowed) * 2)], [edge, width - edge]).clamp(true);
  const middle = height / 2;
  const text = `${formatCount(alarms)} of ${formatCount(splits)} splits (${formatValue(seen, 'share')}) showed a difference; ${formatValue(allowed, 'share')} may`;
  return section(
    'False alarms',
    markup`<svg class="bar ${TONES[answer]}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${text}">
<rect class="allowed" x="${edge}" y="${middle - 4}" width="${tenth(x(allowed) - edge)}" height="8"/>
<line class="track" x1="${edge}" x2="${width - edge}" y1="${middle}" y2="${middle}"/>
<line class="limit" x1="${tenth(x(allowed))}" x2="${tenth(x(allowed))}" y1="2" y2="${height - 2}"/>
<circle class="estimate" cx="${tenth(x(seen))}" cy="${middle}" r="4.5"/>
</svg>
<p class="sentence">${text}.</p>`,
  );
}

function settingsOf({ confidence, splits, seed, pieceMs, rows }: SelfComparisonView): (readonly [string, string])[] {
  return [
    ['Confidence', formatValue(confidence, 'share')],
    ['Splits', `${formatCount(splits)} (seed ${seed})`],
    ['Pieces', pieceText(pieceMs)],
    ['Rows', rows.map(({ metric }) => metric).join(', ')],
  ];
}
