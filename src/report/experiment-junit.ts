/**
 * An experiment as JUnit XML: a test case for each side of an objective and version, so that what is violated and what is undecided are
 * failures of different types.
 */
import { shortName } from '../experiment/metric-names.ts';
import type { LimitAssessment } from '../judge/assessment.ts';
import { limitText } from '../judge/wording/limit-texts.ts';
import { secondsTaken } from '../view/header-texts.ts';
import { answerOf, type ExperimentView } from '../view/experiment-view.ts';
import { rowSentence } from '../judge/wording/row-sentence.ts';
import { junitDocument, junitSeconds, type TestCase } from './junit-test-cases.ts';

export function renderJunit(view: ExperimentView): string {
  return junitDocument({
    name: `${view.namespace}/${view.name}`,
    cases: [...view.objectives.map((one) => objectiveCase(one, view)), recommendationCase(view)],
    seconds: junitSeconds(secondsTaken(view)),
    timestamp: view.startedAt === undefined ? undefined : localTime(view.startedAt),
    out: [view.headline, ...view.recommendation.reasons],
    err: view.warnings,
  });
}

function objectiveCase(one: LimitAssessment, view: ExperimentView): TestCase {
  return {
    name: `${shortName(one.metric)} ${limitText(one)}`,
    className: `${view.name}.${one.version}`,
    ...(one.verdict === 'satisfied' ? {} : { failure: { type: one.verdict, message: rowSentence(one) } }),
  };
}

/** The answer itself: objectives may be satisfied and nothing be promoted. */
function recommendationCase(view: ExperimentView): TestCase {
  const { reasons } = view.recommendation;
  const verdict = answerOf(view);
  const types = { 'do not promote': 'violated', undecided: 'undecided', failed: 'failed' } as const;
  return {
    name: 'recommendation',
    className: view.name,
    ...(verdict === 'promote'
      ? {}
      : { failure: { type: types[verdict], message: [view.headline, ...reasons].join('\n') } }),
  };
}

/** The schema takes no zone: UTC. */
function localTime(time: string): string {
  return time.replace(/(\.\d+)?Z$/, '');
}
