/**
 * Drives an experiment to its end: asks `plan.ts` for the next step, performs it through the ports, saves, and again.
 *
 * The caller holds the driver lock. An experiment that an earlier driver left in the middle goes on where it was.
 */
import { Iter8Error, messageOf } from '../errors.ts';
import { hideCredentials } from '../text/credentials.ts';
import type { Experiment, Stage, Weight } from '../experiment/experiment.ts';
import { customMetrics } from '../experiment/metric-names.ts';
import { checkExperiment } from '../validation/validate.ts';
import { isConditionTrue } from '../experiment/conditions.ts';
import { decidabilityWarnings } from '../preflight/decidability.ts';
import type { Recommendation } from '../judge/recommendation.ts';
import { countedScopes, type Iter8Record } from '../judge/record/stored-record.ts';
import { analysisOf, withHistograms } from './status-analysis.ts';
import { runAction, type ActionPorts } from './run-action.ts';
import { withoutLoad } from './collect/account.ts';
import { isDecided, type ExtensionQuestion } from './collect/extension.ts';
import { judgementNow } from '../judge/judgement.ts';
import { measureStart, type MeasurePorts } from './measure-metrics.ts';
import { takeMeasurement } from './take-measurement.ts';
import { readMetrics } from './find-metrics.ts';
import { nextStep, tasksOf, totalIterations, type Step } from './next-step.ts';
import type { Holder, TargetLock, WeightReader } from './ports.ts';
import { Session, type SessionPorts } from './session.ts';
import { TargetTurn } from './target-queue.ts';
import {
  failureText,
  initialStatus,
  timestamp,
  withCompletion,
  withFailure,
  withProgress,
  withStage,
  withTargetAcquired,
  type Failure,
} from './status-changes.ts';

export interface DrivePorts extends SessionPorts, MeasurePorts, Omit<ActionPorts, 'clock'> {
  /** Absent: no object says how traffic is split. */
  readonly weights?: WeightReader | undefined;
  /** Absent: nobody else works on the same targets. */
  readonly targets?: TargetLock | undefined;
}

export interface DriveOptions {
  readonly driver: Holder;
  /** Settings that flags of `run` put over spec.criteria.strength. */
  readonly strength?: Readonly<Record<string, unknown>> | undefined;
  readonly saveEveryMs: number;
  readonly seed: number;
  /** First Ctrl-C: drain, judge, save, return. */
  readonly stop: AbortSignal;
  /** A second Ctrl-C: end now; what is under way counts as unresolved. */
  readonly kill: AbortSignal;
  /** What this driver does not do for an experiment that is otherwise valid. */
  readonly refuse?:
    | ((experiment: Experiment) => readonly { readonly path: string; readonly message: string }[])
    | undefined;
  /** The lock is lost, and somebody else drives: end now, store nothing more. */
  readonly lost?: AbortSignal | undefined;
}

export interface DriveOutcome {
  readonly experiment: Experiment;
  readonly recommendation: Recommendation;
  readonly interrupted: boolean;
}

export async function drive(experiment: Experiment, ports: DrivePorts, options: DriveOptions): Promise<DriveOutcome> {
  const session = new Session(experiment, ports);
  const resumed = experiment.status?.stage !== undefined;
  if (options.strength !== undefined && Object.keys(options.strength).length > 0) {
    session.changeRecord((record) => ({ ...record, strength: options.strength }));
  }
  options.lost?.addEventListener('abort', () => session.abandon(), { once: true });
  session.log({
    kind: 'spec',
    time: new Date(ports.clock.now()).toISOString(),
    by: ports.by,
    experiment: hideCredentials({ ...experiment, status: undefined }),
    strength: session.record.strength,
    ...(resumed ? { record: storedRecord(session.record) } : {}),
  });
  session.tell({ kind: 'driving', by: options.driver.description, resumed });
  const target = new TargetTurn(session, ports.targets, options);
  let outcome: StepOutcome;
  try {
    // An earlier driver had acquired it; its turn is taken again.
    if (isConditionTrue(session.status, 'TargetAcquired')) outcome = await target.take();
    while (outcome === undefined) {
      const step = nextStep(session.experiment, session.record);
      if (step.kind === 'ended') break;
      outcome = await perform(step, session, ports, options, target);
      if (options.stop.aborted || options.kill.aborted) outcome = 'interrupted';
    }
  } finally {
    await target.release();
  }
  const ended = nextStep(session.experiment, session.record).kind === 'ended';
  if (!ended) await session.save();
  return {
    experiment: session.experiment,
    recommendation: session.record.recommendation ?? judgementNow(session.question, session.record).recommendation,
    interrupted: outcome === 'interrupted' && !ended,
  };
}

