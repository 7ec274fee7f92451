/** One row of what was observed, as the texts of a table. */
import { codesText } from '../judge/wording/sentences.ts';
import { formatCount, formatValue } from '../text/units.ts';
import type { Observation } from '../view/experiment-view.ts';

/** Titles of the cells. `codes`: of the column with the codes that are no plain success. */
export const observationHead = (codes: string, percentiles: readonly number[]): string[] => [
  'Version',
  'Requests',
  'Errors',
  codes,
  'Mean',
  ...percentiles.map((percent) => `p${percent}`),
  'Max',
];

export function observationCells(
  { version, endpoint, requests, errors, codes, latencyMs }: Observation,
  percentiles: readonly number[],
): string[] {
  const ms = (value: number | undefined) => (value === undefined ? '-' : formatValue(value, 'ms'));
  return [
    endpoint === undefined ? version : `${version}, ${endpoint}`,
    formatCount(requests),
    formatCount(errors),
    codesText(codes),
    ms(latencyMs?.mean),
    ...percentiles.map((wanted) => ms(latencyMs?.percentiles.find(({ percent }) => percent === wanted)?.value)),
    ms(latencyMs?.max),
  ];
}
