/** Measures the custom metrics of the criteria for every version, once, and adds them to the record of a session. */
import type { Metric } from '../experiment/metric.ts';
import { customMetrics } from '../experiment/metric-names.ts';
import { versionsIn } from '../experiment/experiment.ts';
import type { MeasuredMetric } from '../judge/limits/custom-metric.ts';
import { backendWarningText } from '../judge/wording/no-value-sentences.ts';
import { givesCounters, measureVersion, metricOf } from './measure-version.ts';
import type { MetricSource } from './ports.ts';
import type { Session } from './session.ts';

export interface MeasurePorts {
  readonly metrics: MetricSource;
}

/** Where raw counters stand before anything is judged: what they counted until now was before. Only these are asked. */
export async function measureStart(session: Session, ports: MeasurePorts, signal: AbortSignal): Promise<void> {
  await measureMetrics(session, ports, signal, givesCounters);
}

/** Changes the record; stores nothing. Values that could not be measured are kept from before, with what went wrong. */
export async function measureMetrics(
  session: Session,
  ports: MeasurePorts,
  signal: AbortSignal,
  isWanted: (metric: Metric) => boolean = () => true,
): Promise<void> {
  const { experiment, question, record } = session;
  const names = customMetrics(experiment).map(({ written }) => written);
  if (names.length === 0) return;
  const versions = versionsIn(experiment);
  const startMs = Date.parse(experiment.status?.startTime ?? '');
  const at = { experiment, question, record, nowMs: session.nowMs(), steadyMs: session.time.now(), startMs, signal };
  const measured: Record<string, Record<string, MeasuredMetric>> = {};
  await Promise.all(
    names.flatMap((name) =>
      versions.map(async (version) => {
        const metric = metricOf(experiment, name, experiment.metadata.namespace);
        if (metric === undefined || !isWanted(metric)) return;
        const before = record.measured?.[name]?.[version.name];
        const now = await measureVersion(at, { name, metric, version }, ports.metrics);
        (measured[name] ??= {})[version.name] = now;
        for (const text of newProblems(now, before)) session.warn(`${name} of ${version.name}: ${text}`);
      }),
    ),
  );
  session.changeRecord((present) => ({ ...present, measured: { ...present.measured, ...measured } }));
}

/** What somebody who watches should know of a measurement, and was not reported before. */
function newProblems({ failure, sizeFailure, at, warnings = [] }: MeasuredMetric, before?: MeasuredMetric): string[] {
  const kept = at === undefined ? '' : ` (kept the value of ${at})`;
  return [
    ...(failure === undefined || before?.failure?.message === failure.message ? [] : [`${failure.message}${kept}`]),
    ...(sizeFailure === undefined || before?.sizeFailure?.message === sizeFailure.message ? [] : [sizeFailure.message]),
    ...warnings.map(backendWarningText),
  ];
}
