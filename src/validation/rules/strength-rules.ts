/** Rules about spec.criteria.strength, and combinations under which no verdict could ever be reached. */
import { didYouMean } from '../../text/did-you-mean.ts';
import { isSameMetric, parseMetricName } from '../../experiment/metric-names.ts';
import { toNumber } from '../../experiment/quantity.ts';
import { shown } from '../../experiment/schema-issues.ts';
import { parseStrength } from '../../experiment/strength-settings.ts';
import { collectInputs } from '../../experiment/tasks/collect-inputs.ts';
import { metricNameProblem, objectivesOf } from './objective-rules.ts';
import { counted, issue, tasksOf, versionsOf, type Rule, type RuleContext } from './rule.ts';

const STRENGTH = ['spec', 'criteria', 'strength'];

export const strengthIsRight: Rule = ({ experiment }) => parseStrength(experiment.spec.criteria?.strength).issues;

/** A relative limit compares a candidate with the baseline. */
export const relativeLimitsHaveTwoVersions: Rule = ({ experiment, question, namespace }) => {
  const { relative } = question.strength;
  if (relative.length > 0 && experiment.spec.strategy.testingPattern === 'Conformance') {
    return [
      issue(
        [...STRENGTH, 'relative'],
        'expected none for Conformance, which has no candidate to compare with the baseline',
      ),
    ];
  }
  return relative.flatMap(({ metric, maxIncrease }, index) => {
    const at = [...STRENGTH, 'relative', index];
    const problem = metricNameProblem(metric, namespace);
    if (problem !== undefined) return [issue([...at, 'metric'], problem)];
    const { quantity } = parseMetricName(metric, namespace);
    if (quantity.kind === 'request-count' || quantity.kind === 'error-count')
      return [issue([...at, 'metric'], `expected a rate, a mean or a percentile, got the count ${shown(metric)}`)];
    if (quantity.kind === 'error-rate' && maxIncrease !== undefined && maxIncrease >= 1)
      return [
        issue([...at, 'maxIncrease'], `expected a share below 1, such as 0.005 for half a point, got ${maxIncrease}`),
      ];
    return [];
  });
};

/** Requests are compared that were due at the same time: those of two tasks never are. */
export const comparedVersionsShareATask: Rule = ({ experiment, question, namespace }) => {
  const { baseline, versions, strength, reward } = question;
  const measuring = tasksOf(experiment)
    .filter(({ task }) => task.task === 'metrics/collect')
    .map(({ task }) => collectInputs(task))
    .filter(({ loadOnly }) => !loadOnly)
    .map((inputs) => new Set(inputs.versions.map(({ name }) => name)));
  if (baseline === undefined || measuring.length === 0) return [];
  const apart = versions.filter(
    ({ name, role }) =>
      role === 'candidate' && !measuring.some((loaded) => loaded.has(name) && loaded.has(baseline.name)),
  );
  const compared = [
    ...strength.relative.map(({ metric }, index) => ({ metric, at: [...STRENGTH, 'relative', index] })),
    ...(reward === undefined ? [] : [{ metric: reward.metric, at: ['spec', 'criteria', 'rewards', 0] }]),
  ];
  return compared
    .filter(({ metric }) => parseMetricName(metric, namespace).quantity.kind !== 'custom')
    .flatMap(({ at }) =>
      apart.map(({ name }) =>
        issue(
          at,
          `expected one metrics/collect task that loads both ${shown(baseline.name)} and ${shown(name)}; requests of two tasks are not sent at the same times, so they cannot be compared`,
        ),
      ),
    );
};

