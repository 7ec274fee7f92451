/** What `plan` found out, as text: the answer first, then what it rests on. */
import { shortName } from '../experiment/metric-names.ts';
import { redactUrls } from '../text/redact.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { limitText } from '../judge/wording/limit-texts.ts';
import { formatCount, formatCounted, formatPercent, formatRate, formatSeconds, formatValue } from '../text/units.ts';
import { displayWidth } from '../text/width.ts';
import { wrap, wrapAroundCommands } from '../text/wrap.ts';
import { loadOf, type PlannedLoad } from '../judge/question/planned-load.ts';
import type { AssumedTruth, PowerRow } from '../preflight/power-row.ts';
import type { Preflight, TrafficPlan } from '../view/plan-view.ts';
import { isNarrow } from './narrow.ts';
import { tableLines } from './table.ts';
import type { Theme } from './theme.ts';

const LABEL_WIDTH = 14;

interface PlanOptions {
  readonly theme: Theme;
  readonly columns: number;
}

/** What is left of a line for what stands under a heading. */
const roomOf = (columns: number): number => Math.max(10, columns - (isNarrow(columns) ? 4 : LABEL_WIDTH + 2));

/** The lines of one heading, which stands before the first, or above it on a narrow terminal. */
function section(label: string, lines: readonly string[], columns: number): string[] {
  if (isNarrow(columns)) return lines.length === 0 ? [] : [`  ${label}`, ...lines.map((line) => `    ${line}`)];
  return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${line}`);
}

export function renderPlan(preflight: Preflight, options: PlanOptions): string {
  const { columns } = options;
  const { power } = preflight;
  const part = (label: string, lines: readonly string[]) => section(label, lines, columns);
  return [
    ...headlineLines(preflight, options),
    ...preflight.expectation.reasons.flatMap((text) =>
      wrapAroundCommands(sanitizeLine(text), { columns, first: '  ', rest: '    ' }),
    ),
    '',
    ...part('manifest', [
      ...wrapped(`valid   ${sanitizeLine(preflight.source)}`, columns),
      ...preflight.problems.flatMap((text) =>
        wrapAroundCommands(sanitizeLine(text), { columns: roomOf(columns), rest: '  ' }),
      ),
    ]),
    ...part('permissions', permissionLines(preflight, options)),
    ...part('targets', targetLines(preflight, options)),
    ...part('traffic', trafficLines(preflight, columns)),
    ...part('gates', gateLines(preflight.gates, columns)),
    ...part('metrics', metricLines(preflight, options)),
    ...part('load', loadLines(preflight, columns)),
    ...part('objectives', objectiveLines(power, options)),
    ...part('reward', rewardLines(preflight, options)),
  ].join('\n');
}

const wrapped = (text: string, columns: number): string[] => wrap(text, { columns: roomOf(columns), rest: '  ' });

function headlineLines(preflight: Preflight, { theme, columns }: PlanOptions): string[] {
  const [color, text] = headlineOf(preflight, theme);
  return wrap(`${sanitizeLine(preflight.name)} ${text}`, { columns, rest: '  ' }).map(color);
}

/** So many steps are shown; the rest of them rise alike. */
const MOST_STEPS = 6;

function trafficLines({ traffic }: Preflight, columns: number): string[] {
  if (traffic === undefined) return [];
  const split = (weights: TrafficPlan['now']) =>
    weights.map(({ name, value }) => `${sanitizeLine(name)} ${formatPercent(value)}`).join(', ');
  const steps = traffic.ahead.slice(0, -1);
  const shown = steps.length > MOST_STEPS ? [...steps.slice(0, 3), ...steps.slice(-1)] : steps;
  const texts = shown.map(split);
  if (shown.length < steps.length) texts.splice(3, 0, '...');
  return [
    ...wrapped(`now          ${split(traffic.now)}`, columns),
    ...(texts.length === 0 ? [] : wrapped(`at fastest   ${texts.join(' | ')}`, columns)),
    ...wrapped(`if promoted  ${split(traffic.ahead.at(-1) ?? traffic.now)}`, columns),
    ...wrapped('otherwise    as it is now', columns),
  ];
}

/** Where it will wait for a person. */
export function gateLines(gates: Preflight['gates'], columns: number): string[] {
  return gates.flatMap(({ task, message, timeoutSeconds, condition, holdsTraffic }) => {
    const when = [
      ...(task.startsWith('loop/') ? ['after each loop'] : []),
      ...(condition === undefined ? [] : [`if ${sanitizeLine(condition)}`]),
      `at most ${formatSeconds(timeoutSeconds)}`,
    ];
    const held = holdsTraffic === true ? '; the full weight waits for it, too' : '';
    const asked = message === undefined ? '' : `: ${sanitizeLine(message)}`;
    return wrapped(`waits for approval of ${task}, ${when.join(', ')}${held}${asked}`, columns);
  });
}

function targetLines({ targets }: Preflight, { theme, columns }: PlanOptions): string[] {
  const several = new Set(targets.map(({ version }) => version)).size > 1;
  return targets.flatMap(({ version, url, ok, text }) => {
    const of = several ? `${sanitizeLine(version)}: ` : '';
    const [address, answer] = [`${of}${redactUrls(sanitizeLine(url))}`, sanitizeLine(text)];
    const beside = `${address}  ${answer}`;
    return displayWidth(beside) <= roomOf(columns)
      ? [`${address}  ${ok ? answer : theme.bad(answer)}`]
      : [
          ...wrapped(address, columns),
          ...wrap(answer, { columns: roomOf(columns), first: '  ', rest: '  ' }).map((line) =>
            ok ? line : theme.bad(line),
          ),
        ];
  });
}

function headlineOf(preflight: Preflight, theme: Theme): [(text: string) => string, string] {
  switch (preflight.expectation.outlook) {
    case 'refused':
      return [theme.bad, 'would not run: run refuses it'];
    case 'forbidden':
      return [theme.bad, 'would not run: permissions are missing'];
    case 'fails':
      return [theme.bad, 'would not run: it would fail'];
    case 'unreachable':
      return preflight.targets.every((target) => target.ok)
        ? [theme.bad, 'would run, but the backend of a metric cannot be reached']
        : [theme.bad, 'would not run: a target cannot be reached'];
    case 'never':
      return [theme.bad, 'would run, and can never be decided'];
    case 'open':
      return [theme.open, 'would run, and may end undecided'];
    case 'decided':
      return [theme.good, 'would run, and would be decided'];
  }
}

function loadLines({ load }: Preflight, columns: number): string[] {
  const names = [...new Set(load.tasks.flatMap(({ versions }) => versions))];
  const texts = names.map((name) => loadText(loadOf(load, name), ''));
  return new Set(texts).size > 1
    ? names.flatMap((name, at) => wrapped(`${sanitizeLine(name)}: ${texts[at]!}`, columns))
    : texts.slice(0, 1).flatMap(() => wrapped(loadText(load, ' for each version'), columns));
}

function loadText(
  { plannedRequests, mostRequests, mostSeconds, closedLoop, ratePerSec }: PlannedLoad,
  whose: string,
): string {
  const rate = closedLoop ? 'as fast as the connections allow' : `at ${formatRate(ratePerSec)}`;
  if (plannedRequests === undefined || mostRequests === undefined)
    return `as many requests${whose} as the connections allow, for ${formatSeconds(mostSeconds)}`;
  const most = mostRequests > plannedRequests ? `, at most ${formatCount(mostRequests)} when extended` : '';
  return `${formatCounted(plannedRequests, 'request')}${whose} ${rate}${most}`;
}

/** The value first; what was asked stands below it, for whoever wonders. */
function metricLines({ metrics }: Preflight, { theme, columns }: PlanOptions): string[] {
  const room = roomOf(columns);
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

function permissionLines({ permissions }: Preflight, { theme, columns }: PlanOptions): string[] {
  if (permissions === undefined) return [];
  const { granted, total, missing } = permissions;
  return [
    `${granted} of ${total}`,
    ...missing.flatMap((permission) => wrapped(`may not ${sanitizeLine(permission)}`, columns).map(theme.bad)),
  ];
}

function rewardLines({ reward }: Preflight, { theme, columns }: PlanOptions): string[] {
  if (reward === undefined) return [];
  const { needed, between, problem, unit = 'plain' } = reward;
  const answer =
    problem !== undefined
      ? theme.bad(`cannot be compared with confidence: ${sanitizeLine(problem)}`)
      : needed === undefined || between === undefined
        ? 'compared by point values'
        : `needs ${formatCounted(Math.ceil(needed), unit === 'plain' ? 'data point' : 'request')} of each version on average to distinguish ${formatValue(between[0], unit)} from ${formatValue(between[1], unit)}`;
  return wrapped(`${sanitizeLine(reward.metric)} (${reward.preferred}): ${answer}`, columns);
}

/** A table where it fits, sentences where it does not. */
function objectiveLines(power: readonly PowerRow[], { theme, columns }: PlanOptions): string[] {
  const rows = power.map((row) => powerCells(row, theme));
  const lines =
    rows.length === 0
      ? []
      : tableLines({ head: [], rows: rows.map((cells) => [...cells]) }).filter((line) => line !== '');
  const room = roomOf(columns);
  if (lines.every((line) => displayWidth(line) <= room)) return lines;
  return rows.flatMap((cells) =>
    cells
      .filter((cell) => cell !== '')
      .flatMap((cell, at) =>
        wrap(cell, { columns: room, first: at === 0 ? '' : '  ', rest: at === 0 ? '  ' : '    ' }),
      ),
  );
}

/** `pairs of requests`; one of them is one. */
function wordOf({ needed, relative }: PowerRow): string {
  const s = Math.ceil(needed?.average ?? 0) === 1 ? '' : 's';
  return relative === undefined ? `request${s}` : `pair${s} of requests`;
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
      : `needs ${whole(row.needed.average)} ${wordOf(row)} on average${truth}; ${whole(row.needed.half)}, ${whole(row.needed.most)} and ${whole(row.needed.nearlyAll)} in 50, 80 and 95 % of the runs`;
  const answer = {
    yes: theme.good('the plan decides it'),
    extending: theme.open('decided when extended'),
    depends: theme.open('depends on what its backend has counted'),
    seldom: theme.open('may end undecided'),
    no: theme.bad('cannot be decided'),
  }[row.decided];
  return [limit, needs, row.remark === undefined ? answer : `${answer}: ${row.remark}`];
}
