/** What `plan` found out, as text: the answer first, then what it rests on. */
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCount, formatValue } from '../text/units.ts';
import type { PowerRow } from '../domain/verdict/power.ts';
import type { Preflight } from '../view/plan-view.ts';
import type { Theme } from './theme.ts';

const LABEL_WIDTH = 14;

/** The lines of one heading: the heading stands before the first. */
function section(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${line}`);
}

export function renderPlan(preflight: Preflight, options: { readonly theme: Theme; readonly columns: number }): string {
  const { theme } = options;
  const { targets, power, load } = preflight;
  const reached = targets.every((target) => target.ok);
  const name = sanitizeLine(preflight.name);
  const headline = !reached
    ? theme.bad(`${name} would not run: a target cannot be reached`)
    : preflight.wouldBeDecided
      ? theme.good(`${name} would run, and would be decided`)
      : theme.open(`${name} would run, and may end undecided`);
  const rate = load.closedLoop ? 'as fast as the connections allow' : `at ${load.ratePerSec}/s`;
  const most =
    load.mostRequests > load.plannedRequests ? `, at most ${formatCount(load.mostRequests)} when extended` : '';
  return [
    headline,
    '',
    ...section(
      'manifest',
      ['valid', ...preflight.problems].map((text, index) =>
        index === 0 ? `${text.padEnd(8)}${sanitizeLine(preflight.source)}` : text,
      ),
    ),
    ...section(
      'targets',
      targets.map(
        (target) => `${sanitizeLine(target.url)}  ${target.ok ? target.text : theme.bad(sanitizeLine(target.text))}`,
      ),
    ),
    ...section('load', [`${formatCount(load.plannedRequests)} requests for each version ${rate}${most}`]),
    ...section(
      'objectives',
      power.map((row) => powerLine(row, theme)),
    ),
  ].join('\n');
}

function powerLine(row: PowerRow, theme: Theme): string {
  const name = sanitizeLine(row.metric.replace(/^iter8-system\//, ''));
  const limit = `${name} ${row.side === 'upper' ? '<=' : '>='} ${formatValue(row.limit, row.unit)}`;
  const truth =
    row.assumed === undefined
      ? ''
      : ` (at ${formatValue(row.assumed, row.unit === 'ms' && row.assumed < 1 ? 'share' : row.unit)}${row.unit === 'ms' && row.assumed < 1 ? ' slower than that' : ''})`;
  const needs =
    row.expected === undefined ? '' : `needs ${formatCount(Math.ceil(row.expected))} requests on average${truth}`;
  const answer = { yes: theme.good('yes'), extending: theme.open('when extended'), no: theme.bad('no') }[row.decided];
  return [limit.padEnd(34), needs, `decided: ${answer}`, row.remark ?? ''].filter((part) => part !== '').join('  ');
}
