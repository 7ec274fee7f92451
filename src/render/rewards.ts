/** The rewards of the versions, the best marked: `best` where it is shown, `leads` where it is not, `~` where several are equal. */
import { inOrderOf } from '../experiment/spec-order.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCount, formatValue } from '../text/units.ts';
import { cutMiddle } from '../text/width.ts';
import { wrap } from '../text/wrap.ts';
import type { RewardResult } from '../judge/reward/reward-state.ts';
import type { ExperimentView } from '../view/experiment-view.ts';
import { fittedLines } from './table.ts';
import type { Theme } from './theme.ts';

export function rewardLines(
  view: ExperimentView,
  options: { readonly theme: Theme; readonly columns: number },
): string[] {
  const { reward } = view;
  if (reward === undefined) return [];
  const names = view.versions.map(({ name }) => name);
  const rows = inOrderOf(names, reward.values);
  const { columns } = options;
  const table = fittedLines(
    [
      {
        head: 'VERSION',
        cells: rows.map(([version]) => sanitizeLine(version)),
        shorten: { cell: cutMiddle, to: [24, 10] },
      },
      { head: 'VALUE', cells: rows.map(([, { value }]) => formatValue(value, 'plain')) },
      { head: 'N', cells: rows.map(([, { n }]) => (typeof n === 'number' ? formatCount(n) : '-')) },
      { head: '', cells: rows.map(([version]) => markOf(version, reward, options.theme)) },
    ],
    { room: columns, indent: '  ' },
  );
  const stacked = () =>
    rows.flatMap(([version, { value }]) =>
      wrap(
        `${sanitizeLine(version)} ${formatValue(value, 'plain')} ${markOf(version, reward, options.theme)}`.trimEnd(),
        {
          columns,
          first: '  ',
          rest: '    ',
        },
      ),
    );
  return [
    ...wrap(
      `Reward, ${sanitizeLine(reward.metric)}, the ${reward.preferred === 'High' ? 'higher' : 'lower'} the better`,
      { columns, rest: '  ' },
    ),
    ...(rows.length === 0 ? [] : (table ?? stacked())),
    ...wrap(sanitizeLine(reward.reason), { columns, first: '  ', rest: '    ' }),
  ];
}

function markOf(version: string, reward: RewardResult, theme: Theme): string {
  if (reward.winner === version) return theme.good('best');
  if (!reward.best.includes(version) || reward.state === 'winner') return '';
  return reward.best.length > 1 || reward.state === 'tie' ? '~' : 'leads';
}
