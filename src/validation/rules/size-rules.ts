/**
 * How much an experiment may ask for at once. Every objective is judged for every version at every look, and a controller that
 * drives others too must not stand still for one of them.
 */
import type { WrittenExperiment } from '../../experiment/experiment.ts';
import type { Path } from '../../experiment/schema-issues.ts';
import { metricKey } from '../../experiment/metric-names.ts';
import { isObject } from '../../text/check-fields.ts';
import { formatCount } from '../../text/units.ts';
import { issue, tasksOf, type RuleIssue } from './rule.ts';

const MOST_OBJECTIVES = 500;
const MOST_REWARDS = 100;
const MOST_CANDIDATES = 100;
/** Of one action. */
const MOST_TASKS = 500;
/** Of one task: each of them is counted by itself. */
const MOST_URLS = 500;
/** Of all versions together: each is judged by itself. */
const MOST_ROWS = 1_000;
/** Of one side of one metric: the strictest says it all. */
const MOST_LIMITS_OF_ONE = 10;

/** Lists that are too long: nothing else of the experiment is looked at then. */
export function sizeProblems(experiment: WrittenExperiment): RuleIssue[] {
  const { spec } = experiment;
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
  const tooLong = lists.flatMap(([path, list, most]) =>
    list === undefined || list.length <= most
      ? []
      : [
          issue(
            path,
            `expected at most ${formatCount(most)} entries, got ${formatCount(list.length)}; use several experiments`,
          ),
        ],
  );
  return tooLong.length > 0
    ? tooLong
    : [...tooManyUrls(experiment), ...tooManyRows(experiment), ...tooManyOfOne(experiment)];
}

function tooManyRows({ spec: { criteria, versionInfo } }: WrittenExperiment): RuleIssue[] {
  const strength: unknown = criteria?.strength;
  const relative: unknown = isObject(strength) ? strength['relative'] : undefined;
  const limits = (criteria?.objectives?.length ?? 0) + (Array.isArray(relative) ? relative.length : 0);
  const versions = 1 + (versionInfo?.candidates?.length ?? 0);
  if (limits * versions <= MOST_ROWS) return [];
  return [
    issue(
      ['spec', 'criteria', 'objectives'],
      `expected at most ${formatCount(MOST_ROWS)} over all versions, got ${formatCount(limits)} for each of ${formatCount(versions)} versions; use several experiments`,
    ),
  ];
}

function tooManyOfOne({ spec: { criteria }, metadata: { namespace = 'default' } }: WrittenExperiment): RuleIssue[] {
  const seen = new Map<string, number>();
  return (criteria?.objectives ?? []).flatMap((objective, index) =>
    SIDES.flatMap((side) => {
      if (objective[side] === undefined) return [];
      const key = `${side} ${metricKey(objective.metric, namespace)}`;
      const count = (seen.get(key) ?? 0) + 1;
      seen.set(key, count);
      if (count !== MOST_LIMITS_OF_ONE + 1) return [];
      return [
        issue(
          ['spec', 'criteria', 'objectives', index, side],
          `expected at most ${formatCount(MOST_LIMITS_OF_ONE)} of one metric; keep the strictest`,
        ),
      ];
    }),
  );
}

const SIDES = ['upperLimit', 'lowerLimit'] as const;

function tooManyUrls(experiment: WrittenExperiment): RuleIssue[] {
  return tasksOf(experiment).flatMap(({ path, task }) => {
    const versions: unknown = task.task === 'metrics/collect' ? task.with?.['versions'] : undefined;
    const urls = Array.isArray(versions) ? versions.reduce((sum: number, one) => sum + urlsOf(one), 0) : 0;
    if (urls <= MOST_URLS) return [];
    return [
      issue(
        [...path, 'with', 'versions'],
        `expected at most ${formatCount(MOST_URLS)} URLs in one task, got ${formatCount(urls)}; use several tasks`,
      ),
    ];
  });
}

function urlsOf(version: unknown): number {
  const endpoints: unknown = isObject(version) ? version['endpoints'] : undefined;
  return Array.isArray(endpoints) ? Math.max(1, endpoints.length) : 1;
}