/** What a replay needs of what an earlier driver left. */
function storedRecord(record: Iter8Record): Iter8Record {
  return { ...record, events: [] };
}

/** Undefined: go on with the next step. */
type StepOutcome = 'interrupted' | undefined;

async function perform(
  step: Step,
  session: Session,
  ports: DrivePorts,
  options: DriveOptions,
  target: TargetTurn,
): Promise<StepOutcome> {
  switch (step.kind) {
    case 'initialize':
      session.changeStatus((_, now) => initialStatus(now));
      await session.save({ withRecordToo: false });
      return undefined;
    case 'announce':
      await progress(session, 'ExperimentInitialized', 'Experiment status initialized');
      return undefined;
    case 'acquire-target':
      return acquireTarget(session, target, options);
    case 'advance':
      return advance(session, step.stage, { weights: ports.weights, options });
    case 'run-action':
      return performAction(step, session, ports, options);
    case 'read-metrics':
      return rememberMetrics(session, ports);
    case 'begin':
      return begin(session, ports, options);
    case 'iterate':
      return iterate(step, session, ports, options);
    case 'assess-again':
      if (!(await measured(session, ports, options))) return 'interrupted';
      assess(session);
      session.changeRecord((record) => ({ ...record, actions: { ...record.actions, assess: 'done' } }));
      await session.save();
      return undefined;
    case 'complete':
      await complete(session);
      return undefined;
    case 'ended':
      return undefined;
  }
}

async function progress(
  session: Session,
  reason: 'ExperimentInitialized' | 'HandlerLaunched' | 'IterationUpdate',
  message: string,
): Promise<void> {
  session.changeStatus((status, now) => withProgress(status, reason, message, now));
  session.tellCondition(reason, message);
  await session.save();
}

async function advance(
  session: Session,
  stage: Exclude<Stage, 'Waiting' | 'Completed'>,
  how: { readonly weights: WeightReader | undefined; readonly options: DriveOptions },
): Promise<StepOutcome> {
  let weights: readonly Weight[] = [];
  if (stage === 'Running') {
    const isRead = await unlessStopped(how.options, async (signal) => {
      weights = await presentWeights(session, how.weights, signal);
    });
    if (!isRead) return 'interrupted';
  }
  session.changeStatus((status, now) => ({
    ...withStage(status, stage, now),
    ...(stage === 'Running' ? { currentWeightDistribution: [...weights] } : {}),
  }));
  session.tellCondition('StageAdvanced', `Advanced to ${stage}`);
  await session.save();
  return undefined;
}

/** Where no object says how traffic is split all of it is held to be at the baseline. */
async function presentWeights(
  session: Session,
  reader: WeightReader | undefined,
  signal: AbortSignal,
): Promise<readonly Weight[]> {
  const { experiment, question } = session;
  try {
    const read = await reader?.read(experiment, signal);
    if (read !== undefined) return read;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Iter8Error)) throw error;
    session.warn(`how traffic is split cannot be read: ${messageOf(error)}`);
  }
  return question.versions.map(({ name, role }) => ({ name, value: role === 'baseline' ? 100 : 0 }));
}

async function acquireTarget(session: Session, target: TargetTurn, options: DriveOptions): Promise<StepOutcome> {
  const invalid = invalidity(session, options, false);
  if (invalid !== undefined) return fail(session, invalid);
  for (const text of decidabilityWarnings(session.question)) session.warn(text);
  const outcome = await target.take();
  if (outcome !== undefined) return outcome;
  session.changeStatus(withTargetAcquired);
  session.tellCondition('TargetAcquired', '');
  await session.save();
  return undefined;
}

/** Why it may not run, in the recorded words. `afterStart`: the start tasks are done, and may have supplied what was missing. */
function invalidity(session: Session, options: DriveOptions, afterStart: boolean): Failure | undefined {
  const { experiment } = session;
  const first: { readonly path: string; readonly message: string; readonly status?: string | undefined } | undefined =
    checkExperiment(experiment, { afterStart })[0] ?? options.refuse?.(experiment)[0];
  if (first === undefined) return undefined;
  return {
    reason: 'InvalidExperiment',
    message: first.status ?? `${first.path}: ${first.message}`,
    ...(first.status === undefined ? {} : { cause: `${first.path}: ${first.message}` }),
  };
}

