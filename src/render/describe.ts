/** One picture of one experiment: verdict first, then why, then the numbers, then the small print. Fits the width. */
import { shortName } from '../experiment/metric-names.ts';
import { formatAge } from '../text/age.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCount, formatPercent, formatValue } from '../text/units.ts';
import { displayWidth } from '../text/width.ts';
import { wrap, wrapFacts } from '../text/wrap.ts';
import type { LimitAssessment } from '../judge/assessment.ts';
import { boundText, codesText, limitText, observedText, shownLimit } from '../judge/wording/sentences.ts';
import type { ExperimentView, MetricValue, Observation } from '../view/experiment-view.ts';
import { measuredLines } from './custom-metrics.ts';
import { rewardLines } from './rewards.ts';
import { tableLines, tableWidth } from './table.ts';
import type { Theme } from './theme.ts';

export interface DescribeOptions {
  readonly theme: Theme;
  readonly columns: number;
}

/** Reasons beyond these are counted, not reported. */
const SHOWN_REASONS = 6;

export function renderDescribe(view: ExperimentView, options: DescribeOptions): string {
  const sections = [
    answer(view, options),
    header(view, options),
    objectives(view, options),
    recorded(view, options),
    rewardLines(view, options),
    measuredLines(view, options.columns),
    observed('Observed', view.observations, view, options),
    view.newest === undefined
      ? []
      : observed(`The newest collection alone (${view.newest.task})`, view.newest.observations, view, options),
    view.warnings.flatMap((warning) =>
      wrap(`warning: ${sanitizeLine(warning)}`, { columns: options.columns, rest: '  ' }),
    ),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function answer(view: ExperimentView, { theme, columns }: DescribeOptions): string[] {
  const { recommendation } = view;
  const reasons = recommendation.reasons
    .slice(0, SHOWN_REASONS)
    .flatMap((reason) => wrap(sanitizeLine(reason), { columns, first: '  ', rest: '    ' }));
  const more = recommendation.reasons.length - SHOWN_REASONS;
  const lines = wrap(sanitizeLine(view.headline), { columns, rest: '  ' });
  const again =
    view.judgedAgain === undefined
      ? []
      : wrap(`judged anew: ${sanitizeLine(view.judgedAgain)}`, { columns, rest: '  ' });
  const colored = (text: string) => theme.headline(recommendation.verdict, text);
  return [
    ...(view.judgedAgain === undefined
      ? lines.map(colored)
      : [...lines.map((line) => theme.strong(line)), ...again.map(colored)]),
    ...reasons,
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function header(view: ExperimentView, { columns }: DescribeOptions): string[] {
  const { iterations } = view;
  const progress =
    view.stage === undefined
      ? 'not started'
      : `${view.stage}, ${formatCount(iterations.completed)} of ${formatCount(iterations.total)} iterations`;
  const since = view.changedAt === undefined ? Number.NaN : Date.parse(view.changedAt);
  const pattern =
    view.testingPattern === 'Conformance' ? 'Conformance' : `${view.testingPattern}, ${view.deploymentPattern}`;
  const left = [
    ['Experiment', `${view.name} (${view.namespace})`],
    ['Pattern', pattern],
  ] as const;
  const right = [
    ['Target', view.target],
    ['Stage', Number.isNaN(since) ? progress : `${progress}, ${formatAge(view.now - since)}`],
  ] as const;
  const entry = ([label, value]: readonly [string, string], width: number) =>
    `${label.padEnd(width)}${sanitizeLine(value)}`;
  const leftLines = left.map((one) => entry(one, 12));
  const rightLines = right.map((one) => entry(one, 8));
  const leftWidth = Math.max(...leftLines.map(displayWidth)) + 4;
  const side = rightLines.every((line) => leftWidth + displayWidth(line) <= columns);
  const lines = side
    ? leftLines.map((line, index) => `${line}${' '.repeat(leftWidth - displayWidth(line))}${rightLines[index]!}`)
    : [...left, ...right].flatMap(([label, value]) =>
        wrap(sanitizeLine(value), { columns, first: label.padEnd(12), rest: ' '.repeat(12) }),
      );
  return [...lines, ...traffic(view, columns), ...underWay(view, columns), ...undriven(view, columns)];
}

/** It stands still, whatever its stage says. */
function undriven({ driven }: ExperimentView, columns: number): string[] {
  if (driven === undefined || driven.by !== undefined) return [];
  return wrap(sanitizeLine(`nobody drives it; go on with: ${driven.goOn}`), {
    columns,
    first: 'Driver'.padEnd(12),
    rest: ' '.repeat(12),
  });
}

function traffic(view: ExperimentView, columns: number): string[] {
  const { now, recommended, observed } = view.weights;
  const text = (weights: typeof now) =>
    weights.map(({ name, value }) => `${sanitizeLine(name)} ${formatPercent(value)}`).join(', ');
  if (view.versions.length < 2 || now.length === 0) return [];
  // Where no object says how traffic is split, what is stored is the default.
  const stored = view.weights.known || observed === undefined ? [text(now)] : [];
  const differs =
    recommended.length > 0 && JSON.stringify(now) !== JSON.stringify(recommended)
      ? [`recommended: ${text(recommended)}`]
      : [];
  const seen = observed === undefined ? [] : [`observed: ${text(observed)}`];
  const [first, ...rest] = [...stored, ...seen, ...differs];
  const beside = rest.length === 0 ? '' : ` (${rest.join('; ')})`;
  return wrap(`${first ?? ''}${beside}`, { columns, first: 'Traffic'.padEnd(12), rest: ' '.repeat(12) });
}

/** Only while it runs: what the newest save says. */
function underWay(view: ExperimentView, columns: number): string[] {
  const { load } = view;
  if (view.ended || load === undefined) return [];
  const sent = load.versions
    .map(({ version, sent: count }) => `${sanitizeLine(version)} ${formatCount(count)}`)
    .join(', ');
  return wrap(`${sent} requests sent in ${Math.round(load.elapsedSeconds)} s`, {
    columns,
    first: 'Load'.padEnd(12),
    rest: ' '.repeat(12),
  });
}

// --------------------------------------------------------------------------------------------------------- objectives

function objectives(view: ExperimentView, options: DescribeOptions): string[] {
  if (view.objectives.length === 0) return [];
  const versions = orderedVersions(view);
  if (versions.length === 2) {
    const beside = sideBySide(view, options);
    if (beside.every((line) => displayWidth(line) <= options.columns)) return beside;
  }
  return versions.flatMap((version, index) => [
    ...(index > 0 ? [''] : []),
    ...oneVersion(
      version,
      view.objectives.filter((one) => one.version === version),
      view,
      options,
    ),
  ]);
}

/** The recommended version first, then as written. */
function orderedVersions(view: ExperimentView): string[] {
  const names = [...new Set(view.objectives.map((one) => one.version))];
  const first = view.recommendation.version;
  return first !== undefined && names.includes(first) ? [first, ...names.filter((name) => name !== first)] : names;
}

function versionTitle(version: string, view: ExperimentView): string {
  const role =
    view.versions.length > 1 && view.versions.find((one) => one.name === version)?.role === 'baseline'
      ? ' (baseline)'
      : '';
  return `${sanitizeLine(version)}${role}`;
}

function verdictText(one: LimitAssessment, theme: Theme): string {
  const how =
    one.method === 'exact' && one.verdict !== 'undecided'
      ? ', observed'
      : one.method === 'point' && one.verdict !== 'undecided'
        ? ', point value'
        : '';
  return `${theme.verdict(one.verdict)}${how}`;
}

function oneVersion(
  version: string,
  rows: readonly LimitAssessment[],
  view: ExperimentView,
  options: DescribeOptions,
): string[] {
  const { theme, columns } = options;
  const title = wrap(`Objectives, ${versionTitle(version, view)}`, { columns, rest: '  ' });
  const head = ['METRIC', 'LIMIT', 'OBSERVED', 'BOUND', 'REQUESTS', 'VERDICT'];
  const cells = (nameWidth: number) =>
    rows.map((one) => [
      fit(sanitizeLine(shortName(one.metric)), nameWidth),
      sanitizeLine(limitText(one)),
      observedText(one) ?? '-',
      boundText(one) ?? '-',
      formatCount(one.n),
      verdictText(one, theme),
    ]);
  const layout = LAYOUTS.find(({ nameWidth, gap }) => tableWidth(head, cells(nameWidth), gap) + 2 <= columns);
  const lines =
    layout === undefined
      ? undefined
      : tableLines({ head, rows: cells(layout.nameWidth), right: [4], indent: '  ', gap: layout.gap });
  return [...title, ...(lines ?? stacked(rows, options)), ...serviceLines(rows, columns)];
}

/** Narrows the gaps, then shortens names in the middle, until the table fits. */
const LAYOUTS = [
  { nameWidth: Number.POSITIVE_INFINITY, gap: '   ' },
  { nameWidth: Number.POSITIVE_INFINITY, gap: '  ' },
  { nameWidth: Number.POSITIVE_INFINITY, gap: ' ' },
  { nameWidth: 32, gap: ' ' },
  { nameWidth: 24, gap: ' ' },
  { nameWidth: 18, gap: ' ' },
  { nameWidth: 12, gap: ' ' },
] as const;

/** The middle goes, the ends stay: names differ at their ends. */
function fit(name: string, width: number): string {
  if (displayWidth(name) <= width) return name;
  const half = Math.max(1, Math.floor((width - 1) / 2));
  const chars = Array.from(name);
  return `${chars.slice(0, half).join('')}…${chars.slice(-half).join('')}`;
}

/** Where no table fits: one value a line. */
function stacked(rows: readonly LimitAssessment[], { theme, columns }: DescribeOptions): string[] {
  return rows.flatMap((one) => [
    ...wrap(`${sanitizeLine(shortName(one.metric))} ${sanitizeLine(limitText(one))}`, {
      columns,
      first: '  ',
      rest: '    ',
    }),
    ...wrap(`${observedText(one) ?? '-'} observed, ${boundText(one) ?? 'no bound'}, ${formatCount(one.n)} requests`, {
      columns,
      first: '    ',
      rest: '    ',
    }),
    `    ${verdictText(one, theme)}`,
  ]);
}

function sideBySide(view: ExperimentView, { theme }: DescribeOptions): string[] {
  const names = view.versions.map((version) => version.name);
  const [first, second] = names.map((name) => view.objectives.filter((one) => one.version === name));
  if (first === undefined || second === undefined) return ['x'.repeat(1000)];
  const head = ['METRIC', 'LIMIT', 'OBSERVED', 'VERDICT', 'OBSERVED', 'BOUND', 'VERDICT'];
  const rows = second.map((other, index) => {
    // Relative objectives are the candidate's alone.
    const one = first[index];
    return [
      fit(sanitizeLine(shortName(other.metric)), 30),
      sanitizeLine(limitText(other)),
      (one === undefined ? undefined : observedText(one)) ?? '-',
      one === undefined ? '-' : verdictText(one, theme),
      observedText(other) ?? '-',
      boundText(other) ?? '-',
      verdictText(other, theme),
    ];
  });
  const lines = tableLines({ head, rows, indent: '  ' });
  const at = (column: string, from: number) => lines[0]!.indexOf(column, from);
  const firstAt = at('OBSERVED', 0);
  const secondAt = at('OBSERVED', firstAt + 1);
  const title = `Objectives`.padEnd(firstAt);
  const firstTitle = versionTitle(names[0]!, view);
  const room = secondAt - firstAt - 2;
  const titles = `${title}${fit(firstTitle, room)}${' '.repeat(Math.max(2, secondAt - firstAt - displayWidth(fit(firstTitle, room))))}${versionTitle(names[1]!, view)}`;
  return [titles, ...lines];
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

// ----------------------------------------------------------------------------------------------------------- observed

function recorded(view: ExperimentView, { columns }: DescribeOptions): string[] {
  if (view.recorded.length === 0) return [];
  const byMetric = new Map<string, MetricValue[]>();
  for (const value of view.recorded) byMetric.set(value.metric, [...(byMetric.get(value.metric) ?? []), value]);
  return [
    ...wrap('Recorded by Iter8 0.7 (point values, not judged)', { columns, rest: '  ' }),
    ...[...byMetric].flatMap(([metric, values]) =>
      wrap(
        `${sanitizeLine(shortName(metric))}  ${values.map((one) => `${values.length > 1 || view.versions.length > 1 ? `${sanitizeLine(one.version)} ` : ''}${formatValue(one.value, one.unit)}`).join(', ')}`,
        { columns, first: '  ', rest: '    ' },
      ),
    ),
  ];
}

function observed(
  title: string,
  observations: readonly Observation[],
  view: ExperimentView,
  { columns }: DescribeOptions,
): string[] {
  return observations.flatMap((one, index) => {
    const scope =
      one.endpoint === undefined
        ? versionTitle(one.version, view)
        : `${sanitizeLine(one.version)}, endpoint ${sanitizeLine(one.endpoint)}`;
    const codes = sanitizeLine(codesText(one.codes));
    const counts = [
      `request-count  ${formatCount(one.requests)}`,
      `error-count  ${formatCount(one.errors)}`,
      ...(codes === '' ? [] : [`(${codes})`]),
      ...(one.reconnects > 0 ? [`reconnects  ${formatCount(one.reconnects)}`] : []),
      ...(one.late > 0 ? [`late  ${formatCount(one.late)}`] : []),
    ];
    const ms = (value: number) => formatValue(value, 'ms');
    const latency =
      one.latencyMs === undefined
        ? []
        : wrapFacts(
            [
              ...(one.latencyMs.answers === one.requests ? [] : [`of ${formatCount(one.latencyMs.answers)} answers`]),
              `mean ${ms(one.latencyMs.mean)}`,
              ...one.latencyMs.percentiles.map(({ percent, value }) => `p${percent} ${ms(value)}`),
              `max ${ms(one.latencyMs.max)}`,
            ],
            { columns, first: '  latency        ', rest: '                 ' },
          );
    return [
      ...(index > 0 ? [''] : []),
      ...wrap(`${title}, ${scope}`, { columns, rest: '  ' }),
      ...wrapFacts(counts, { columns, first: '  ', rest: '    ' }),
      ...latency,
    ];
  });
}
