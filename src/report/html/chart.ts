/** A chart as SVG: frame, axes and grid around whatever is drawn in it. Sizes in user units; the page scales it. */
import { markup, type Markup } from '../markup.ts';

const CHART = { width: 480, height: 300, left: 62, right: 14, top: 14, bottom: 44 } as const;

export const PLOT = {
  x0: CHART.left,
  x1: CHART.width - CHART.right,
  y0: CHART.height - CHART.bottom,
  y1: CHART.top,
} as const;

export interface Tick {
  /** Where, in user units. */
  readonly at: number;
  readonly text: string;
}

export interface Axis {
  readonly label: string;
  readonly ticks: readonly Tick[];
}

/** A line is identified by its number, which is the same in every chart of a version. */
export interface LineName {
  readonly name: string;
  readonly line: number;
}

export interface ChartOptions {
  /** Unique in the page. */
  readonly id: string;
  readonly title: string;
  /** What it shows, in words, for those who do not see it. */
  readonly description: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly body: readonly Markup[];
  readonly legend?: readonly LineName[] | undefined;
}

/** To a tenth of a unit, so that a page stays small. */
export const tenth = (value: number): string => String(Math.round(value * 10) / 10);

/** Lines differ in colour and in dashes: see style.ts. */
export const lineClass = (index: number): string => `line c${index % 10}`;

export function chart({ id, title, description, x, y, body, legend = [] }: ChartOptions): Markup {
  const { x0, x1, y0 } = PLOT;
  return markup`<figure class="chart">
<figcaption><h3>${title}</h3></figcaption>
<svg viewBox="0 0 ${CHART.width} ${CHART.height}" role="img" aria-labelledby="${id}-t ${id}-d">
<title id="${id}-t">${title}</title><desc id="${id}-d">${description}</desc>
<g class="grid">${y.ticks.map(({ at }) => markup`<line x1="${x0}" x2="${x1}" y1="${tenth(at)}" y2="${tenth(at)}"/>`)}</g>
<g class="axis">
${y.ticks.map(({ at, text }) => markup`<text class="end" x="${x0 - 7}" y="${tenth(at + 4.5)}">${text}</text>`)}
${fitting(x.ticks).map(({ at, anchor, text }) => markup`<line x1="${tenth(at)}" x2="${tenth(at)}" y1="${y0}" y2="${y0 + 5}"/><text class="${anchor}" x="${anchor === 'end' ? CHART.width : tenth(at)}" y="${y0 + 20}">${text}</text>`)}
<line x1="${x0}" x2="${x1}" y1="${y0}" y2="${y0}"/>
<text class="end" x="${x1}" y="${CHART.height - 5}">${x.label}</text>
</g>
${body}
</svg>
<p class="unit">${y.label}</p>
${legend.length === 0 ? undefined : markup`<ul class="legend">${legend.map(({ name, line }) => markup`<li><svg width="30" height="10" aria-hidden="true"><line class="${lineClass(line)}" x1="0" x2="30" y1="5" y2="5"/></svg> ${name}</li>`)}</ul>`}
</figure>`;
}

/** What a character of a text of an axis takes at most, on average, in any usual font. */
const CHARACTER = 8;
/** Between two texts. */
const GAP = 4;

interface PlacedTick extends Tick {
  /** `mid`: its text stands around it; `end`: it would not fit into the chart there, and ends where that does. */
  readonly anchor: 'mid' | 'end';
}

/** Of the ticks of a horizontal axis, from the left, those whose texts do not meet. */
function fitting(ticks: readonly Tick[]): PlacedTick[] {
  const kept: PlacedTick[] = [];
  let free = 0;
  for (const tick of ticks) {
    const width = tick.text.length * CHARACTER;
    const end = Math.min(tick.at + width / 2, CHART.width);
    if (end - width < free) continue;
    kept.push({ ...tick, anchor: end === CHART.width ? 'end' : 'mid' });
    free = end + GAP;
  }
  return kept;
}

/** Of many ticks those that leave room for their texts. */
export function spaced(ticks: readonly Tick[], room: number): Tick[] {
  const kept: Tick[] = [];
  for (const tick of ticks) {
    const before = kept.at(-1);
    if (before === undefined || Math.abs(tick.at - before.at) >= room) kept.push(tick);
  }
  return kept;
}
