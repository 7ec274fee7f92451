/**
 * A verdict in one call: the metrics are asked once, about a window that ends now, and judged by the functions of every other run.
 * Raw counters are read as if somebody had looked at the beginning of the window and at its end.
 */
import { versionsIn, type Experiment } from '../experiment/experiment.ts';
import { customMetrics } from '../experiment/metric-names.ts';
import type { AskedVerdict } from '../experiment/verdict-request.ts';
import { openingSamples } from '../evidence/counters/opening-samples.ts';
import { givesCounters, measureVersion, metricOf, type MeasuredAt } from '../drive/measure-version.ts';
import { backendWarningText, noValueText } from '../judge/wording/no-value-sentences.ts';
import type { Measurement, MetricQuestion, MetricSource } from '../drive/ports.ts';
import type { MeasuredMetric } from '../judge/limits/custom-metric.ts';
import { compileQuestion } from '../judge/question/question.ts';
import { addMeasurement } from '../judge/record/measurement.ts';
import { EMPTY_RECORD, type Iter8Record } from '../judge/record/stored-record.ts';
import { judgedAgain } from '../replay/replay.ts';
import { formatCount } from '../text/units.ts';

export interface JudgePorts {
  readonly metrics: MetricSource;
  readonly now: () => number;
  readonly by: string;
  readonly signal: AbortSignal;
}

/** All that a verdict holds in memory at once, of all its metrics and versions: some hundred bytes each. */
const MOST_SAMPLES = 200_000;

type Values = NonNullable<Iter8Record['measured']>;

/** The experiment as it is after it was judged. @throws what `signal` was aborted with; InvalidManifestError */
export async function judgeWindow(
  { experiment, windowMs }: AskedVerdict,
  ports: JudgePorts,
  mostSamples = MOST_SAMPLES,
): Promise<Experiment> {
  const nowMs = ports.now();
  const startMs = nowMs - windowMs;
  const [startTime, time] = [new Date(startMs).toISOString(), new Date(nowMs).toISOString()];
  const started = { ...experiment, status: { ...experiment.status, startTime } };
  const question = compileQuestion(started);
  const asked = askedOnce(ports.metrics, windowMs / 1000, mostSamples);
  const measure = async (record: Iter8Record, source: MetricSource, isOpening: boolean): Promise<Values> => {
    const at = { experiment: started, question, record, nowMs, steadyMs: nowMs, startMs, signal: ports.signal };
    return measureAll(at, source, isOpening);
  };
  const opening = await measure(EMPTY_RECORD, asked.opening, true);
  const opened = addMeasurement(question, EMPTY_RECORD, { time: startTime, startTime, values: opening });
  const values = await measure(opened, asked.closing, false);
  const record = { ...addMeasurement(question, opened, { time, startTime, values }), by: ports.by };
  return judgedAgain(
    {
      experiment: started,
      record,
      planDone: true,
      completedIterations: 1,
      judged: { time, measuringDone: true, runningSeconds: windowMs / 1000, completedIterations: 1, weights: [] },
    },
    warningsOf(values),
  );
}

/** One after another: a caller keeps one connection of the backend. */
async function measureAll(at: MeasuredAt, source: MetricSource, isOpening: boolean): Promise<Values> {
  const { experiment } = at;
  const measured: Record<string, Record<string, MeasuredMetric>> = {};
  for (const { written } of customMetrics(experiment)) {
    const metric = metricOf(experiment, written, experiment.metadata.namespace);
    if (metric === undefined || (isOpening && !givesCounters(metric))) continue;
    for (const version of versionsIn(experiment)) {
      at.signal?.throwIfAborted();
      const now = await measureVersion(at, { name: written, metric, version }, source);
      if (!isOpening || now.counters !== undefined) (measured[written] ??= {})[version.name] = now;
    }
  }
  return measured;
}

/** The same answers twice: what of them was there when the window began, and all. */
function askedOnce(
  metrics: MetricSource,
  windowSeconds: number,
  mostSamples: number,
): { readonly opening: MetricSource; readonly closing: MetricSource } {
  const answers = new Map<string, Promise<Measurement>>();
  let samples = 0;
  const bounded = async (question: MetricQuestion): Promise<Measurement> => {
    const answer = await metrics.measure({
      ...question,
      elapsedSeconds: windowSeconds,
      lookbackSeconds: windowSeconds,
    });
    if (answer.kind !== 'counters') return answer;
    samples += answer.answer.samples.length;
    if (samples <= mostSamples) return answer;
    const { at, query } = answer;
    const message = noValueText(
      'unusable-answer',
      `with it this verdict has more than ${formatCount(mostSamples)} samples: take a shorter window, or select fewer series`,
    );
    return { kind: 'error', reason: 'unusable-answer', message, at, query };
  };
  const answerTo = (question: MetricQuestion): Promise<Measurement> => {
    const key = JSON.stringify([question.metric.metadata.name, question.version.name]);
    const known = answers.get(key) ?? bounded(question);
    answers.set(key, known);
    return known;
  };
  return {
    opening: {
      measure: async (question) => {
        const answer = await answerTo(question);
        return answer.kind === 'counters' ? { ...answer, answer: openingSamples(answer.answer) } : answer;
      },
    },
    closing: { measure: answerTo },
  };
}

const warningsOf = (values: Values): string[] => [
  ...new Set(
    Object.entries(values).flatMap(([metric, versions]) =>
      Object.entries(versions).flatMap(([version, { warnings = [] }]) =>
        warnings.map((text) => `${metric} of ${version}: ${backendWarningText(text)}`),
      ),
    ),
  ),
];
