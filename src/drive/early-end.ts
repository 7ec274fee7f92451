/** Why the iterations of an experiment end before the last one. */
import { customMetrics } from '../experiment/metric-names.ts';
import { isDecided } from './collect/extension.ts';
import { tasksOf } from './next-step.ts';
import type { Session } from './session.ts';

/**
 * `changed`, `rolled-back` and `decided`: no iteration follows. `nothing-can-change`: the rest would say the same, and is counted as done.
 * Undefined: the next one follows.
 */
export type EarlyEnd = 'changed' | 'rolled-back' | 'decided' | 'nothing-can-change';

export function earlyEnd(session: Session): EarlyEnd | undefined {
  if (session.record.changed !== undefined) return 'changed'; // nothing that follows could be believed
  if (mustRollBack(session)) return 'rolled-back';
  if (session.question.strength.stopEarly && isEverythingDecided(session)) return 'decided';
  return nothingCanChange(session) ? 'nothing-can-change' : undefined;
}

function isEverythingDecided({ question, record }: Session): boolean {
  const { state } = record.rewardResult ?? {};
  return isDecided({
    question,
    rewardIsOpen: question.reward !== undefined && state !== 'winner' && state !== 'tie',
    assessments: record.assessments,
  });
}

/** All metrics are built in and no loop task measures again: what was counted stays what it is. */
function nothingCanChange({ experiment, question }: Session): boolean {
  const movesTraffic = question.versions.length > 1 && experiment.spec.strategy.deploymentPattern !== 'FixedSplit';
  return customMetrics(experiment).length === 0 && !movesTraffic && tasksOf(experiment, 'loop').length === 0;
}

/** An objective with rollback is violated by a candidate (Conformance: by the version). A bad baseline rolls back nobody. */
function mustRollBack({ question, record }: Session): boolean {
  const answered = new Set(question.answered.map(({ name }) => name));
  return record.assessments.some(
    ({ version, objective, verdict }) =>
      verdict === 'violated' && answered.has(version) && question.rollback.has(objective),
  );
}
