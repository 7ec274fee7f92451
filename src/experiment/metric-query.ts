/** What the text of a query shows about its metric. Pure. */
import type { Metric } from './metric.ts';

/** Everything that is sent of a query. */
export const queryText = ({ spec }: Metric): string =>
  [spec.urlTemplate, spec.body, ...(spec.params ?? []).map(({ value }) => value)].join(' ');

/** Each of its values holds everything since the start of the experiment. */
export const coversAll = (metric: Metric): boolean => /\$\{?elapsedTime\b/.test(queryText(metric));
