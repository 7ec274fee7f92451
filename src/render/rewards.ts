/** The rewards of the versions, the best marked: `best` where it is shown, `leads` where it is not, `~` where several are equal. */
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCount, formatValue } from '../text/units.ts';
import { wrap } from '../text/wrap.ts';
import type { RewardResult } from '../judge/reward/reward-state.ts';
import type { ExperimentView } from '../view/experiment-view.ts';
import { tableLines } from './table.ts';
import type { Theme } from './theme.ts';

export function rewardLines(
  view: ExperimentView,
  options: { readonly theme: Theme; readonly columns: number },
): string[] {
  const { reward } = view;
  if (reward === undefined) return [];
  const rows = Object.entries(reward.values).map(([version, { value, n }]) => [
    `  ${sanitizeLine(version)}`,
    formatValue(value, 'plain'),
    typeof n === 'number' ? formatCount(Math.round(n)) : '-',
    markOf(version, reward, options.theme),
  ]);
  return [
    ...wrap(
      `Reward, ${sanitizeLine(reward.metric)}, the ${reward.preferred === 'High' ? 'higher' : 'lower'} the better`,
      {
        columns: options.columns,
        rest: '  ',
      },
    ),
    ...(rows.length === 0 ? [] : tableLines({ head: ['  VERSION', 'VALUE', 'N', ''], rows })),
    ...wrap(sanitizeLine(reward.reason), { columns: options.columns, first: '  ', rest: '    ' }),
  ];
}

function markOf(version: string, reward: RewardResult, theme: Theme): string {
  if (reward.winner === version) return theme.good('best');
  if (!reward.best.includes(version) || reward.state === 'winner') return '';
  return reward.best.length > 1 || reward.state === 'tie' ? '~' : 'leads';
}
