/** How a run went: errors, latency and weights over time, each version a line. */
import { scaleLinear } from 'd3-scale';
import { curveStepAfter, line } from 'd3-shape';
import type { Moment } from '../../judge/record/run-over-time.ts';
import { formatPercent, formatValue } from '../../text/units.ts';
import { isSplitKnown } from '../../view/header-texts.ts';
import type { ReportModel } from '../report-model.ts';
import { markup, type Markup } from '../markup.ts';
import { chart, lineClass, PLOT } from './chart.ts';
import { pointsOf, timeAxis, timeScale, type Point } from './time-axis.ts';

interface TimeChart {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly series: readonly { readonly name: string; readonly points: readonly Point[] }[];
  readonly text: (value: number) => string;
  readonly highest?: number;
  readonly steps?: boolean;
}

export function overTime({ moments, view }: ReportModel): Markup[] {
  const names = view.versions.map(({ name }) => name);
  return [
    timeChart({
      id: 'errors',
      title: 'Errors over time',
      unit: 'share of the requests that failed, since the moment before',
      series: names.map((name) => ({ name, points: rates(moments, name, ({ errors }) => errors) })),
      text: (share) => formatValue(share, 'share'),
    }),
    timeChart({
      id: 'means',
      title: 'Latency over time',
      unit: 'mean response time of the requests since the moment before',
      series: names.map((name) => ({ name, points: rates(moments, name, ({ sumMs }) => sumMs) })),
      text: (ms) => formatValue(ms, 'ms'),
    }),
    ...(names.length < 2 || !isSplitKnown(view.weights) ? [] : [weightChart(moments, names)]),
  ].filter((one) => one !== undefined);
}

function weightChart(moments: readonly Moment[], names: readonly string[]): Markup | undefined {
  return timeChart({
    id: 'weights',
    title: 'Weights over time',
    unit: 'share of the traffic that each version was to receive',
    series: names.map((name) => ({
      name,
      points: pointsOf(moments, ({ weights }) => weights.get(name)),
    })),
    text: (percent) => formatPercent(percent),
    highest: 100,
    steps: true,
  });
}

/** What was added between two moments, for each request that was. */
function rates(
  moments: readonly Moment[],
  version: string,
  of: (counted: { readonly errors: number; readonly sumMs: number }) => number,
): Point[] {
  let before = { n: 0, errors: 0, sumMs: 0 };
  return pointsOf(moments, ({ counted }) => {
    const now = counted.get(version);
    if (now === undefined || now.n <= before.n) return undefined;
    const rate = (of(now) - of(before)) / (now.n - before.n);
    before = now;
    return Math.max(0, rate);
  });
}

/** Undefined where there is no line to draw. */
function timeChart({ id, title, unit, series, text, highest, steps }: TimeChart): Markup | undefined {
  const all = series.flatMap(({ points }) => points);
  const x = timeScale(series.map(({ points }) => points));
  if (x === undefined || series.every(({ points }) => points.length < 2)) return undefined;
  const top = highest ?? Math.max(...all.map(({ value }) => value));
  const y = scaleLinear([0, top === 0 ? 1 : top], [PLOT.y0, PLOT.y1]);
  if (highest === undefined && top > 0) y.nice(4);
  const path = line<Point>()
    .x(({ at }) => x(at))
    .y(({ value }) => y(value))
    .digits(1);
  if (steps === true) path.curve(curveStepAfter);
  return chart({
    id,
    title,
    description: series
      .filter(({ points }) => points.length > 0)
      .map(
        ({ name, points }) => `${name}: ${text(points[0]!.value)} at first, ${text(points.at(-1)!.value)} at the end.`,
      )
      .join(' '),
    x: timeAxis(x),
    y: { label: unit, ticks: (top === 0 ? [0] : y.ticks(4)).map((value) => ({ at: y(value), text: text(value) })) },
    body: series.map(({ points }, at) => markup`<path class="${lineClass(at)}" d="${path(points) ?? ''}"/>`),
    legend: series.map(({ name }, at) => ({ name, line: at })),
  });
}
