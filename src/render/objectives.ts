/** The objectives of an experiment as `describe` shows them: what was observed, what bounds it, the verdict, and a bar of it. */
import { shortName } from '../experiment/metric-names.ts';
import type { LimitAssessment } from '../judge/assessment.ts';
import { boundText, limitText, observedText, shownLimit } from '../judge/wording/limit-texts.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCount, formatCounted, formatValue } from '../text/units.ts';
import { displayWidth, padToWidth } from '../text/width.ts';
import { wrap } from '../text/wrap.ts';
import type { ExperimentView } from '../view/experiment-view.ts';
import { endOfScale } from '../view/limit-scale.ts';
import { isNarrow } from './narrow.ts';
import { barLegend, limitBar, withBars } from './limit-bar.ts';
import { metricLabel } from './metric-label.ts';
import { fittedLines } from './table.ts';
import type { Theme } from './theme.ts';

export interface ObjectiveOptions {
  readonly theme: Theme;
  readonly columns: number;
  /** As pictures too, where there is room: for people at a terminal. */
  readonly bars?: boolean;
}

/** The objectives of each version, in a table where there is room for one. */
export function objectiveLines(view: ExperimentView, options: ObjectiveOptions): string[] {
  if (view.objectives.length === 0) return [];
  const versions = [...new Set(view.objectives.map((one) => one.version))];
  const legend =
    options.bars === true && !isNarrow(options.columns) && view.objectives.some((one) => endOfScale(one) !== undefined)
      ? barLegend(options.theme, options.columns).map(options.theme.dim)
      : [];
  if (versions.length === 2) {
    const beside = sideBySide(view, options);
    if (beside !== undefined) return [...beside, ...legend];
  }
  const lines = versions.flatMap((version, index) => [
    ...(index > 0 ? [''] : []),
    ...oneVersion(
      version,
      view.objectives.filter((one) => one.version === version),
      view,
      options,
    ),
  ]);
  return [...lines, ...legend];
}

/** `v1 (baseline)`. */
export function versionTitle(version: string, view: ExperimentView): string {
  const role =
    view.versions.length > 1 && view.versions.find((one) => one.name === version)?.role === 'baseline'
      ? ' (baseline)'
      : '';
  return `${sanitizeLine(version)}${role}`;
}

/** How it was judged, where that was not by evidence. */
const BY_METHOD: Readonly<Partial<Record<LimitAssessment['method'], string>>> = {
  exact: ', observed',
  point: ', point value',
};

function verdictText({ verdict, method }: LimitAssessment, theme: Theme): string {
  const how = verdict === 'undecided' ? '' : (BY_METHOD[method] ?? '');
  return `${theme.verdict(verdict)}${how}`;
}

function oneVersion(
  version: string,
  rows: readonly LimitAssessment[],
  view: ExperimentView,
  options: ObjectiveOptions,
): string[] {
  const { theme, columns } = options;
  const title = wrap(`Objectives, ${versionTitle(version, view)}`, { columns, rest: '  ' });
  const cells = (of: (one: LimitAssessment) => string) => rows.map(of);
  const lines = fittedLines(
    [
      { head: 'METRIC', cells: cells((one) => sanitizeLine(shortName(one.metric))), shorten: SHORTER_NAMES },
      { head: 'LIMIT', cells: cells((one) => sanitizeLine(limitText(one))) },
      { head: 'OBSERVED', cells: cells((one) => observedText(one) ?? '-') },
      { head: 'BOUND', cells: cells((one) => boundText(one) ?? '-') },
      { head: 'REQUESTS', cells: cells((one) => formatCount(one.n)), right: true },
      { head: 'VERDICT', cells: cells((one) => verdictText(one, theme)) },
    ],
    { room: columns, indent: '  ' },
  );
  const table =
    lines === undefined || options.bars !== true
      ? lines
      : withBars(lines, rows, { theme, columns, first: 1, indent: '  ', among: view.objectives });
  return [...title, ...(table ?? stacked(rows, view, options)), ...serviceLines(rows, columns)];
}

const SHORTER_NAMES = { cell: metricLabel, to: [24, 12] } as const;

