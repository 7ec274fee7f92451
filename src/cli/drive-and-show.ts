/** Drives one experiment from the command line: signals, time limit, lock, live view, the answer and its exit code. */
import { messageOf, TimeoutError, UnavailableError } from '../errors.ts';
import { EXIT, exitCodeOf, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { hasEnded } from '../experiment/conditions.ts';
import { drive } from '../drive/drive.ts';
import type { DriveOutcome } from '../drive/drive-options.ts';
import { RUN_TIMING } from '../drive/driver-timing.ts';
import { eventText } from '../render/progress-lines.ts';
import { SIGNATURE } from '../version.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { publishEvents } from './publish-kubernetes-events.ts';
import { openEvents, type Context } from './context.ts';
import { openDriver, openMetrics } from './open-driver.ts';
import type { OutputFlags } from './shared-flags.ts';
import type { Reports } from './report-files.ts';
import type { Progress } from './progress-display.ts';
import { printAnswer } from './print-experiment.ts';
import type { ScriptGate } from './script-gate.ts';
import { sayTo } from './stderr-messages.ts';
import { settleAgain, type Settled } from './start-or-resume.ts';
import { stopOfDrive, type Stop } from './stop-of-drive.ts';
import { watchToEnd, watchUntil } from './follow-to-end.ts';

export interface DrivingOptions {
  readonly context: Context;
  readonly io: Io;
  readonly flags: OutputFlags & { readonly keepSplit?: boolean };
  /** Of `withTimeLimit`: for all that it drives and watches. Absent: it may take as long as it takes. */
  readonly over?: AbortSignal | undefined;
  readonly strength: Readonly<Record<string, unknown>>;
  readonly progress: Progress;
  readonly reports: Reports;
  readonly scripts: ScriptGate;
}

/** How soon a dead driver is noticed, beyond the 15 s of its lease. */
const LOOK_FOR_DRIVER_MS = 2_000;

export async function driveToEnd(settled: Settled, options: DrivingOptions): Promise<ExitCode> {
  const { context, io, flags, progress } = options;
  if (settled.kind === 'watch') {
    progress.say(`${settled.experiment.metadata.name} is driven by ${settled.heldBy.description}: watching it`);
    const code = await watchWhileDriven(settled.experiment, options);
    if (code !== undefined) return code;
    const again = await settleAgain(context, settled.experiment.metadata);
    if (again === 'ended') return watchToEnd(settled.experiment.metadata, options);
    if (again.kind === 'drive') progress.say(`its driver is gone: going on with ${settled.experiment.metadata.name}`);
    return driveToEnd(again, options);
  }
  return driveSettled(settled, options, async (outcome, stopped) => {
    const { experiment, recommendation } = outcome;
    // Whoever drives it now knows more than this process.
    if (flags.output !== 'ndjson' && stopped !== 'lost') await printAnswer(experiment, flags, io);
    if (outcome.interrupted && stopped !== undefined) return interrupted(stopped, outcome, options);
    return exitCodeOf(recommendation.verdict, { ended: hasEnded(experiment) });
  });
}

/** `answer`: what is made of it once it has ended, or `stopped` has ended it. Reports are written however that goes. */
export async function driveSettled<T>(
  settled: Extract<Settled, { kind: 'drive' }>,
  options: DrivingOptions,
  answer: (outcome: DriveOutcome, stopped: Stop | undefined) => Promise<T>,
): Promise<T> {
  const { context, io, flags, over, progress } = options;
  const { stop, kill, cause, close } = stopOfDrive(io, {
    lockLost: settled.lock.lost,
    // Events are the answer then: without a reader there is nothing to go on for.
    readerLost: flags.output === 'ndjson' ? io.stdout.lost : undefined,
    over,
    onSignal: () => progress.show(stoppingEvent(settled.experiment.metadata, io)),
  });
  const started = io.clock.now();
  const timing = RUN_TIMING[context.mode];
  let last: Experiment | undefined;
  let failure: unknown;
  const events = await openEvents(context, progress.say);
  const metrics = openMetrics(context, io, { ownNamespaceOnly: false });
  try {
    await options.scripts.admit(settled.experiment);
    const onOutput = (line: string) => progress.say(`run: ${line}`);
    const driver = await openDriver(context, io, { scripts: { kind: 'here', onOutput }, metrics });
    const outcome = await drive(
      settled.experiment,
      {
        store: context.store,
        records: context.records,
        ...driver,
        tasks: options.scripts.guarded(driver.tasks),
        targets: context.targets,
        confirm: () => settled.lock.confirm?.() ?? Promise.resolve(),
        clock: io.clock,
        emit: (event) => {
          progress.show(event);
          if (event.kind === 'object') last = event.object;
          publishEvents(events, settled.experiment, event);
        },
        ...(context.mode === 'local' ? {} : { patience: { ms: timing.outageMs, giveUp: stop } }),
        textOf: eventText,
        by: SIGNATURE,
      },
      {
        driver: context.self,
        strength: options.strength,
        typed: (command) => context.asTyped(command, settled.experiment.metadata),
        lookEveryMs: timing.lookEveryMs,
        goOn: context.asTyped('run', settled.experiment.metadata),
        saveEveryMs: timing.saveEveryMs,
        keepSplit: flags.keepSplit === true,
        seed: started % 2 ** 32,
        stop,
        kill,
        lost: settled.lock.lost,
      },
    );
    progress.end();
    await events?.flush(timing.eventsMs);
    await settled.lock.release();
    last = outcome.experiment;
    return await answer(outcome, cause());
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    close();
    progress.end();
    await settled.lock.release();
    await metrics.close();
    // However it ended: what was measured is reported. What ended it is what has to be known; that its report failed too is said.
    if (last !== undefined)
      await options.reports.end(last).catch((error: unknown) => {
        if (failure === undefined) throw error;
        progress.say(`warning: ${messageOf(error)}`);
      });
  }
}

/** Undefined when its driver is gone and it has not ended. */
async function watchWhileDriven(experiment: Experiment, options: DrivingOptions): Promise<ExitCode | undefined> {
  const { context, io } = options;
  const { namespace, name } = experiment.metadata;
  const gone = new AbortController();
  const over = new AbortController();
  const looking = (async () => {
    while (!over.signal.aborted) {
      await io.clock.sleep(LOOK_FOR_DRIVER_MS, over.signal);
      // An API server that does not answer says nothing about the driver.
      const holder = await context.lock.holder({ namespace, name }, over.signal).catch(() => context.self);
      if (holder === undefined) gone.abort();
      if (holder === undefined) return;
    }
  })().catch(() => undefined);
  try {
    return await watchUntil({ namespace, name }, options, gone.signal);
  } finally {
    over.abort();
    await looking;
  }
}

function stoppingEvent(metadata: { readonly namespace: string; readonly name: string }, io: Io) {
  return {
    kind: 'stopping',
    text: 'stopping: load ended, saving ... (once more: quit at once)',
    time: new Date(io.clock.now()).toISOString(),
    experiment: { namespace: metadata.namespace, name: metadata.name },
  } as const;
}

function interrupted(why: Stop, { experiment, isBehind }: DriveOutcome, options: DrivingOptions): ExitCode {
  const { io, context } = options;
  const of = experiment.metadata;
  const saved = isBehind
    ? 'what was measured since the last time that it could be saved is lost'
    : 'what was measured is saved';
  const goOn = `${saved}; go on with: ${context.asTyped('run', of)}`;
  switch (why) {
    case 'SIGINT':
    case 'SIGTERM':
      sayTo(io)(`interrupted: ${goOn}`);
      return why === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
    case 'timeout':
      throw new TimeoutError(`${of.name} did not end within the timeout`, { hint: goOn });
    case 'lost':
      throw new UnavailableError(`somebody else drives ${of.name} now`, {
        hint: `watch it: ${context.asTyped('watch', of)}`,
      });
  }
}
