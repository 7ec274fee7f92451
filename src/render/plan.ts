/** What `plan` found out, as text: the answer first, then what it rests on. */
import { shortName } from '../experiment/metric-names.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { limitText } from '../judge/wording/sentences.ts';
import { formatCount, formatRate, formatSeconds, formatValue } from '../text/units.ts';
import { displayWidth } from '../text/width.ts';
import { wrap, wrapFacts } from '../text/wrap.ts';
import type { PlannedLoad } from '../judge/question/planned-load.ts';
import type { AssumedTruth, PowerRow } from '../preflight/power-row.ts';
import type { Preflight } from '../view/plan-view.ts';
import { tableLines } from './table.ts';
import type { Theme } from './theme.ts';

const LABEL_WIDTH = 14;

/** The lines of one heading: the heading stands before the first. */
function section(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${line}`);
}

export function renderPlan(preflight: Preflight, options: { readonly theme: Theme; readonly columns: number }): string {
  const { theme } = options;
  const { targets, power, load } = preflight;
  return [
    headlineOf(preflight, theme),
    ...preflight.expectation.reasons.flatMap((text) =>
      wrap(sanitizeLine(text), { columns: options.columns, first: '  ', rest: '    ' }),
    ),
    '',
    ...section('manifest', [
      `${'valid'.padEnd(8)}${sanitizeLine(preflight.source)}`,
      ...preflight.problems.flatMap((text) =>
        wrap(sanitizeLine(text), { columns: Math.max(20, options.columns - LABEL_WIDTH - 2), rest: '  ' }),
      ),
    ]),
    ...section('permissions', permissionLines(preflight, theme)),
    ...section(
      'targets',
      targets.map(
        (target) => `${sanitizeLine(target.url)}  ${target.ok ? target.text : theme.bad(sanitizeLine(target.text))}`,
      ),
    ),
    ...section('metrics', metricLines(preflight, options)),
    ...section('load', loadLines(load)),
    ...objectiveLines(power, options),
    ...section('reward', rewardLines(preflight, options)),
  ].join('\n');
}

function headlineOf(preflight: Preflight, theme: Theme): string {
  const name = sanitizeLine(preflight.name);
  switch (preflight.expectation.outlook) {
    case 'refused':
      return theme.bad(`${name} would not run: run refuses it`);
    case 'forbidden':
      return theme.bad(`${name} would not run: permissions are missing`);
    case 'fails':
      return theme.bad(`${name} would not run: it would fail`);
    case 'unreachable':
      return preflight.targets.every((target) => target.ok)
        ? theme.bad(`${name} would run, but the backend of a metric cannot be reached`)
        : theme.bad(`${name} would not run: a target cannot be reached`);
    case 'never':
      return theme.bad(`${name} would run, and can never be decided`);
    case 'open':
      return theme.open(`${name} would run, and may end undecided`);
    case 'decided':
      return theme.good(`${name} would run, and would be decided`);
  }
}

function loadLines({
  tasks,
  plannedRequests,
  mostRequests,
  mostSeconds,
  closedLoop,
  ratePerSec,
}: PlannedLoad): string[] {
  if (tasks.length === 0) return [];
  const rate = closedLoop ? 'as fast as the connections allow' : `at ${formatRate(ratePerSec)}`;
  if (plannedRequests === undefined || mostRequests === undefined)
    return [`as many requests for each version as the connections allow, for ${formatSeconds(mostSeconds)}`];
  const most = mostRequests > plannedRequests ? `, at most ${formatCount(mostRequests)} when extended` : '';
  return [`${formatCount(plannedRequests)} requests for each version ${rate}${most}`];
}

/** The value first; what was asked stands below it, for whoever wonders. */
function metricLines(
  { metrics }: Preflight,
  { theme, columns }: { readonly theme: Theme; readonly columns: number },
): string[] {
  const room = Math.max(20, columns - LABEL_WIDTH - 2);
  return metrics.flatMap(({ metric, version, ok, text, query, sizeQuery = '' }) => {
    const line = `${sanitizeLine(metric)} of ${sanitizeLine(version)}: ${sanitizeLine(text)}`;
    return [
      ...wrap(line, { columns: room, rest: '  ' }).map((part) => (ok ? part : theme.bad(part))),
      ...[query, sizeQuery].flatMap((asked) =>
        asked === '' ? [] : wrap(sanitizeLine(asked), { columns: room, first: '  ', rest: '    ' }),
      ),
    ];
  });
}

function permissionLines({ permissions }: Preflight, theme: Theme): string[] {
  if (permissions === undefined) return [];
  const { granted, total, missing } = permissions;
  return [`${granted} of ${total}`, ...missing.map((permission) => theme.bad(`may not ${sanitizeLine(permission)}`))];
}

function rewardLines(
  { reward }: Preflight,
  { theme, columns }: { readonly theme: Theme; readonly columns: number },
): string[] {
  if (reward === undefined) return [];
  const { needed, between, problem, unit = 'plain' } = reward;
  const answer =
    problem !== undefined
      ? theme.bad(`cannot be compared with confidence: ${sanitizeLine(problem)}`)
      : needed === undefined || between === undefined
        ? 'compared by point values'
        : `needs ${formatCount(Math.ceil(needed))} ${unit === 'plain' ? 'data points' : 'requests'} of each version on average to tell ${formatValue(between[0], unit)} from ${formatValue(between[1], unit)}`;
  return wrap(`${sanitizeLine(reward.metric)} (${reward.preferred}): ${answer}`, {
    columns: Math.max(20, columns - LABEL_WIDTH - 2),
    rest: '  ',
  });
}

/** A table where it fits, sentences where it does not. */
function objectiveLines(
  power: readonly PowerRow[],
  { theme, columns }: { readonly theme: Theme; readonly columns: number },
): string[] {
  const rows = power.map((row) => powerCells(row, theme));
  const lines =
    rows.length === 0
      ? []
      : tableLines({ head: [], rows: rows.map((cells) => [...cells]) }).filter((line) => line !== '');
  const fits = lines.every((line) => LABEL_WIDTH + 2 + displayWidth(line) <= columns);
  if (fits) return section('objectives', lines);
  const room = Math.max(20, columns - LABEL_WIDTH - 2);
  return section(
    'objectives',
    rows.flatMap((cells) =>
      wrapFacts(
        cells.filter((cell) => cell !== ''),
        { columns: room, rest: '  ' },
      ),
    ),
  );
}

const whole = (requests: number): string => formatCount(Math.ceil(requests));

function assumedText({ kind, value }: AssumedTruth, unit: PowerRow['unit']): string {
  return kind === 'value' ? formatValue(value, unit) : `${formatValue(value, 'share')} ${kind}`;
}

function powerCells(row: PowerRow, theme: Theme): readonly string[] {
  const name = sanitizeLine(shortName(row.metric));
  const limit = `${name} ${sanitizeLine(limitText(row))}`;
  const truth =
    row.assumed === undefined
      ? ''
      : ` (at ${assumedText(row.assumed, row.unit)}${row.relative === undefined ? '' : ' in both'}${row.isMeasured === true ? ', as it was measured before' : ''})`;
  const needs =
    row.needed === undefined
      ? ''
      : `needs ${whole(row.needed.average)} ${row.relative === undefined ? 'requests' : 'pairs of requests'} on average${truth}; ${whole(row.needed.half)}, ${whole(row.needed.most)} and ${whole(row.needed.nearlyAll)} in 50, 80 and 95 % of the runs`;
  const answer = {
    yes: theme.good('the plan decides it'),
    extending: theme.open('decided when extended'),
    depends: theme.open('depends on what its backend has counted'),
    seldom: theme.open('may end undecided'),
    no: theme.bad('cannot be decided'),
  }[row.decided];
  return [limit, needs, row.remark === undefined ? answer : `${answer}: ${row.remark}`];
}
