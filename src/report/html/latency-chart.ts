/** Latency by percentile, with the limits on it: the further right, the rarer the requests that are slower. */
import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import { parseMetricName } from '../../experiment/metric-names.ts';
import type { LimitAssessment } from '../../judge/assessment.ts';
import { formatValue } from '../../text/units.ts';
import type { ReportModel } from '../report-model.ts';
import { markup, type Markup } from '../markup.ts';
import { chart, lineClass, PLOT, spaced, tenth } from './chart.ts';

const MARKS = [0, 50, 90, 95, 99, 99.5, 99.9, 99.99, 99.999];

/** `-log10` of the share that is slower. */
const rarity = (percent: number): number => -Math.log10(1 - Math.min(percent, 99.9999) / 100);

export function latencyChart({ curves, view }: ReportModel): Markup | undefined {
  if (curves.length === 0) return undefined;
  const names = view.versions.map(({ name }) => name);
  const lineOf = (version: string) => Math.max(0, names.indexOf(version));
  const limits = percentileLimits(view.objectives, view.namespace);
  const values = [
    ...curves.flatMap(({ points }) => points.map(({ ms }) => ms)),
    ...limits.map(({ limit }) => limit),
  ].filter((ms) => ms > 0);
  if (values.length === 0) return undefined;
  const rarest = Math.max(
    1,
    ...curves.map(({ points }) => rarity(points.at(-1)?.percent ?? 0)),
    ...limits.map(({ percent }) => rarity(percent)),
  );
  const x = scaleLinear([0, rarest], [PLOT.x0, PLOT.x1]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // A linear scale shows values that are close together; a logarithmic one, values over several orders of magnitude.
  const isLog = high / low > 30;
  const y = isLog
    ? scaleLog([low, high], [PLOT.y0, PLOT.y1]).nice()
    : scaleLinear([0, high], [PLOT.y0, PLOT.y1]).nice(5);
  const path = line<{ readonly percent: number; readonly ms: number }>()
    .defined(({ ms }) => ms > 0 || !isLog)
    .x(({ percent }) => x(rarity(percent)))
    .y(({ ms }) => y(ms))
    .digits(1);
  return chart({
    id: 'latency',
    title: 'Latency by percentile',
    description: describe(curves, limits),
    x: {
      label: 'share of the requests that were at most so slow',
      ticks: MARKS.filter((percent) => rarity(percent) <= rarest + 1e-9).map((percent) => ({
        at: x(rarity(percent)),
        text: `${percent} %`,
      })),
    },
    y: {
      label: `response time${isLog ? ', on a logarithmic scale' : ''}`,
      ticks: spaced(
        y.ticks(5).map((ms) => ({ at: y(ms), text: formatValue(ms, 'ms') })),
        22,
      ),
    },
    body: [
      ...curves.map(
        ({ version, points }) => markup`<path class="${lineClass(lineOf(version))}" d="${path(points) ?? ''}"/>`,
      ),
      ...limits.map(({ percent, limit }) => {
        const [cx, cy] = [x(rarity(percent)), y(limit)];
        return markup`<path class="limit" d="M${tenth(cx - 14)},${tenth(cy)}H${tenth(cx + 14)}M${tenth(cx)},${tenth(cy - 5)}V${tenth(cy + 5)}"/><text class="mid limit-text" x="${tenth(Math.min(cx, PLOT.x1 - 40))}" y="${tenth(cy < PLOT.y1 + 24 ? cy + 20 : cy - 9)}">p${percent} limit</text>`;
      }),
    ],
    legend: curves.map(({ version }) => ({ name: version, line: lineOf(version) })),
  });
}

interface PercentileLimit {
  readonly percent: number;
  readonly limit: number;
}

/** Upper limits of all requests, each once: those of an endpoint are not about these curves. */
function percentileLimits(objectives: readonly LimitAssessment[], namespace: string): PercentileLimit[] {
  const found = new Map<string, PercentileLimit>();
  for (const { metric, limit, side, relative } of objectives) {
    const { quantity, endpoint } = parseMetricName(metric, namespace);
    if (endpoint !== undefined) continue;
    if (quantity.kind !== 'percentile' || side !== 'upper' || relative !== undefined || !(limit > 0)) continue;
    found.set(`${quantity.percent} ${limit}`, { percent: quantity.percent, limit });
  }
  return [...found.values()];
}

function describe(curves: ReportModel['curves'], limits: readonly PercentileLimit[]): string {
  const of = (points: ReportModel['curves'][number]['points'], percent: number) =>
    formatValue(points.findLast((point) => point.percent <= percent)?.ms ?? Number.NaN, 'ms');
  return [
    ...curves.map(
      ({ version, points }) =>
        `${version}: half of the requests within ${of(points, 50)}, 99 % within ${of(points, 99)}.`,
    ),
    ...limits.map(({ percent, limit }) => `The limit of the ${percent}th percentile is ${formatValue(limit, 'ms')}.`),
  ].join(' ');
}
