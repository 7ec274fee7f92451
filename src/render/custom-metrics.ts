/** Metrics that are not built in, as last measured: value, how much is behind it, how old, and what was asked. */
import { formatAge } from '../text/age.ts';
import { backendWarningText } from '../judge/wording/no-value-sentences.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCount, formatValue } from '../text/units.ts';
import { wrap } from '../text/wrap.ts';
import type { ExperimentView, MeasuredValue } from '../view/experiment-view.ts';

export function measuredLines(view: ExperimentView, columns: number): string[] {
  if (view.measured.length === 0) return [];
  const several = view.versions.length > 1;
  return [
    'Measured',
    ...view.measured.flatMap((one) => [
      ...wrap(
        `${sanitizeLine(one.metric)}${several ? ` of ${sanitizeLine(one.version)}` : ''}  ${factsOf(one, view.now)}`,
        {
          columns,
          first: '  ',
          rest: '    ',
        },
      ),
      // Whoever looks for what is wrong begins with what was asked.
      ...askedOf(one).flatMap((query) =>
        wrap(`asked: ${sanitizeLine(query)}`, { columns, first: '    ', rest: '      ' }),
      ),
    ]),
  ];
}

/** What was asked where something is wrong with the answer. */
function askedOf({ failure, sizeFailure, warnings = [], query }: MeasuredValue): string[] {
  return [
    ...(failure === undefined && warnings.length === 0 ? [] : [query]),
    ...(sizeFailure === undefined ? [] : [sizeFailure.query]),
  ].filter((text) => text !== '');
}

function factsOf(one: MeasuredValue, now: number): string {
  const age = Date.parse(one.at ?? '');
  return [
    typeof one.value === 'number'
      ? `${formatValue(one.value, 'plain')}${one.units === undefined ? '' : ` ${sanitizeLine(one.units)}`}`
      : (one.n ?? 0) > 0
        ? 'beyond the largest bucket'
        : 'no value',
    ...(typeof one.n === 'number' ? [`n = ${formatCount(Math.round(one.n))}`] : []),
    ...(Number.isNaN(age) ? [] : [formatAge(now - age)]),
    ...(one.extrapolated && typeof one.n === 'number' ? ['approximate: extrapolated counters'] : []),
    ...(one.failure === undefined ? [] : [sanitizeLine(one.failure.message)]),
    ...(one.sizeFailure === undefined ? [] : [sanitizeLine(one.sizeFailure.message)]),
    ...(one.warnings ?? []).map((warning) => sanitizeLine(backendWarningText(warning))),
  ].join(', ');
}
