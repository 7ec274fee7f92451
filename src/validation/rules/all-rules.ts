/**
 * What a shape cannot say: how the fields of an experiment must fit together before it may run. One small function a rule.
 *
 * Source: docs/contract.md 7; docs/behavior.md 1, 5, 8; docs/method.md 0.3 for the domains of limits.
 */
import type { WrittenExperiment } from '../../experiment/experiment.ts';
import { withDefaults } from '../../experiment/defaults.ts';
import { compileQuestion } from '../../judge/question/question.ts';
import type { WrittenMetric } from '../../experiment/metric.ts';
import {
  endpointsAreLoaded,
  latencyLimitsAreBelowTimeouts,
  limitsAreInDomain,
  limitsAreInOrder,
  limitsAreQuantities,
  metricNameProblem,
  metricNamesAreNames,
  objectivesHaveLimits,
  quantityProblem,
} from './objective-rules.ts';
import {
  capsFitObjectives,
  comparedVersionsShareATask,
  loadedVersionsAreJudged,
  noDataFitsObjectives,
  relativeLimitsHaveTwoVersions,
  strengthIsRight,
  verdictsAreWithinReach,
} from './strength-rules.ts';
import { fieldsAreNotMisspelt, metadataProblems, misspeltMetricFields, namesAreNames } from './field-name-rules.ts';
import { pathText } from '../../experiment/schema-issues.ts';
import { sizeProblems } from './size-rules.ts';
import { issue, type ExpressionSyntax, type Rule, type RuleIssue } from './rule.ts';
import {
  actionsAreKnown,
  collectNamesAreUnique,
  conditionsParse,
  credentialsAreNamed,
  placeholdersCanBeFilled,
  taskInputsAreRight,
  tasksAreEitherTaskOrRun,
  tasksAreKnown,
  templatesParse,
  waitsParse,
  payloadsAreSent,
  warmupIsCountable,
} from './task-rules.ts';
import {
  candidatesFitPattern,
  rewardsFitPattern,
  versionInfoIsThere,
  versionNamesAreUnique,
  versionNamesAreUsable,
  weightFieldsDiffer,
  weightReferencesAreComplete,
  weightsCanBeMoved,
  blueGreenHasOneCandidate,
} from './version-rules.ts';

export type { ExpressionSyntax, RuleIssue } from './rule.ts';

/** In the order in which their issues are reported: the first is what status.message of a refused object says. */
const EXPERIMENT_RULES: readonly Rule[] = [
  namesAreNames,
  fieldsAreNotMisspelt,
  versionInfoIsThere,
  candidatesFitPattern,
  rewardsFitPattern,
  versionNamesAreUsable,
  versionNamesAreUnique,
  weightReferencesAreComplete,
  weightsCanBeMoved,
  blueGreenHasOneCandidate,
  weightFieldsDiffer,
  actionsAreKnown,
  tasksAreEitherTaskOrRun,
  tasksAreKnown,
  taskInputsAreRight,
  conditionsParse,
  templatesParse,
  waitsParse,
  placeholdersCanBeFilled,
  credentialsAreNamed,
  collectNamesAreUnique,
  payloadsAreSent,
  warmupIsCountable,
  loadedVersionsAreJudged,
  objectivesHaveLimits,
  limitsAreQuantities,
  limitsAreInOrder,
  limitsAreInDomain,
  latencyLimitsAreBelowTimeouts,
  metricNamesAreNames,
  endpointsAreLoaded,
  strengthIsRight,
  relativeLimitsHaveTwoVersions,
  comparedVersionsShareATask,
  capsFitObjectives,
  noDataFitsObjectives,
  verdictsAreWithinReach,
];

export interface CheckOptions {
  /** Without it the expressions inside texts (`if`, `fieldPath`, placeholders) are not parsed. */
  readonly syntax?: ExpressionSyntax | undefined;
  /** The start tasks are done, so that versionInfo must be there now. */
  readonly afterStart?: boolean | undefined;
  /** Settings that flags of `run` put over spec.criteria.strength. */
  readonly strength?: Readonly<Record<string, unknown>> | undefined;
}

/** Every rule that an experiment breaks, all at once; empty when it may run. Also for experiments with defaults applied. */
export function checkExperiment(experiment: WrittenExperiment, options: CheckOptions = {}): RuleIssue[] {
  const tooLong = sizeProblems(experiment);
  if (tooLong.length > 0) return tooLong;
  const namespace = experiment.metadata.namespace ?? 'default';
  const context = {
    experiment,
    question: compileQuestion(withDefaults(experiment, { namespace, name: '' }), options.strength),
    namespace,
    syntax: options.syntax ?? {},
    afterStart: options.afterStart ?? false,
  };
  return withoutEchoes(EXPERIMENT_RULES.flatMap((rule) => rule(context)));
}

/** A field that is misspelt is one problem: that it is missing under its right name is not another. */
function withoutEchoes(found: readonly RuleIssue[]): RuleIssue[] {
  const meant = found.flatMap((one) => (one.meant === undefined ? [] : [one.meant]));
  const isEcho = ({ path, message }: RuleIssue) =>
    meant.some(
      (field) =>
        path === pathText(field) ||
        (path === pathText(field.slice(0, -1)) && new RegExp(`\\b${String(field.at(-1))}\\b`).test(message)),
    );
  return found.flatMap((one) => {
    if (isEcho(one)) return [];
    const { meant: _, ...rest } = one;
    return [rest];
  });
}

/** Every rule that a metric breaks. */
export function checkMetric({ metadata, spec }: WrittenMetric): RuleIssue[] {
  const found = [...metadataProblems(metadata), ...misspeltMetricFields(spec)];
  const refuse = (key: string, message: string) => found.push(issue(['spec', key], message));
  if (spec.mock === undefined) {
    if (spec.urlTemplate === undefined) refuse('urlTemplate', 'is missing; expected the URL of the query (or mock)');
    if (spec.jqExpression === undefined)
      refuse('jqExpression', 'is missing; expected the jq program that picks the value (or mock)');
  }
  for (const [index, { level }] of (spec.mock ?? []).entries()) {
    const problem = quantityProblem(level);
    if (problem !== undefined) found.push(issue(['spec', 'mock', index, 'level'], problem));
  }
  if (spec.authType !== undefined && spec.secret === undefined)
    refuse('secret', `is missing; ${spec.authType} needs one`);
  const sampleSize =
    spec.sampleSize === undefined ? undefined : metricNameProblem(spec.sampleSize, metadata.namespace ?? 'default');
  if (sampleSize !== undefined) refuse('sampleSize', sampleSize);
  return found;
}
