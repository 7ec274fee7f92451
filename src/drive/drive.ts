/**
 * Drives an experiment to its end: asks `next-step.ts` for the next step, performs it through the ports, saves, and again.
 *
 * The caller holds the driver lock. An experiment that an earlier driver left in the middle goes on where it was.
 */
import { Iter8Error, UnavailableError } from '../errors.ts';
import { whenAborted } from '../io.ts';
import { isConditionTrue } from '../experiment/conditions.ts';
import type { Experiment, Stage } from '../experiment/experiment.ts';
import { driveProblem } from '../judge/record/damage.ts';
import { unverifiedTls } from '../experiment/unverified-tls.ts';
import { lastJudgement } from '../judge/judgement.ts';
import { decidabilityWarnings } from '../preflight/decidability.ts';
import { hideCredentials } from '../text/credentials.ts';
import { remarksOn } from '../validation/remarks.ts';
import { assess } from './assess.ts';
import { awaitIteration } from './await-iteration.ts';
import { countIteration } from './count-iteration.ts';
import type { DriveOptions, DriveOutcome } from './drive-options.ts';
import { Control } from './pause-and-abort.ts';
import { completeExperiment, failExperiment, unsaved } from './end-experiment.ts';
import { metricsProblem, readMetrics } from './find-metrics.ts';
import { forgetGoneGate } from './gate.ts';
import { Interruption } from './interruption.ts';
import type { MeasurePorts } from './measure-metrics.ts';
import { confirmBuilds, type BuildPorts } from './one-build.ts';
import { invalidity, refusal } from './may-run.ts';
import { nextStep, type Step } from './next-step.ts';
import type { TargetLock, TrafficObjects } from './ports.ts';
import { runAction, type ActionPorts } from './run-action.ts';
import { Session, type SessionPorts } from './session.ts';
import { withHistograms } from './status-analysis.ts';
import {
  initialStatus,
  timestamp,
  withProgress,
  withRecommendedForPromotion,
  withStage,
  withTargetAcquired,
  type Failure,
} from './status-changes.ts';
import { behindText } from './steady-time.ts';
import { beginMeasuring, takeMeasurement } from './take-measurement.ts';
import { TargetTurn } from './target-queue.ts';
import { Traffic } from './traffic.ts';

export interface DrivePorts extends SessionPorts, MeasurePorts, BuildPorts, Omit<ActionPorts, 'clock'> {
  /** Absent: no object says how traffic is split. */
  readonly traffic?: TrafficObjects | undefined;
  /** Absent: nobody else works on the same targets. */
  readonly targets?: TargetLock | undefined;
}

/** @throws UnavailableError when the turn on the target is lost, with what was measured saved */
export async function drive(experiment: Experiment, ports: DrivePorts, options: DriveOptions): Promise<DriveOutcome> {
  const problem = driveProblem(experiment);
  if (problem !== undefined) throw new Iter8Error(problem);
  return new Drive(experiment, ports, options).run();
}

/** What became of a step. `done`: the next one may follow. */
type StepOutcome = 'done' | 'interrupted';

class Drive {
  readonly #ports: DrivePorts;
  readonly #options: DriveOptions;
  readonly #session: Session;
  readonly #interruption: Interruption;
  readonly #target: TargetTurn;
  readonly #traffic: Traffic;
  readonly #control: Control;
  readonly #isResumed: boolean;
  /** Whether this driver has seen to it that traffic is where it is to be measured. */
  #isSwitched = false;

