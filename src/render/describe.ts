/** One picture of one experiment: verdict first, then why, then the numbers, then the small print. Fits the width. */
import { shortName } from '../experiment/metric-names.ts';
import { formatAge } from '../text/age.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCount, formatCounted, formatSeconds, formatValue } from '../text/units.ts';
import { displayWidth } from '../text/width.ts';
import { wrap, wrapAroundCommands, wrapFacts } from '../text/wrap.ts';
import { codesText } from '../judge/wording/sentences.ts';
import { waitingSentence } from '../judge/wording/waiting-for-person.ts';
import type { ExperimentView, MetricValue, Observation } from '../view/experiment-view.ts';
import { patternText, progressText } from '../view/header-texts.ts';
import { measuredLines } from './custom-metrics.ts';
import { objectiveLines, versionTitle, type ObjectiveOptions } from './objectives.ts';
import { labelledLine } from './labelled-line.ts';
import { rewardLines } from './rewards.ts';
import { trafficLines } from './traffic.ts';

export type DescribeOptions = ObjectiveOptions;

/** Reasons beyond these are counted, not reported. */
const SHOWN_REASONS = 6;

export function renderDescribe(view: ExperimentView, options: DescribeOptions): string {
  const sections = [
    answer(view, options),
    header(view, options),
    objectiveLines(view, options),
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
      : wrap(`judged again: ${sanitizeLine(view.judgedAgain)}`, { columns, rest: '  ' });
  const colored = (text: string) => theme.headline(recommendation.verdict, text);
  return [
    ...(view.judgedAgain === undefined
      ? lines.map(colored)
      : [...lines.map((line) => theme.strong(line)), ...again.map(colored)]),
    ...reasons,
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function header(view: ExperimentView, { theme, columns }: DescribeOptions): string[] {
  const progress = progressText(view);
  const since = view.changedAt === undefined ? Number.NaN : Date.parse(view.changedAt);
  const left = [
    ['Experiment', `${view.name} (${view.namespace})`],
    ['Pattern', patternText(view)],
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
  return [
    ...lines,
    ...waiting(view, columns),
    ...trafficLines(view, { theme, columns }),
    ...underWay(view, columns),
    ...undriven(view, columns),
    ...person(view, columns),
  ];
}

function waiting({ waitsFor, target }: ExperimentView, columns: number): string[] {
  return waitsFor === undefined
    ? []
    : labelledLine('Waiting', sanitizeLine(`for target ${target}, which ${waitsFor} has`), columns);
}

/** It stands still, whatever its stage says. */
function undriven({ driven }: ExperimentView, columns: number): string[] {
  if (driven === undefined || driven.by !== undefined) return [];
  return wrapAroundCommands(sanitizeLine(`nobody drives it; go on with: ${driven.goOn}`), {
    columns,
    first: 'Driver'.padEnd(12),
    rest: '  ',
  });
}

/** Whom it waits for, and what they may type. */
function person({ waiting: wait, now }: ExperimentView, columns: number): string[] {
  if (wait === undefined) return [];
  const age = formatAge(now - Date.parse(wait.since));
  const text = waitingSentence(wait, wait.answers, wait.kind === 'gate' ? `, asked ${age}` : ` ${age}`);
  return wrapAroundCommands(sanitizeLine(text), { columns, first: 'Waiting'.padEnd(12), rest: '  ' });
}

/** Only while it runs: what the newest save says. */
function underWay(view: ExperimentView, columns: number): string[] {
  const { load } = view;
  if (view.ended || load === undefined) return [];
  const sent = load.versions.map(({ version, sent: count }) => `${sanitizeLine(version)} ${formatCount(count)}`);
  return labelledLine('Load', `requests sent in ${formatSeconds(load.elapsedSeconds)}: ${sent.join(', ')}`, columns);
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
              ...(one.latencyMs.answers === one.requests
                ? []
                : [`of ${formatCounted(one.latencyMs.answers, 'answer')}`]),
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
