/**
 * Whether traffic follows its weights: a version that gets another share of the requests than it should is not compared fairly,
 * whatever the statistics say (sample-ratio mismatch). Pure.
 */
import { formatPercent } from '../text/units.ts';
import type { Experiment, Weight } from '../experiment/experiment.ts';
import { parseMetricName } from '../experiment/metric-names.ts';
import { lnSatisfied, lnViolated } from '../evidence/one-sample/rate.ts';
import { versionRoles } from '../judge/question/question.ts';
import type { Iter8Record } from '../judge/record/stored-record.ts';

/** Requests of each version as the backend counted them; undefined when nothing counts them for every version. */
export function observedRequests(experiment: Experiment, record: Iter8Record): ReadonlyMap<string, number> | undefined {
  const versions = versionRoles(experiment).map(({ name }) => name);
  const { requestCount } = experiment.spec.criteria;
  const counter =
    requestCount !== undefined &&
    parseMetricName(requestCount, experiment.metadata.namespace).quantity.kind === 'custom'
      ? record.measured?.[requestCount]
      : undefined;
  const live = Object.values(record.measured ?? {}).find((byVersion) =>
    versions.every((version) => byVersion[version]?.counters !== undefined),
  );
  const counts = versions.map((version) => counter?.[version]?.value ?? live?.[version]?.n);
  if (counts.some((count) => count === undefined) || counts.every((count) => count === 0)) return undefined;
  return new Map(versions.map((version, index) => [version, counts[index]!]));
}

/** One in a thousand experiments whose traffic does follow its weights is accused. */
const ALPHA = 0.001;

/** A sentence about the versions whose share is shown to be another; undefined when it may be as it should. */
export function sampleRatioMismatch(
  weights: readonly Weight[],
  requests: ReadonlyMap<string, number>,
): string | undefined {
  const total = [...requests.values()].reduce((sum, n) => sum + n, 0);
  const sum = weights.reduce((all, { value }) => all + value, 0);
  if (total === 0 || sum === 0) return undefined;
  const needed = Math.log((2 * weights.length) / ALPHA);
  const wrong = weights.filter(({ name, value }) => {
    const count = { n: total, bad: requests.get(name) ?? 0 };
    const share = value / sum;
    if (share === 0) return count.bad > 0;
    if (share === 1) return count.bad < total;
    return lnSatisfied(count, share) >= needed || lnViolated(count, share) >= needed;
  });
  if (wrong.length === 0) return undefined;
  const parts = wrong.map(
    ({ name, value }) =>
      `${name} got ${formatPercent((100 * (requests.get(name) ?? 0)) / total)} of the requests, not ${formatPercent((100 * value) / sum)}`,
  );
  return `traffic does not follow its weights: ${parts.join(', ')}`;
}
