/** How the controller drives one experiment: the engine with this cluster's ports; nothing is asked of anybody. */
import type { Io } from '../io.ts';
import { keyText, type Experiment } from '../experiment/experiment.ts';
import { drive as driveExperiment } from '../drive/drive.ts';
import type { HeldLock, RecordLog } from '../drive/ports.ts';
import { CONTROLLER_TIMING } from '../drive/driver-timing.ts';
import { METRICS_FOLLOW_MS } from '../drive/find-metrics.ts';
import type { Log } from '../controller/structured-log.ts';
import { refusals } from '../controller/tenant-isolation.ts';
import { limitedTurns } from '../controller/concurrency-limit.ts';
import { publishEvents } from './publish-kubernetes-events.ts';
import { eventText } from '../render/progress-lines.ts';
import { headline } from '../judge/recommendation.ts';
import { SIGNATURE } from '../version.ts';
import { openEvents, type Context } from './context.ts';
import { openDriver, openLoad, openMetrics } from './open-driver.ts';
import { unsupportedFields } from './unsupported-features.ts';

export interface ControllingOptions {
  readonly concurrency: number;
  readonly allowScripts: boolean;
  readonly scriptImage?: string | undefined;
  readonly scriptServiceAccount: string;
  readonly log: Log;
}

/** A pod has no folder that outlives it: the object keeps what verdicts are made of. */
const NO_RECORDS: RecordLog = {
  append: () => Promise.resolve(),
  reset: () => Promise.resolve(),
  async *read() {
    // nothing was kept
  },
};

export interface Driving {
  /** Drives it to its end, or until `stop`. */
  readonly drive: (experiment: Experiment, held: HeldLock, stop: AbortSignal) => Promise<void>;
  /** Experiments that have their turn on the target. */
  readonly turns: () => number;
  /** Writes the events that wait, and ends what all drives share. */
  readonly close: () => Promise<void>;
}

export async function createDrive(context: Context, io: Io, options: ControllingOptions): Promise<Driving> {
  const { log } = options;
  const events = await openEvents(context, (text) => log('warn', text));
  const targets = limitedTurns(context.targets, options.concurrency);
  // One jq engine for the process: an engine for each experiment would stay when that has ended.
  const metrics = openMetrics(context, io, { ownNamespaceOnly: true });
  const load = openLoad();
  const drive = async (experiment: Experiment, held: HeldLock, stop: AbortSignal): Promise<void> => {
    const id = keyText(experiment.metadata);
    const driver = await openDriver(context, io, {
      scripts:
        options.allowScripts && options.scriptImage !== undefined
          ? {
              kind: 'job',
              image: options.scriptImage,
              serviceAccount: options.scriptServiceAccount,
              onOutput: (line) => log('info', 'script', { experiment: id, line }),
            }
          : undefined,
      metrics,
      load,
      ownNamespaceOnly: true,
    });
    const { recommendation, interrupted } = await driveExperiment(
      experiment,
      {
        store: context.store,
        records: NO_RECORDS,
        ...driver,
        targets,
        confirm: () => held.confirm?.() ?? Promise.resolve(),
        clock: io.clock,
        emit: (event) => {
          publishEvents(events, experiment, event);
          const text = eventText(event);
          if (text !== undefined) log(event.kind === 'warning' ? 'warn' : 'info', event.kind, { experiment: id, text });
        },
        textOf: eventText,
        by: SIGNATURE,
        patience: { ms: CONTROLLER_TIMING.outageMs, giveUp: stop },
      },
      {
        driver: context.self,
        saveEveryMs: CONTROLLER_TIMING.saveEveryMs,
        lookEveryMs: CONTROLLER_TIMING.lookEveryMs,
        typed: (command) => `iter8ctl ${command} ${experiment.metadata.name} -n ${experiment.metadata.namespace}`,
        seed: io.clock.now() % 2 ** 32,
        metricsFollowMs: METRICS_FOLLOW_MS,
        ownMetricsOnly: true,
        stop,
        lost: held.lost,
        refuse: (one) => [
          ...unsupportedFields(one, 'cluster'),
          ...refusals(one, { allowScripts: options.allowScripts }),
        ],
      },
    );
    log('info', interrupted ? 'interrupted, to be resumed' : 'ended', {
      experiment: id,
      recommendation: headline(recommendation, experiment.metadata.name),
    });
  };
  return {
    drive,
    turns: targets.taken,
    close: async () => {
      await events?.flush(CONTROLLER_TIMING.eventsMs);
      await metrics.close();
    },
  };
}