async function fail(session: Session, failure: Failure): Promise<undefined> {
  session.changeStatus((status, now) => withFailure(status, failure, now));
  const recommendation: Recommendation = { verdict: 'failed', keepsBaseline: false, reasons: [failureText(failure)] };
  session.changeRecord((record) => ({ ...withoutLoad(record), recommendation }));
  if (countedScopes(session.record).length > 0)
    session.changeStatus((status, now) => withHistograms(status, session.record, timestamp(now)));
  session.tellCondition(failure.reason, failureText(failure), true);
  session.tellCondition('ExperimentCompleted', 'Experiment failed', true);
  session.tell({ kind: 'recommendation', recommendation, final: true });
  await session.save({ must: true });
  return undefined;
}

async function performAction(
  step: Extract<Step, { kind: 'run-action' }>,
  session: Session,
  ports: DrivePorts,
  options: DriveOptions,
): Promise<'interrupted' | undefined> {
  const title = `${step.action[0]!.toUpperCase()}${step.action.slice(1)}`;
  if (session.record.actions[step.id] === undefined) {
    session.changeRecord((record) => ({ ...record, actions: { ...record.actions, [step.id]: 'launched' } }));
    await progress(session, 'HandlerLaunched', `${title} handler '${step.action}' launched`);
  }
  const outcome = await runAction(session, step, ports, options);
  if (outcome.kind === 'interrupted') return 'interrupted';
  if (outcome.kind === 'failed')
    return fail(session, { reason: 'HandlerFailed', message: `${title} actions failed`, cause: outcome.cause });
  const invalid = step.action === 'start' ? invalidity(session, options, true) : undefined;
  if (invalid !== undefined) return fail(session, invalid);
  session.changeRecord((record) => ({ ...record, actions: { ...record.actions, [step.id]: 'done' } }));
  session.changeStatus((status, now) => withHistograms(status, session.record, timestamp(now)));
  await session.save();
  return undefined;
}

async function rememberMetrics(session: Session, ports: DrivePorts): Promise<undefined> {
  const read = await readMetrics(session.experiment, ports.store);
  if ('failure' in read) return fail(session, read.failure);
  session.changeStatus((status) => ({ ...status, metrics: hideCredentials(read.metrics) }));
  await session.save();
  return undefined;
}

/** startTime and the recommended version, before anything is judged: the baseline; in Conformance nobody yet. */
async function begin(session: Session, ports: DrivePorts, options: DriveOptions): Promise<StepOutcome> {
  const { experiment } = session;
  const baseline = experiment.spec.versionInfo?.baseline.name;
  if (baseline === undefined)
    return fail(session, { reason: 'InvalidExperiment', message: 'No versionInfo in experiment' });
  const recommended =
    experiment.spec.strategy.testingPattern === 'Conformance' ? {} : { versionRecommendedForPromotion: baseline };
  session.changeStatus((status, now) => ({ ...status, startTime: timestamp(now), ...recommended }));
  if (!(await unlessStopped(options, (signal) => measureStart(session, ports, signal)))) return 'interrupted';
  await session.save();
  return undefined;
}

/** Judges what is recorded now; writes the analysis and the recommended version. */
function assess(session: Session, measuringDone = true): void {
  const { experiment, question } = session;
  const look = { measuringDone, runningSeconds: runningSeconds(session) };
  session.log({
    kind: 'judged',
    time: timestamp(session.nowMs()),
    ...look,
    completedIterations: session.status.completedIterations ?? 0,
    weights: session.status.currentWeightDistribution ?? [],
  });
  const { assessments, recommendation, reward } = judgementNow(question, session.record, look);
  for (const change of session.verdicts.take(assessments, { atMs: 0, final: true }))
    session.tell({ kind: 'verdict', ...change });
  session.changeRecord((present) => ({
    ...present,
    assessments,
    recommendation,
    ...(reward === undefined ? {} : { rewardResult: reward }),
  }));
  const { record } = session;
  session.changeStatus((status, now) => {
    const time = timestamp(now);
    const analysis = analysisOf({ experiment, question, record, assessments, time, provenance: record.by });
    const { versionRecommendedForPromotion: _, ...rest } = status;
    const baseline = experiment.spec.versionInfo?.baseline.name;
    const conformance = experiment.spec.strategy.testingPattern === 'Conformance';
    const recommended =
      recommendation.verdict === 'promote' ? recommendation.version : conformance ? undefined : baseline;
    return {
      ...rest,
      ...(recommended === undefined ? {} : { versionRecommendedForPromotion: recommended }),
      lastUpdateTime: time,
      analysis: { ...status.analysis, ...analysis },
    };
  });
}

