/**
 * Judges a recorded run again, with the same functions as the run itself: at other limits, another confidence, or just to see
 * that it comes out the same. Pure: the same lines give the same experiment.
 *
 * At a limit that was not counted when it ran, the histograms decide: a bin that the limit divides counts for whatever helps least.
 */
import { InvalidManifestError, UsageError } from '../errors.ts';
import { analysisOf } from '../drive/status-analysis.ts';
import { completionMessage, withCompletion } from '../drive/status-changes.ts';
import { runningSeconds } from '../experiment/conditions.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { areAllIterationsDone, completedIterations } from '../experiment/iterations.ts';
import { judgementNow } from '../judge/judgement.ts';
import { latencyLimits, refuseLimitsBeyond } from '../judge/question/limits.ts';
import { compileQuestion } from '../judge/question/question.ts';
import { isLoadOpen, isLoadToCome } from '../judge/record/load-to-come.ts';
import {
  knownTimeoutMs,
  readRecord,
  withRecord,
  type Iter8Record,
  type StoredScope,
} from '../judge/record/stored-record.ts';
import { checkExperiment } from '../validation/validate.ts';
import { foldRecord, withObjectives, type Folded, type ReplayChange } from './fold-record.ts';
import { readRecordLines } from './read-record-lines.ts';
import { withLimits } from './recount-limits.ts';

export type { ReplayChange } from './fold-record.ts';

/** @throws UsageError when the lines are no record of ours, or a damaged one */
export function replayRecord(lines: readonly unknown[], change: ReplayChange): Experiment {
  const folded = foldRecord(readRecordLines(lines), change);
  if (folded === undefined) {
    throw new UsageError('this is no record of a run: no line of it holds the experiment', {
      hint: 'records are in records/<namespace>/<name>.ndjson of the local folder, or of the state folder of a cluster',
    });
  }
  return judgedAgain(folded);
}

/** From the object alone: what it counted, at the limits of its histograms. @throws UsageError */
export function replayObject(experiment: Experiment, change: ReplayChange): Experiment {
  const record = readRecord(experiment);
  if (record === undefined)
    throw new UsageError(`experiment ${experiment.metadata.name} holds no record of ours: there is nothing to replay`);
  const { status, metadata } = experiment;
  const time = status?.lastUpdateTime ?? metadata.creationTimestamp ?? '1970-01-01T00:00:00Z';
  const completed = completedIterations(experiment);
  return judgedAgain({
    planDone: !isLoadOpen(record),
    experiment: withObjectives(experiment, change.objectives),
    record: { ...record, strength: { ...record.strength, ...change.strength } },
    completedIterations: completed,
    judged: {
      time,
      measuringDone: areAllIterationsDone(experiment),
      loadToCome: isLoadToCome(compileQuestion(experiment, record.strength), record),
      runningSeconds: runningSeconds(status ?? {}, Date.parse(time)),
      completedIterations: completed,
      weights: status?.currentWeightDistribution ?? [],
    },
  });
}

/** An experiment judged by what was counted, wherever it was. @throws InvalidManifestError, UsageError when its criteria cannot be judged */
export function judgedAgain(
  { experiment, record: counted, judged, completedIterations: completed, planDone }: Folded,
  warnings: readonly string[] = [],
): Experiment {
  const issues = checkExperiment({ ...experiment, status: undefined }).filter(({ path }) =>
    path.startsWith('spec.criteria'),
  );
  if (issues.length > 0) throw new InvalidManifestError('it cannot be judged by these objectives', issues);
  const question = compileQuestion(experiment, counted.strength);
  refuseLimitsBeyond(
    {
      ms: knownTimeoutMs(counted),
      name: 'the timeout of what was measured',
      hint: 'measure again with a longer timeout',
    },
    question.limits,
  );
  const limits = latencyLimits(question.limits);
  const recounted = (scopes: readonly StoredScope[]) =>
    scopes.map((scope) => ({ ...scope, tally: withLimits(scope.tally, limits) }));
  const { time, measuringDone, loadToCome, runningSeconds, completedIterations, weights } = judged;
  let record: Iter8Record = {
    ...counted,
    scopes: recounted(counted.scopes),
    // A driver that was killed left what it had counted there.
    tasks: Object.fromEntries(
      Object.entries(counted.tasks).map(([id, task]) => [
        id,
        task.counted === undefined ? task : { ...task, counted: recounted(task.counted) },
      ]),
    ),
    assessments: [],
    warnings,
  };
  const { assessments, recommendation, reward } = judgementNow(question, record, {
    measuringDone,
    loadToCome,
    runningSeconds,
    planDone,
  });
  record = { ...record, assessments, recommendation, ...(reward === undefined ? {} : { rewardResult: reward }) };
  const status = { ...experiment.status, completedIterations, currentWeightDistribution: [...weights] };
  const analysis = analysisOf({
    experiment: { ...experiment, status },
    question,
    record,
    assessments,
    time,
    provenance: record.by,
  });
  const done = withCompletion(
    { ...status, completedIterations: completed },
    completionMessage(experiment.metadata.name, recommendation, { hasFinish: false }),
    Date.parse(time),
  );
  return {
    ...experiment,
    status: withRecord({ ...done, analysis: { ...done.analysis, ...analysis } }, record, time),
  };
}
