/** A difference round zero: what is seen, and where it may truly be. Each bar has its own scale, with zero in the middle. */
import { scaleLinear } from 'd3-scale';
import type { ComparedRow } from '../../judge/runs/compare-runs.ts';
import { answerMark, differenceIntervalText, differenceText } from '../../view/comparison-cells.ts';
import { markup, type Markup } from '../markup.ts';
import { tenth } from './chart.ts';
import { BAR } from './limit-bar.ts';
import type { Tone } from './page.ts';

export const ANSWER_TONES: Readonly<Record<ComparedRow['answer'], Tone>> = {
  better: 'good',
  worse: 'bad',
  higher: 'open',
  lower: 'open',
  none: 'plain',
  unknown: 'open',
  'not-judged': 'plain',
};

/** Room beyond the outermost value. */
export const ROOM_BEYOND = 1.15;
const TIP = 6;

/** None where nothing is known, or nothing is asked. */
export function differenceBar(row: ComparedRow): Markup | undefined {
  const { estimate, lower, upper } = row.difference;
  const known = [estimate, lower, upper].filter((value) => value !== undefined);
  if (known.length === 0 || row.answer === 'not-judged') return undefined;
  const { width, height, edge } = BAR;
  const end = Math.max(...known.map(Math.abs)) * ROOM_BEYOND || 1;
  const x = scaleLinear([-end, end], [edge, width - edge]);
  const middle = height / 2;
  const hasInterval = lower !== undefined || upper !== undefined;
  const [from, to] = [lower === undefined ? edge : x(lower), upper === undefined ? width - edge : x(upper)];
  // An end that is not known is an arrow at the edge.
  const tip = (at: number, inwards: number) =>
    markup`<path class="beyond" d="M${tenth(at)} ${middle}l${inwards} -${TIP}v${2 * TIP}z"/>`;
  const bounds = differenceIntervalText(row);
  const label = `B - A: ${differenceText(row) || 'not known'}${bounds === '' ? '' : `, ${bounds}`}: ${WORDS[row.answer] ?? answerMark(row)}`;
  return markup`<svg class="bar ${ANSWER_TONES[row.answer]}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
<line class="track" x1="${edge}" x2="${width - edge}" y1="${middle}" y2="${middle}"/>
${hasInterval ? markup`<line class="interval" x1="${tenth(from)}" x2="${tenth(to)}" y1="${middle}" y2="${middle}"/>` : undefined}
${hasInterval && lower === undefined ? tip(0, TIP + 2) : undefined}${hasInterval && upper === undefined ? tip(width, -TIP - 2) : undefined}
<line class="limit" x1="${tenth(x(0))}" x2="${tenth(x(0))}" y1="2" y2="${height - 2}"/>
${estimate === undefined ? undefined : markup`<circle class="estimate" cx="${tenth(x(estimate))}" cy="${middle}" r="4.5"/>`}
</svg>`;
}

const WORDS: Partial<Record<ComparedRow['answer'], string>> = {
  none: 'no difference is shown',
  unknown: 'it cannot be determined',
};
