/** One measurement of all that others count, at one time: values, and how traffic is split; added to the record, and logged. */
import { Iter8Error, messageOf } from '../errors.ts';
import type { Weight } from '../experiment/experiment.ts';
import {
  addMeasurement,
  isSplitCompared,
  splitRead,
  weightsMoved,
  type Measured,
} from '../judge/record/measurement.ts';
import { measureMetrics, measureStart, type MeasurePorts } from './measure-metrics.ts';
import { metricOf } from './measure-version.ts';
import { lookAtBuilds, type BuildPorts } from './one-build.ts';
import { splitOf } from '../traffic/weight-fields.ts';
import type { TrafficObjects } from './ports.ts';
import type { Session } from './session.ts';

export interface MeasurementPorts extends MeasurePorts, BuildPorts {
  /** Absent: no object says how traffic is split. */
  readonly traffic?: TrafficObjects | undefined;
}

/** Which builds run, where raw counters stand, and how traffic is split, before anything is judged. */
export async function beginMeasuring(session: Session, ports: MeasurementPorts, signal: AbortSignal): Promise<void> {
  if ((await lookAtBuilds(session, ports, signal)) === 'restart') return;
  await measureStart(session, ports, signal);
  const weights = session.record.traffic?.weights;
  if (weights === undefined) return;
  session.log({ kind: 'split-read', weights });
  session.changeRecord((record) => splitRead(session.question, record, { weights }));
}

export async function takeMeasurement(session: Session, ports: MeasurementPorts, signal: AbortSignal): Promise<void> {
  await measureMetrics(session, ports, signal);
  await addMeasured(session, ports, signal);
  // Behind it: what was measured before is then of this build.
  await lookAtBuilds(session, ports, signal);
}

/** Traffic has been moved: what is compared begins again from here. */
export function noteWeights(session: Session, weights: readonly Weight[]): void {
  const moved = { time: new Date(session.time.now()).toISOString(), weights };
  session.changeStatus((status) => ({ ...status, currentWeightDistribution: [...weights] }));
  session.log({ kind: 'weights-moved', ...moved });
  session.changeRecord((record) => weightsMoved(session.question, record, moved));
  session.addMoment();
}

/** The reward alone, between two iterations: its next block begins. */
export async function readReward(session: Session, ports: MeasurementPorts, signal: AbortSignal): Promise<void> {
  const { experiment, question } = session;
  const { name, namespace } =
    metricOf(experiment, question.reward?.metric ?? '', experiment.metadata.namespace)?.metadata ?? {};
  await measureMetrics(
    session,
    ports,
    signal,
    (one) => one.metadata.name === name && one.metadata.namespace === namespace,
  );
  await addMeasured(session, ports, signal);
}

async function addMeasured(session: Session, ports: MeasurementPorts, signal: AbortSignal): Promise<void> {
  const split = await presentSplit(session, ports.traffic, signal);
  const { record, question } = session;
  const values = record.measured ?? {};
  if (Object.keys(values).length === 0 && question.reward === undefined) return;
  const time = new Date(session.time.now()).toISOString();
  const { startTime } = session.status;
  const measured = {
    time,
    ...(startTime === undefined ? {} : { startTime }),
    values,
    ...split,
  };
  session.log({ kind: 'measured', ...measured });
  session.changeRecord((present) => addMeasurement(question, present, measured));
}

/** Only where it can change, and matters: when versions are compared that nobody paired. */
async function presentSplit(
  session: Session,
  objects: TrafficObjects | undefined,
  signal: AbortSignal,
): Promise<Pick<Measured, 'weights' | 'splitUnknown'>> {
  const { experiment, question } = session;
  const isFixed = experiment.spec.strategy.deploymentPattern === 'FixedSplit';
  if (objects === undefined || !isSplitCompared(question) || isFixed) return {};
  try {
    const split = splitOf(experiment, await objects.read(experiment, signal));
    if (split !== undefined && 'problem' in split) throw new Iter8Error(split.problem);
    return split === undefined ? {} : { weights: split.weights };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Iter8Error)) throw error;
    session.warn(`how traffic is split cannot be read: ${messageOf(error)}; nothing is compared until it can`);
    return { splitUnknown: true };
  }
}
