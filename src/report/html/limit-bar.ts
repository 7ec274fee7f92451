/** One row of the objectives as a bar from zero to beyond the limit: estimate, what it may truly be, and the limit. */
import { scaleLinear } from 'd3-scale';
import type { LimitAssessment } from '../../judge/assessment.ts';
import { limitText, observedText } from '../../judge/wording/limit-texts.ts';
import { endOfScale } from '../../view/limit-scale.ts';
import { markup, type Markup } from '../markup.ts';
import { tenth } from './chart.ts';

export const BAR = { width: 200, height: 24, edge: 6 } as const;
const { width: WIDTH, height: HEIGHT, edge: EDGE } = BAR;

export const VERDICT_TONES = { satisfied: 'good', violated: 'bad', undecided: 'open' } as const;

export function limitBar(one: LimitAssessment): Markup | undefined {
  const { limit, estimate, lower, upper, side } = one;
  const end = endOfScale(one);
  if (end === undefined || estimate === undefined) return undefined;
  const x = scaleLinear([0, end], [EDGE, WIDTH - EDGE]).clamp(true);
  const at = x(limit);
  const allowed = side === 'upper' ? [x(0), at] : [at, x(end)];
  const middle = HEIGHT / 2;
  const label = `${observedText(one) ?? ''} observed, limit ${limitText(one)}: ${one.verdict}`;
  return markup`<svg class="bar ${VERDICT_TONES[one.verdict]}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
<rect class="allowed" x="${tenth(allowed[0]!)}" y="${middle - 4}" width="${tenth(allowed[1]! - allowed[0]!)}" height="8"/>
<line class="track" x1="${EDGE}" x2="${WIDTH - EDGE}" y1="${middle}" y2="${middle}"/>
${lower === undefined && upper === undefined ? undefined : markup`<line class="interval" x1="${tenth(x(lower ?? 0))}" x2="${tenth(x(upper ?? end))}" y1="${middle}" y2="${middle}"/>`}
<line class="limit" x1="${tenth(at)}" x2="${tenth(at)}" y1="2" y2="${HEIGHT - 2}"/>
<circle class="estimate" cx="${tenth(x(estimate))}" cy="${middle}" r="4.5"/>
</svg>`;
}
