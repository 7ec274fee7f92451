/** One measurement of all that others count, at one time: values, and how traffic is split; added to the record, and logged. */
import { Iter8Error, messageOf } from '../errors.ts';
import type { Weight } from '../experiment/experiment.ts';
import { addMeasurement, isSplitCompared, weightsMoved } from '../judge/record/measurement.ts';
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

/** Which builds run, and where raw counters stand, before anything is judged. */
export async function beginMeasuring(session: Session, ports: MeasurementPorts, signal: AbortSignal): Promise<void> {
  if ((await lookAtBuilds(session, ports, signal)) !== 'restart') await measureStart(session, ports, signal);
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
  const weights = await presentSplit(session, ports.traffic, signal);
  const { record, question } = session;
  const values = record.measured ?? {};
  if (Object.keys(values).length === 0 && question.reward === undefined) return;
  const time = new Date(session.time.now()).toISOString();
  const { startTime } = session.status;
  const measured = {
    time,
    ...(startTime === undefined ? {} : { startTime }),
    values,
    ...(weights === undefined ? {} : { weights }),
  };
  session.log({ kind: 'measured', ...measured });
  session.changeRecord((present) => addMeasurement(question, present, measured));
}

/** Only where it can change, and matters: when versions are compared that nobody paired. */
async function presentSplit(
  session: Session,
  objects: TrafficObjects | undefined,
  signal: AbortSignal,
): Promise<readonly Weight[] | undefined> {
  const { experiment, question } = session;
  if (!isSplitCompared(question) || experiment.spec.strategy.deploymentPattern === 'FixedSplit') return undefined;
  try {
    const split = objects === undefined ? undefined : splitOf(experiment, await objects.read(experiment, signal));
    if (split !== undefined && 'problem' in split) throw new Iter8Error(split.problem);
    return split?.weights;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Iter8Error)) throw error;
    session.warn(`how traffic is split cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}
