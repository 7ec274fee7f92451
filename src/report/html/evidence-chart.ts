/** The evidence on one side of an objective as it grew to its threshold: e-values on a logarithmic scale. */
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { shortName } from '../../experiment/metric-names.ts';
import { assessmentKey, type LimitAssessment } from '../../judge/assessment.ts';
import type { Moment } from '../../judge/record/run-over-time.ts';
import { limitText } from '../../judge/wording/limit-texts.ts';
import { formatValue } from '../../text/units.ts';
import type { ReportModel } from '../report-model.ts';
import { markup, type Markup } from '../markup.ts';
import { rowSentence } from '../../judge/wording/row-sentence.ts';
import { chart, lineClass, PLOT, tenth } from './chart.ts';
import { pointsOf, timeAxis, timeScale, type Point } from './time-axis.ts';

/** More charts than this are no picture any more; the table of objectives has all. */
const MOST_CHARTS = 24;
/** In factors of ten: far beyond a threshold, or far from it, all is alike. */
const SPAN_BELOW = 3;
const SPAN_ABOVE = 1.5;

export function evidenceCharts({ view, moments }: ReportModel): Markup[] {
  return view.objectives
    .slice(0, MOST_CHARTS)
    .map((row, index) => evidenceChart(row, moments, index))
    .filter((one) => one !== undefined);
}

function evidenceChart(row: LimitAssessment, moments: readonly Moment[], index: number): Markup | undefined {
  const { lnSatisfiedNeeded, lnViolatedNeeded } = row;
  if (lnSatisfiedNeeded === undefined || lnViolatedNeeded === undefined) return undefined;
  const needed = [lnSatisfiedNeeded / Math.LN10, lnViolatedNeeded / Math.LN10];
  const high = Math.max(...needed) * SPAN_ABOVE;
  const series = (['lnSatisfied', 'lnViolated'] as const).map((which) =>
    pointsOf(moments, ({ evidence }) => {
      const ln = evidence.get(assessmentKey(row))?.[which];
      // In factors of ten.
      return ln === undefined ? undefined : Math.min(high, Math.max(-SPAN_BELOW, ln / Math.LN10));
    }),
  );
  const x = timeScale(series);
  if (x === undefined) return undefined;
  const y = scaleLinear([-SPAN_BELOW, high], [PLOT.y0, PLOT.y1]);
  const path = line<Point>()
    .x(({ at }) => x(at))
    .y(({ value }) => y(value))
    .digits(1);
  const threshold = (value: number, at: number) =>
    markup`<line class="threshold c${at}" x1="${PLOT.x0}" x2="${PLOT.x1}" y1="${tenth(y(value))}" y2="${tenth(y(value))}"/>`;
  return chart({
    id: `evidence-${index}`,
    title: `${shortName(row.metric)} ${limitText(row)}, ${row.version}`,
    description: rowSentence(row),
    x: timeAxis(x),
    y: {
      label: `evidence (e-value, on a logarithmic scale): a verdict takes ${formatValue(Math.exp(lnSatisfiedNeeded), 'plain')} for satisfied, ${formatValue(Math.exp(lnViolatedNeeded), 'plain')} for violated`,
      ticks: y
        .ticks(6)
        .filter(Number.isInteger)
        .map((value) => ({ at: y(value), text: powerOfTen(value) })),
    },
    body: [
      ...needed.map(threshold),
      ...series.map((points, at) => markup`<path class="${lineClass(at)}" d="${path(points) ?? ''}"/>`),
    ],
    legend: [
      { name: 'that it is satisfied', line: 0 },
      { name: 'that it is violated', line: 1 },
    ],
  });
}

function powerOfTen(exponent: number): string {
  return exponent < 0 ? `1/${formatValue(10 ** -exponent, 'plain')}` : formatValue(10 ** exponent, 'plain');
}
