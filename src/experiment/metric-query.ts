/** What the text of a query shows about its metric. Pure. */
import type { Metric } from './metric.ts';

/** Everything that is sent of a query. */
export const queryText = ({ spec }: Metric): string =>
  [spec.urlTemplate, spec.body, ...(spec.params ?? []).map(({ value }) => value)].join(' ');

/** Prometheus looks so far back for the value of a series: a sample of before the start is in the first answer. */
export const LOOKBACK_SECONDS = 300;

/** Each of its values holds everything since the start of the experiment. */
export const coversAll = (metric: Metric): boolean => /\$\{?elapsedTime\b/.test(queryText(metric));