/** What missing data means is asked of objectives. Once for each metric. */
export const noDataFitsObjectives: Rule = (context) => {
  const { question, namespace } = context;
  const { noDataFor, relative } = question.strength;
  const judged = [
    ...objectivesOf(context).map(({ objective }) => objective.metric),
    ...relative.map(({ metric }) => metric),
  ];
  return noDataFor.flatMap(({ metric }, index) => {
    const at = [...STRENGTH, 'noDataFor', index, 'metric'];
    if (!judged.some((other) => isSameMetric(metric, other, namespace)))
      return [issue(at, `no objective is about ${shown(metric)}${didYouMean(metric, judged)}`)];
    const first = noDataFor.findIndex((other) => isSameMetric(metric, other.metric, namespace));
    return first < index ? [issue(at, `${shown(metric)} is there twice; keep one`)] : [];
  });
};

/** A cap on a metric that nobody judges would do nothing; one at or below the limit would make it impossible to exceed. */
export const capsFitObjectives: Rule = (context) => {
  const { experiment, question, namespace } = context;
  const { cap, relative } = question.strength;
  const objectives = objectivesOf(context);
  const judged = [
    ...objectives.map(({ objective }) => objective.metric),
    ...relative.map(({ metric }) => metric),
    ...(experiment.spec.criteria?.rewards ?? []).map(({ metric }) => metric),
  ];
  return cap.flatMap(({ metric, max }, index) => {
    const at = [...STRENGTH, 'cap', index];
    if (!judged.some((other) => isSameMetric(metric, other, namespace))) {
      return [
        issue([...at, 'metric'], `no objective or reward is about ${shown(metric)}${didYouMean(metric, judged)}`),
      ];
    }
    return objectives
      .filter(({ objective }) => isSameMetric(metric, objective.metric, namespace))
      .flatMap(({ objective }) => [objective.upperLimit, objective.lowerLimit])
      .filter((limit) => limit !== undefined && toNumber(limit) >= toNumber(max))
      .map((limit) =>
        issue(
          [...at, 'max'],
          `expected more than the limit of ${limit}, got ${max}; otherwise no value could exceed it`,
        ),
      );
  });
};

function hasBuiltinObjective(context: RuleContext): boolean {
  return objectivesOf(context).some(({ name }) => name.quantity.kind !== 'custom');
}

/** "No verdict before ..." must be within what is sent. */
export const verdictsAreWithinReach: Rule = (context) => {
  const { load, strength } = context.question;
  const { minRequests, minSeconds } = strength;
  if (load.tasks.length === 0 || !hasBuiltinObjective(context)) return [];
  const found = [];
  if (load.mostRequests !== undefined && minRequests > load.mostRequests) {
    found.push(
      issue(
        [...STRENGTH, 'minRequests'],
        `expected at most ${counted(load.mostRequests, 'request')}, which is all that a version is ever sent, got ${minRequests}; no verdict could be reached`,
      ),
    );
  }
  if (minSeconds > load.mostSeconds) {
    found.push(
      issue(
        [...STRENGTH, 'minSeconds'],
        `expected at most ${counted(Math.floor(load.mostSeconds), 'second')}, which is as long as load is ever sent, got ${minSeconds}; no verdict could be reached`,
      ),
    );
  }
  return found;
};

/** A version that is not in versionInfo gets load only: when none is, nothing is measured. */
export const loadedVersionsAreJudged: Rule = (context) => {
  const known = versionsOf(context.experiment).map(({ version }) => version.name);
  if (known.length === 0 || !hasBuiltinObjective(context)) return [];
  const loaded = tasksOf(context.experiment).flatMap(({ path, task }) =>
    task.task === 'metrics/collect' && !collectInputs(task).loadOnly
      ? collectInputs(task).versions.map(({ name }, index) => ({
          at: [...path, 'with', 'versions', index, 'name'],
          name,
        }))
      : [],
  );
  if (loaded.length === 0 || loaded.some(({ name }) => known.includes(name))) return [];
  const [first] = loaded;
  const hint = didYouMean(first!.name, known) || `; there are: ${known.map(shown).join(', ')}`;
  return [
    issue(
      first!.at,
      `${shown(first!.name)} is not in spec.versionInfo, nor is any other version that gets load, so nothing would be measured${hint}`,
    ),
  ];
};