async function iterate(
  step: Extract<Step, { kind: 'iterate' }>,
  session: Session,
  ports: DrivePorts,
  options: DriveOptions,
): Promise<'interrupted' | undefined> {
  const wait = step.dueMs - ports.clock.now();
  if (wait > 0 && !(await waited(ports, wait, options))) return 'interrupted';
  const { experiment } = session;
  const total = totalIterations(experiment);
  if (!(await measured(session, ports, options))) return 'interrupted';
  assess(session, step.iteration >= total);
  const rolledBack = mustRollBack(session);
  const decided = session.question.strength.stopEarly && isDecided(extensionQuestion(session));
  const skipped = !rolledBack && !decided && nothingCanChange(session) ? total - step.iteration : 0;
  const completed = step.iteration + skipped;
  session.changeStatus((status) => ({ ...status, completedIterations: completed }));
  session.log({ kind: 'iterated', time: timestamp(session.nowMs()), completedIterations: completed });
  if (rolledBack) session.changeRecord((record) => ({ ...record, endedEarly: 'rolled-back' }));
  else if (decided && completed < total) session.changeRecord((record) => ({ ...record, endedEarly: 'decided' }));
  const { iterationsPerLoop } = experiment.spec.duration;
  const endsLoop = completed % iterationsPerLoop === 0;
  if (skipped > 0) {
    session.tell({
      kind: 'iteration',
      completed,
      total,
      skipped,
      text: `${skipped} further iterations are counted as done: nothing can change any more`,
    });
  }
  if (endsLoop) session.tellCondition('IterationUpdate', `Completed Iteration ${step.iteration}`);
  await progress(
    session,
    'IterationUpdate',
    endsLoop ? `Completed Loop ${completed / iterationsPerLoop}` : `Completed Iteration ${completed}`,
  );
  return undefined;
}

/** Measures the custom metrics; false when it was stopped meanwhile. */
async function measured(session: Session, ports: DrivePorts, options: DriveOptions): Promise<boolean> {
  return unlessStopped(options, (signal) => takeMeasurement(session, ports, signal));
}

async function waited(ports: DrivePorts, ms: number, options: DriveOptions): Promise<boolean> {
  return unlessStopped(options, (signal) => ports.clock.sleep(ms, signal));
}

/** False when it was stopped meanwhile. */
async function unlessStopped(options: DriveOptions, work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
  const signal = AbortSignal.any([options.stop, options.kill]);
  try {
    await work(signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

function extensionQuestion({ question, record }: Session): ExtensionQuestion {
  return {
    question,
    rewardIsOpen:
      question.reward !== undefined && record.rewardResult?.state !== 'winner' && record.rewardResult?.state !== 'tie',
    assessments: record.assessments,
  };
}

/** All metrics are built in and no loop task measures anew: what was counted stays what it is. */
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

/** Since it began to run. */
function runningSeconds(session: Session): number {
  const startedMs = Date.parse(session.status.startTime ?? '');
  return Number.isNaN(startedMs) ? 0 : Math.max(0, session.nowMs() - startedMs) / 1000;
}

async function complete(session: Session): Promise<void> {
  const hadFinish = tasksOf(session.experiment, 'finish').length > 0;
  const { endedEarly } = session.record;
  const message =
    endedEarly === 'rolled-back'
      ? 'Experiment rolled back'
      : hadFinish
        ? 'Experiment Completed'
        : 'Experiment completed successfully';
  session.changeStatus((status, now) => withCompletion(status, message, now));
  const recommendation = session.record.recommendation ?? judgementNow(session.question, session.record).recommendation;
  session.changeRecord((record) => ({ ...record, recommendation }));
  session.tellCondition('ExperimentCompleted', message);
  session.tell({ kind: 'recommendation', recommendation, final: true });
  await session.save({ must: true });
}
