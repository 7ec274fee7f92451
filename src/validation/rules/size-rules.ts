/**
 * How much an experiment may ask for at once. Every objective is judged for every version at every look, and a controller that
 * drives others too must not stand still for one of them.
 */
import type { WrittenExperiment } from '../../experiment/experiment.ts';
import type { Path } from '../../experiment/schema-issues.ts';
import { formatCount } from '../../text/units.ts';
import { issue, type RuleIssue } from './rule.ts';

const MOST_OBJECTIVES = 500;
const MOST_REWARDS = 100;
const MOST_CANDIDATES = 100;
/** Of one action. */
const MOST_TASKS = 500;

/** Lists that are too long: nothing else of the experiment is looked at then. */
export function sizeProblems({ spec }: WrittenExperiment): RuleIssue[] {
  const { objectives, rewards } = spec.criteria ?? {};
  const lists: [Path, readonly unknown[] | undefined, number][] = [
    [['spec', 'criteria', 'objectives'], objectives, MOST_OBJECTIVES],
    [['spec', 'criteria', 'rewards'], rewards, MOST_REWARDS],
    [['spec', 'versionInfo', 'candidates'], spec.versionInfo?.candidates, MOST_CANDIDATES],
    ...Object.entries(spec.strategy.actions ?? {}).map(
      ([name, tasks]): [Path, readonly unknown[] | undefined, number] => [
        ['spec', 'strategy', 'actions', name],
        tasks,
        MOST_TASKS,
      ],
    ),
  ];
  return lists.flatMap(([path, list, most]) =>
    list === undefined || list.length <= most
      ? []
      : [
          issue(
            path,
            `expected at most ${formatCount(most)} entries, got ${formatCount(list.length)}; use several experiments`,
          ),
        ],
  );
}