/** Where no table fits: one value a line. */
function stacked(
  rows: readonly LimitAssessment[],
  { objectives: among }: ExperimentView,
  { theme, columns, bars = false }: ObjectiveOptions,
): string[] {
  const bar = (one: LimitAssessment) =>
    bars && !isNarrow(columns) ? limitBar(one, { width: columns - 8, theme, among }) : undefined;
  return rows.flatMap((one) => [
    ...wrap(`${sanitizeLine(shortName(one.metric))} ${sanitizeLine(limitText(one))}`, {
      columns,
      first: '  ',
      rest: '    ',
    }),
    ...wrap(
      `${observedText(one) ?? 'nothing'} observed, ${boundText(one) ?? 'no bound'}, ${formatCounted(one.n, 'request')}`,
      { columns, first: '    ', rest: '    ' },
    ),
    ...wrap(verdictText(one, theme), { columns, first: '    ', rest: '    ' }),
    ...[bar(one)].flatMap((text) => (text === undefined ? [] : [`    ${text}`])),
  ]);
}

/** Longer bars say no more. */
const MOST_BAR = 40;

/** Undefined where there is no room. */
function sideBySide(view: ExperimentView, options: ObjectiveOptions): string[] | undefined {
  const { theme, columns } = options;
  const names = view.versions.map((version) => version.name);
  const [first, second] = names.map((name) => view.objectives.filter((one) => one.version === name));
  if (first === undefined || second === undefined) return undefined;
  const left = (of: (one: LimitAssessment) => string) =>
    // Relative objectives are the candidate's alone.
    second.map((_, index) => (first[index] === undefined ? '-' : of(first[index])));
  const right = (of: (one: LimitAssessment) => string) => second.map(of);
  const lines = fittedLines(
    [
      { head: 'METRIC', cells: right((one) => sanitizeLine(shortName(one.metric))), shorten: SHORTER_NAMES },
      { head: 'LIMIT', cells: right((one) => sanitizeLine(limitText(one))) },
      { head: 'OBSERVED', cells: left((one) => observedText(one) ?? '-') },
      { head: 'VERDICT', cells: left((one) => verdictText(one, theme)) },
      { head: 'OBSERVED', cells: right((one) => observedText(one) ?? '-') },
      { head: 'BOUND', cells: right((one) => boundText(one) ?? '-') },
      { head: 'VERDICT', cells: right((one) => verdictText(one, theme)) },
    ],
    { room: columns, indent: '  ' },
  );
  if (lines === undefined) return undefined;
  const firstAt = lines[0]!.indexOf('OBSERVED');
  const secondAt = lines[0]!.indexOf('OBSERVED', firstAt + 1);
  const [firstTitle, secondTitle] = names.map((name) => versionTitle(name, view));
  const isShort =
    displayWidth(firstTitle!) + 2 <= secondAt - firstAt && secondAt + displayWidth(secondTitle!) <= columns;
  if (!isShort) return undefined;
  const bars = (row: number): string[] => {
    if (options.bars !== true) return [];
    const bar = (one: LimitAssessment | undefined, room: number) =>
      (one === undefined
        ? undefined
        : limitBar(one, { width: Math.min(MOST_BAR, room), theme, among: view.objectives })) ?? '';
    const [a, b] = [bar(first[row], secondAt - firstAt - 3), bar(second[row], columns - secondAt)];
    return a + b === '' ? [] : [`${' '.repeat(firstAt)}${padToWidth(a, secondAt - firstAt)}${b}`.trimEnd()];
  };
  return [
    `${'Objectives'.padEnd(firstAt)}${padToWidth(firstTitle!, secondAt - firstAt)}${secondTitle!}`,
    ...lines.flatMap((line, at) => (at === 0 ? [line] : [line, ...bars(at - 1)])),
  ];
}

/** Where the two ways to time a request differ by more than 10 %. */
function serviceLines(rows: readonly LimitAssessment[], columns: number): string[] {
  return rows
    .filter((one) => one.serviceEstimate !== undefined)
    .flatMap((one) =>
      wrap(
        `${sanitizeLine(shortName(one.metric))}: ${formatValue(one.serviceEstimate!, one.unit, shownLimit(one))} when timed from the actual send`,
        { columns, first: '  ', rest: '    ' },
      ),
    );
}
