/**
 * Whether traffic follows its weights: a version that gets another share of the requests than it should is not compared fairly,
 * whatever the statistics say (sample-ratio mismatch). Pure.
 */
import { formatPercent } from '../text/units.ts';
import type { Experiment, Weight } from '../experiment/experiment.ts';
import { parseMetricName } from '../experiment/metric-names.ts';
import { lnSatisfied, lnViolated } from '../evidence/one-sample/rate-bounds.ts';
import { versionRoles } from '../judge/question/question.ts';
import type { Iter8Record } from '../judge/record/stored-record.ts';

/**
 * Requests of each version as the backend counted them; undefined when nothing counts them for every version. `sinceStart`: only counts
 * of all requests since the start, so that one look can be taken from a later one.
 */
export function observedRequests(
  experiment: Experiment,
  record: Iter8Record,
  { sinceStart = false }: { readonly sinceStart?: boolean } = {},
): ReadonlyMap<string, number> | undefined {
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
  const sources = versions.map((version) => {
    const one = counter?.[version];
    return one?.value === undefined || (sinceStart && !one.cumulative)
      ? { count: live?.[version]?.n, ...live?.[version] }
      : { count: one.value, ...one };
  });
  // A number that its backend failed to give again is older than those beside it.
  if (sources.some(({ failure }) => failure !== undefined)) return undefined;
  const counts = sources.map(({ count }) => count);
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

/** What a version may have got of the requests, as parts of one. */
export interface ShareRange {
  readonly name: string;
  readonly least: number;
  readonly most: number;
}

/** Between two splits: requests of the later one may have been divided as the earlier one says, for as long as it takes effect. */
export function sharesBetween(before: readonly Weight[], now: readonly Weight[]): ShareRange[] {
  const partOf = (weights: readonly Weight[], name: string) =>
    (weights.find((one) => one.name === name)?.value ?? 0) /
    Math.max(
      1e-9,
      weights.reduce((sum, { value }) => sum + value, 0),
    );
  return now.map(({ name }) => {
    const parts = [partOf(before, name), partOf(now, name)];
    return { name, least: Math.min(...parts), most: Math.max(...parts) };
  });
}

/** A sentence about the versions whose share is shown to lie outside its range; undefined when it may lie within. */
export function sharesOutside(
  ranges: readonly ShareRange[],
  requests: ReadonlyMap<string, number>,
): string | undefined {
  const total = [...requests.values()].reduce((sum, n) => sum + n, 0);
  if (total === 0) return undefined;
  const needed = Math.log((2 * ranges.length) / ALPHA);
  const wrong = ranges.filter(({ name, least, most }) => {
    const count = { n: total, bad: requests.get(name) ?? 0 };
    const isBelow = least === 1 ? count.bad < total : least > 0 && lnSatisfied(count, least) >= needed;
    const isAbove = most === 0 ? count.bad > 0 : most < 1 && lnViolated(count, most) >= needed;
    return isBelow || isAbove;
  });
  if (wrong.length === 0) return undefined;
  const parts = wrong.map(({ name, least, most }) => {
    const got = formatPercent((100 * (requests.get(name) ?? 0)) / total);
    const range =
      least === most ? formatPercent(100 * most) : `${formatPercent(100 * least)} to ${formatPercent(100 * most)}`;
    return `${name} got ${got} of the requests, not ${range}`;
  });
  return `traffic does not follow its weights: ${parts.join(', ')}`;
}
