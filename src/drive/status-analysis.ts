/** The fields of status.analysis that Iter8 0.7 knows, from what was counted and judged. Pure. */
import type { Analysis, Experiment, ExperimentStatus } from '../experiment/experiment.ts';
import { completedIterations } from '../experiment/iterations.ts';
import { BUILTIN_METRICS, namedMetrics, parseMetricName } from '../experiment/metric-names.ts';
import { formatQuantity } from '../experiment/quantity.ts';
import { toDurationHistogram } from '../judge/iter8-07/duration-histogram.ts';
import { percentile } from '../evidence/one-sample/percentile-bounds.ts';
import type { Tally } from '../evidence/request-tally.ts';
import { combineVerdicts, type LimitAssessment } from '../judge/assessment.ts';
import type { Question } from '../judge/question/question.ts';
import { countedScopes, readTally, tallyOf, type Iter8Record } from '../judge/record/stored-record.ts';
import { recommendedWeights } from '../traffic/recommended-weights.ts';
import { versionVerdicts, winnerOf } from '../judge/winner.ts';
import { MAX_INT32 } from '../experiment/contract-words.ts';

/** Value of a built-in metric: ms, share, count. Undefined without requests, or for a name that is none of ours. */
export function builtinValue(
  name: string,
  namespace: string,
  tallyFor: (endpoint: string | undefined) => Tally,
): number | undefined {
  const { quantity, endpoint } = parseMetricName(name, namespace);
  const { response } = tallyFor(endpoint);
  if (quantity.kind === 'request-count') return response.n;
  if (quantity.kind === 'error-count') return response.errors;
  if (response.n === 0) return undefined;
  switch (quantity.kind) {
    case 'error-rate':
      return response.errors / response.n;
    case 'mean-latency':
      return response.sumMs / response.n;
    case 'percentile':
      return percentile(response.histogram, quantity.percent);
    case 'custom':
      return undefined;
  }
}

/** Histograms and codes of all versions, as Iter8 0.7 wrote them, beside what else is in that place. */
function histogramsOf(record: Iter8Record): Record<string, unknown> {
  const hists: Record<string, unknown> = {};
  for (const { version, endpoint, tally: stored } of countedScopes(record)) {
    if (endpoint !== undefined) continue;
    const tally = readTally(stored);
    const retCodes: Record<string, number> = {};
    for (const [code, count] of Object.entries(tally.codes)) {
      const key = /^\d+$/.test(code) ? code : '-1'; // 0.7 knows one code for everything without an HTTP answer
      retCodes[key] = (retCodes[key] ?? 0) + count;
    }
    hists[version] = { DurationHistogram: toDurationHistogram(tally.response), RetCodes: retCodes };
  }
  return hists;
}

/** The histograms alone: what a start task leaves before the first iteration. */
export function withHistograms(status: ExperimentStatus, record: Iter8Record, time: string): ExperimentStatus {
  const before = status.analysis?.aggregatedBuiltinHists;
  return {
    ...status,
    analysis: {
      ...status.analysis,
      aggregatedBuiltinHists: {
        ...before,
        provenance: 'Builtin metrics collector',
        timestamp: time,
        data: { ...before?.data, ...histogramsOf(record) },
      },
    },
  };
}

export interface AnalysisFacts {
  readonly experiment: Experiment;
  readonly question: Question;
  readonly record: Iter8Record;
  readonly assessments: readonly LimitAssessment[];
  readonly time: string;
  readonly provenance: string;
}

/** The whole analysis of an iteration. `versionAssessments` are true only where satisfied. */
export function analysisOf(facts: AnalysisFacts): Omit<Analysis, 'aggregatedBuiltinHists'> {
  const { experiment, question, record, assessments, time, provenance } = facts;
  const { versions } = question;
  const verdicts = versionVerdicts(versions, assessments);
  const { rewardResult } = record;
  const nothing = assessments.length === 0 && rewardResult === undefined;
  const winner = nothing ? undefined : whoWon(question, verdicts, record);
  const part = { provenance, timestamp: time };
  return {
    aggregatedMetrics: { ...part, data: aggregatedMetrics(experiment, question, record) },
    versionAssessments: {
      ...part,
      data: Object.fromEntries(
        versions.map(({ name }) => [
          name,
          experiment.spec.criteria.objectives.map(
            (_, index) =>
              combineVerdicts(
                assessments.filter((one) => one.version === name && one.objective === index).map((one) => one.verdict),
              ) === 'satisfied',
          ),
        ]),
      ),
    },
    winnerAssessment: { ...part, data: winner === undefined ? { winnerFound: false } : { winnerFound: true, winner } },
    weights: {
      ...part,
      data: recommendedWeights(experiment, question, {
        assessments,
        reward: record.reward,
        rewardResult,
        measured: record.measured,
        present: record.traffic?.weights,
        seed: completedIterations(experiment) + 1,
      }),
    },
  };
}

/** Whoever is not promoted has not won: errors that no objective is about withhold it (docs/behavior.md 10.1). */
function whoWon(
  question: Question,
  verdicts: ReturnType<typeof versionVerdicts>,
  { rewardResult, recommendation }: Iter8Record,
): string | undefined {
  const winner = winnerOf(question, verdicts, rewardResult);
  const isWithheld = recommendation?.verdict !== 'promote' && question.answered.some(({ name }) => name === winner);
  return isWithheld ? undefined : winner;
}

type AggregatedMetrics = NonNullable<Analysis['aggregatedMetrics']>['data'];

/** All nine built-ins once something was counted, and whatever else the criteria name. */
function aggregatedMetrics(experiment: Experiment, { versions }: Question, record: Iter8Record): AggregatedMetrics {
  const scopes = countedScopes(record);
  const names = new Set([...(scopes.length > 0 ? BUILTIN_METRICS : []), ...namedMetrics(experiment.spec.criteria)]);
  const metrics: AggregatedMetrics = {};
  for (const name of names) {
    const data: AggregatedMetrics[string]['data'] = {};
    for (const version of versions) {
      const measured = record.measured?.[name]?.[version.name];
      if (measured?.value !== undefined) {
        data[version.name] = {
          value: formatQuantity(measured.value),
          ...(measured.n === undefined ? {} : { sampleSize: Math.min(MAX_INT32, Math.round(measured.n)) }),
        };
        continue;
      }
      const tallyFor = (endpoint: string | undefined) => tallyOf(scopes, version.name, endpoint);
      const counted = tallyFor(undefined).response.n > 0;
      const value = counted ? builtinValue(name, experiment.metadata.namespace, tallyFor) : undefined;
      data[version.name] =
        value === undefined
          ? {}
          : {
              value: formatQuantity(value),
              sampleSize: Math.min(
                MAX_INT32,
                tallyFor(parseMetricName(name, experiment.metadata.namespace).endpoint).response.n,
              ),
            };
    }
    metrics[name] = { data };
  }
  return metrics;
}
