/** How an experiment ends, in the recorded words: completed, or failed. Saved at once: @throws UnavailableError. */
import { messageOf, UnavailableError } from '../errors.ts';
import type { Experiment, ExperimentStatus } from '../experiment/experiment.ts';
import { tasksOf } from './next-step.ts';
import { judgementNow } from '../judge/judgement.ts';
import type { Recommendation } from '../judge/recommendation.ts';
import { countedScopes } from '../judge/record/stored-record.ts';
import { withoutLoad } from './collect/counted-load.ts';
import type { Session } from './session.ts';
import { withHistograms } from './status-analysis.ts';
import {
  completionMessage,
  failureText,
  timestamp,
  withCompletion,
  withFailure,
  withRecommendedForPromotion,
  type Failure,
} from './status-changes.ts';

export interface EndOptions {
  /** What a person types to go on with it. */
  readonly goOn?: string | undefined;
}

export async function completeExperiment(session: Session, how: EndOptions): Promise<void> {
  const { record, experiment, question } = session;
  const recommendation = record.recommendation ?? judgementNow(question, record).recommendation;
  const hasFinish = tasksOf(experiment, 'finish').length > 0;
  const message = completionMessage(experiment.metadata.name, recommendation, { end: record.endedEarly, hasFinish });
  session.changeStatus((status, now) => withCompletion(status, message, now));
  session.changeRecord((present) => ({ ...present, recommendation }));
  session.emitCondition('ExperimentCompleted', message);
  session.emit({ kind: 'recommendation', recommendation, final: true });
  await saveEnd(session, how);
}

export async function failExperiment(session: Session, failure: Failure, how: EndOptions): Promise<void> {
  session.changeStatus((status, now) => withFailure(withoutPromotion(status, session.experiment), failure, now));
  const recommendation: Recommendation = { verdict: 'failed', keepsBaseline: false, reasons: [failureText(failure)] };
  session.changeRecord(({ waiting: _1, ...record }) => ({ ...withoutLoad(record), recommendation }));
  if (countedScopes(session.record).length > 0)
    session.changeStatus((status, now) => withHistograms(status, session.record, timestamp(now)));
  session.emitCondition(failure.reason, failureText(failure), { warning: true });
  session.emitCondition('ExperimentCompleted', 'Experiment failed', { warning: true });
  session.emit({ kind: 'recommendation', recommendation, final: true });
  await saveEnd(session, how);
}

/** What failed promotes nobody, whatever it had said before, as to the person who then rejected it. Before it began it names no version. */
function withoutPromotion(status: ExperimentStatus, experiment: Experiment): ExperimentStatus {
  return status.versionRecommendedForPromotion === undefined ? status : withRecommendedForPromotion(status, experiment);
}

async function saveEnd(session: Session, { goOn }: EndOptions): Promise<void> {
  try {
    await session.save({ must: true });
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    throw new UnsavedError(
      error,
      'neither this end is saved, nor what was measured since the last time that it could be',
      goOn,
    );
  }
}

/** What ends a driver whose store took nothing for a while, as before a task whose mark must be stored: with what is lost, and how to go on. */
export function unsaved(error: unknown, session: Session, { goOn }: EndOptions): unknown {
  if (!(error instanceof UnavailableError) || error instanceof UnsavedError || !session.isBehind) return error;
  return new UnsavedError(error, 'what was measured since the last time that it could be saved is lost', goOn);
}

/** The store took nothing any more: `lost` says what is missing there, `goOn` is the command for later. */
class UnsavedError extends UnavailableError {
  constructor(error: UnavailableError, lost: string, goOn: string | undefined) {
    super(messageOf(error), {
      details: [...error.details, ...(error.hint === undefined ? [] : [error.hint])],
      hint: `${lost}${goOn === undefined ? '' : `; when it can be saved again, go on with: ${goOn}`}`,
      cause: error,
    });
  }
}
