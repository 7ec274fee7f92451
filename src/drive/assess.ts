/** Judges what is recorded, at an iteration or at the end: the analysis, the recommendation, and what is reported of them. */
import { runningSeconds } from '../experiment/conditions.ts';
import { completedIterations } from '../experiment/iterations.ts';
import { judgementNow } from '../judge/judgement.ts';
import { isLoadToCome } from '../judge/record/load-to-come.ts';
import { analysisOf } from './status-analysis.ts';
import type { Session } from './session.ts';
import { timestamp, withRecommendedForPromotion } from './status-changes.ts';

/** Judges what is recorded now; writes the analysis and the recommended version. */
export function assess(session: Session, { measuringDone }: { readonly measuringDone: boolean }): void {
  const { experiment, question } = session;
  const look = {
    measuringDone,
    loadToCome: isLoadToCome(question, session.record),
    runningSeconds: runningSeconds(session.status, session.time.now()),
  };
  session.log({
    kind: 'judged',
    time: timestamp(session.nowMs()),
    ...look,
    completedIterations: completedIterations(session),
    weights: session.record.traffic?.weights ?? session.status.currentWeightDistribution ?? [],
  });
  const { assessments, recommendation, reward } = judgementNow(question, session.record, look);
  for (const change of session.verdicts.take(assessments, { atMs: 0, final: true }))
    session.emit({ kind: 'verdict', ...change });
  session.changeRecord((present) => ({
    ...present,
    assessments,
    recommendation,
    ...(reward === undefined ? {} : { rewardResult: reward }),
  }));
  session.addMoment();
  const { record } = session;
  session.changeStatus((status, now) => {
    const time = timestamp(now);
    const analysis = analysisOf({ experiment, question, record, assessments, time, provenance: record.by });
    const promoted = recommendation.verdict === 'promote' ? recommendation.version : undefined;
    return {
      ...withRecommendedForPromotion(status, experiment, promoted),
      lastUpdateTime: time,
      analysis: { ...status.analysis, ...analysis },
    };
  });
}