  constructor(experiment: Experiment, ports: DrivePorts, options: DriveOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#isResumed = experiment.status?.stage !== undefined;
    this.#session = new Session(experiment, { ...ports, confirm: () => this.#confirmLocks() });
    this.#interruption = new Interruption(options);
    this.#target = new TargetTurn(this.#session, {
      targets: ports.targets,
      driver: options.driver,
      interruption: this.#interruption,
      look: () => this.#control.lookWhileIdle(),
    });
    this.#traffic = new Traffic(this.#session, {
      objects: ports.traffic,
      keepSplit: options.keepSplit === true,
      over: this.#interruption.lost,
      patience: ports.patience,
      goOn: options.goOn,
    });
    const { lookEveryMs = 1_000, typed = (command) => `iter8ctl ${command} ${experiment.metadata.name}` } = options;
    this.#control = new Control(this.#session, this.#interruption, { lookEveryMs, typed, place: this.#target });
    whenAborted(options.lost, () => this.#session.abandon());
  }

  async run(): Promise<DriveOutcome> {
    const session = this.#session;
    this.#begin();
    let outcome: StepOutcome = 'done';
    try {
      // An earlier driver had acquired it; its turn is taken again.
      if (isConditionTrue(session.status, 'TargetAcquired')) outcome = await this.#target.take();
      if (outcome === 'done') outcome = await this.#goOn();
      this.#control.begin();
      // What has ended waits for nobody any more, whether it is paused or not.
      while (outcome === 'done' && !this.#hasEnded && (await this.#control.mayGoOn()))
        outcome = await this.#perform(nextStep(session.experiment, session.record));
      await this.#endWhenAborted();
      if (this.#interruption.isOnlyStopped) await this.#traffic.pause();
    } catch (error) {
      await this.#traffic.rescue();
      throw unsaved(error, session, this.#options);
    } finally {
      await this.#target.release();
    }
    const { record, question } = session;
    const hasEnded = session.isEndStored;
    if (!hasEnded) await session.save();
    if (!hasEnded && this.#interruption.isTargetLost && !this.#options.stop.aborted) throw this.#targetLost();
    const recommendation = lastJudgement(question, record).recommendation;
    return { experiment: session.experiment, recommendation, interrupted: !hasEnded, isBehind: session.isBehind };
  }

  get #hasEnded(): boolean {
    return isConditionTrue(this.#session.status, 'Completed');
  }

  /** From what an earlier driver left. */
  async #goOn(): Promise<StepOutcome> {
    const { experiment } = this.#session;
    const refused = this.#isResumed ? refusal(experiment, this.#options) : undefined;
    if (refused !== undefined && !this.#hasEnded) return this.#fail(refused);
    return this.#moveTraffic((signal) => this.#traffic.resume(signal));
  }

  /** Somebody asked for it. Traffic goes back in `#fail`, as after every failure. */
  async #endWhenAborted(): Promise<void> {
    const { abortedBy, now } = this.#interruption;
    if (abortedBy === undefined || this.#hasEnded || now.aborted || this.#options.stop.aborted) return;
    await this.#fail({ reason: 'ExperimentAborted', message: 'Experiment aborted', cause: abortedBy });
  }

  #begin(): void {
    const { strength, driver } = this.#options;
    const session = this.#session;
    if (strength !== undefined && Object.keys(strength).length > 0)
      session.changeRecord((record) => ({ ...record, strength }));
    session.log({
      kind: 'spec',
      time: new Date(session.nowMs()).toISOString(),
      by: this.#ports.by,
      experiment: hideCredentials({ ...session.experiment, status: undefined }),
      strength: session.record.strength,
      ...(this.#isResumed ? { record: { ...session.record, events: [] } } : {}), // what a replay needs of an earlier driver
    });
    forgetGoneGate(session);
    session.emit({ kind: 'driving', by: driver.description, resumed: this.#isResumed });
    const { experiment } = session;
    const late = [...session.noteSpec(), ...behindText(experiment, session.nowMs())];
    for (const text of [...remarksOn(experiment), ...unverifiedTls(experiment), ...late]) session.warn(text);
  }

  /** A process that was suspended wakes up without knowing what happened to its locks meanwhile. */
  async #confirmLocks(): Promise<void> {
    await this.#ports.confirm?.();
    await this.#target.confirm();
  }

  #targetLost(): UnavailableError {
    const { spec } = this.#session.experiment;
    const { goOn } = this.#options;
    return new UnavailableError(`the lock on target ${spec.target} was lost: somebody else may work on it now`, {
      hint: `what was measured is saved${goOn === undefined ? '' : `; go on with: ${goOn}`}`,
    });
  }

  async #perform(step: Step): Promise<StepOutcome> {
    const session = this.#session;
    switch (step.kind) {
      case 'initialize':
        session.changeStatus((_, now) => initialStatus(now));
        await session.save({ withRecordToo: false });
        return 'done';
      case 'announce':
        return this.#progress('ExperimentInitialized', 'Experiment status initialized');
      case 'acquire-target':
        return this.#acquireTarget();
      case 'advance':
        return this.#advance(step.stage);
      case 'run-action':
        return this.#runAction(step);
      case 'read-metrics':
        return this.#readMetrics();
      case 'begin':
        return this.#start();
      case 'iterate':
        return this.#iterate(step);
      case 'assess-again': {
        const ended = await this.#measure();
        if (ended !== undefined) return ended;
        assess(session, { measuringDone: true });
        session.changeRecord((record) => ({ ...record, actions: { ...record.actions, assess: 'done' } }));
        await session.save();
        return 'done';
      }
      case 'settle-traffic':
        return this.#settleTraffic(() => session.save());
      case 'complete':
        return this.#settleTraffic(() => completeExperiment(session, this.#options));
      case 'ended':
        return 'done';
    }
  }

  async #progress(
    reason: 'ExperimentInitialized' | 'HandlerLaunched' | 'IterationUpdate',
    message: string,
  ): Promise<StepOutcome> {
    this.#session.changeStatus((status, now) => withProgress(status, reason, message, now));
    this.#session.emitCondition(reason, message);
    await this.#session.save();
    return 'done';
  }

  async #acquireTarget(): Promise<StepOutcome> {
    const session = this.#session;
    const invalid = invalidity(session.experiment, { ...this.#options, afterStart: false });
    if (invalid !== undefined) return this.#fail(invalid);
    for (const text of decidabilityWarnings(session.question)) session.warn(text);
    if ((await this.#target.take()) === 'interrupted') return 'interrupted';
    session.changeStatus(withTargetAcquired);
    session.emitCondition('TargetAcquired', '');
    await session.save();
    let problem: Failure | undefined;
    const isKnown = await this.#interruption.completes(async (signal) => {
      const { metricsFollowMs: followMs = 0, ownMetricsOnly } = this.#options;
      problem =
        (await this.#traffic.problem(signal)) ??
        (await metricsProblem(session.experiment, { ...this.#ports, followMs, ownMetricsOnly, signal }));
    });
    if (!isKnown) return 'interrupted';
    if (problem !== undefined) return this.#fail(problem);
    return 'done';
  }

  async #advance(stage: Exclude<Stage, 'Waiting' | 'Completed'>): Promise<StepOutcome> {
    const session = this.#session;
    if (stage === 'Running') {
      const begun = await this.#moveTraffic((signal) => session.patiently(() => this.#traffic.begin(signal)));
      if (begun === 'interrupted' || this.#hasEnded) return begun;
    }
    session.changeStatus((status, now) => withStage(status, stage, now));
    session.emitCondition('StageAdvanced', `Advanced to ${stage}`);
    await session.save();
    return 'done';
  }

  async #readMetrics(): Promise<StepOutcome> {
    const read = await this.#session.patiently(() =>
      readMetrics(this.#session.experiment, this.#ports.store, this.#options),
    );
    if ('failure' in read) return this.#fail(read.failure);
    this.#session.changeStatus((status) => ({ ...status, metrics: hideCredentials(read.metrics) }));
    for (const text of unverifiedTls(this.#session.experiment)) this.#session.warn(text);
    await this.#session.save();
    return 'done';
  }

  /** startTime and the recommended version, before anything is judged: the baseline; in Conformance nobody yet. */
  async #start(): Promise<StepOutcome> {
    const session = this.#session;
    if (session.experiment.spec.versionInfo === undefined)
      return this.#fail({ reason: 'InvalidExperiment', message: 'No versionInfo in experiment' });
    if (session.record.restarts !== undefined) {
      const back = await this.#beginAgain();
      if (back === 'interrupted' || this.#hasEnded) return back;
    }
    // It has started when it is known where counters stood: a driver that is interrupted before that begins again.
    const ended = await this.#measure(beginMeasuring);
    if (ended !== undefined) return ended;
    // Behind that: while pods of another build were waited for, those of the build before still served.
    session.time.setAgain();
    const startTime = timestamp(session.nowMs());
    session.changeStatus((status) => withRecommendedForPromotion({ ...status, startTime }, session.experiment));
    await session.save();
    return this.#switchOver();
  }

  #switchOver(): Promise<StepOutcome> {
    this.#isSwitched = true;
    return this.#moveTraffic((signal) => this.#traffic.switchOver(signal));
  }

  async #runAction(step: Extract<Step, { kind: 'run-action' }>): Promise<StepOutcome> {
    const session = this.#session;
    const title = `${step.action[0]!.toUpperCase()}${step.action.slice(1)}`;
    if (session.record.actions[step.id] === undefined) {
      session.changeRecord((record) => ({ ...record, actions: { ...record.actions, [step.id]: 'launched' } }));
      await this.#progress('HandlerLaunched', `${title} handler '${step.action}' launched`);
    }
    const { saveEveryMs, seed } = this.#options;
    const { kind, ...why } = await runAction(session, step, {
      ports: this.#ports,
      interruption: this.#interruption,
      control: this.#control,
      settleTraffic: () => this.#traffic.settle(),
      refused: () => refusal(session.experiment, this.#options)?.message,
      confirmBuilds: (before) => this.#confirmBuilds(before),
      saveEveryMs,
      seed,
    });
    if (kind === 'interrupted') return 'interrupted';
    if (kind === 'restart') return this.#beginAgain();
    if (kind === 'failed') return this.#fail({ reason: 'HandlerFailed', message: `${title} actions failed`, ...why });
    const isStart = step.action === 'start';
    const invalid = isStart ? invalidity(session.experiment, { ...this.#options, afterStart: true }) : undefined;
    if (invalid !== undefined) return this.#fail(invalid);
    session.changeRecord((record) => ({ ...record, actions: { ...record.actions, [step.id]: 'done' } }));
    session.changeStatus((status, now) => withHistograms(status, session.record, timestamp(now)));
    await session.save();
    return 'done';
  }

  /** How a step that measures ends: interrupted, or done when all is to be measured again. Undefined: it goes on. */
  async #measure(measure = takeMeasurement): Promise<StepOutcome | undefined> {
    const { restarts } = this.#session.record;
    const isDone = await this.#interruption.completes((signal) => measure(this.#session, this.#ports, signal));
    if (!isDone) return 'interrupted';
    return this.#session.record.restarts === restarts ? undefined : this.#beginAgain();
  }

  /** A version is another build: what traffic the build before has earned is taken back. */
  readonly #beginAgain = () => this.#moveTraffic((signal) => this.#traffic.startAgain(signal));

  async #moveTraffic(move: (signal: AbortSignal) => Promise<Failure | undefined>): Promise<StepOutcome> {
    let failure: Failure | undefined;
    const isDone = await this.#interruption.completes(async (signal) => {
      failure = await move(signal);
    });
    if (!isDone) return 'interrupted';
    return failure === undefined ? 'done' : this.#fail(failure);
  }

  #confirmBuilds(before: 'a gate' | 'the rest'): Promise<boolean> {
    return this.#interruption.completes((signal) => confirmBuilds(this.#session, this.#ports, signal, before));
  }

  /** What another build has earned is taken back, also at the very end. */
  async #settleTraffic(goOn: () => Promise<void>): Promise<StepOutcome> {
    if (!(await this.#confirmBuilds('the rest'))) return 'interrupted';
    const failure = await this.#traffic.settle();
    if (this.#interruption.lost.aborted) return 'interrupted';
    if (failure !== undefined) return this.#fail(failure);
    await goOn();
    return 'done';
  }

  async #iterate({ iteration, dueMs }: Extract<Step, { kind: 'iterate' }>): Promise<StepOutcome> {
    const session = this.#session;
    // The driver before this one has put it back, or was killed before it could.
    const switched = this.#isSwitched ? 'done' : await this.#switchOver();
    if (switched === 'interrupted' || this.#hasEnded) return switched;
    const until = { dueMs, control: this.#control, interruption: this.#interruption };
    if (!(await awaitIteration(session, this.#ports, until))) return 'interrupted';
    if (!(await this.#control.mayGoOn())) return 'interrupted';
    const ended = await this.#measure();
    if (ended !== undefined) return ended;
    const { completed, isLast } = countIteration(session, iteration);
    if (!isLast) {
      const moved = await this.#moveTraffic((signal) => this.#traffic.follow(signal));
      if (moved === 'interrupted' || this.#hasEnded) return moved;
    }
    const { iterationsPerLoop } = session.experiment.spec.duration;
    const endsLoop = completed % iterationsPerLoop === 0;
    if (endsLoop) session.emitCondition('IterationUpdate', `Completed Iteration ${iteration}`);
    return this.#progress(
      'IterationUpdate',
      endsLoop ? `Completed Loop ${completed / iterationsPerLoop}` : `Completed Iteration ${completed}`,
    );
  }

  async #fail(failure: Failure): Promise<StepOutcome> {
    await this.#traffic.giveBack(failure);
    // How it ends is said by who has the lock now.
    if (this.#interruption.lost.aborted) return 'interrupted';
    await failExperiment(this.#session, failure, this.#options);
    return 'done';
  }
}
