/** Which rows two runs are compared in: errors, the mean and percentiles of all requests, then what the experiment of either asks for. Pure. */
import { shortName } from '../../experiment/metric-names.ts';
import type { AskedQuantity, MeasuredRun } from './measured-run.ts';
import type { RowQuantity } from './row-levels.ts';

export interface RunRow {
  readonly metric: string;
  readonly quantity: RowQuantity;
  /** Which values are the better ones; absent: nobody says. */
  readonly better?: 'lower' | 'higher' | undefined;
  /** Of a share: its hits are the good ones. */
  readonly isGood?: boolean | undefined;
}

/** `percentiles`: of all requests, beside those that are asked for. */
export function rowsOfRuns(a: MeasuredRun, b: MeasuredRun, percentiles: readonly number[]): RunRow[] {
  const asked = [...a.asked, ...b.asked];
  const backendMetrics = [...new Set([...Object.keys(a.measured), ...Object.keys(b.measured)])];
  const hasRequests = a.tally.response.n > 0 || b.tally.response.n > 0;
  return [
    ...(hasRequests || backendMetrics.length === 0 ? rowsOfAllRequests(asked, percentiles) : []),
    ...rowsOfEndpoints(asked),
    ...backendMetrics.map((metric) => rowOfBackend(metric, asked)),
  ];
}

function rowsOfAllRequests(asked: readonly AskedQuantity[], percentiles: readonly number[]): RunRow[] {
  const askedPercents = asked.flatMap(({ quantity, endpoint }) =>
    quantity.kind === 'percentile' && endpoint === undefined ? [quantity.percent] : [],
  );
  const percents = [...new Set([...percentiles, ...askedPercents])].toSorted((x, y) => x - y);
  return [
    { metric: 'error-rate', quantity: { kind: 'error-rate' }, better: 'lower' },
    { metric: 'mean-latency', quantity: { kind: 'mean-latency' }, better: 'lower' },
    ...percents.map(
      (percent): RunRow => ({ metric: `p${percent}`, quantity: { kind: 'percentile', percent }, better: 'lower' }),
    ),
  ];
}

/** Of single endpoints only what is asked for, each once. */
function rowsOfEndpoints(asked: readonly AskedQuantity[]): RunRow[] {
  const byMetric = new Map<string, RunRow>();
  for (const { metric, quantity, endpoint } of asked) {
    if (endpoint === undefined || byMetric.has(metric)) continue;
    const add = (of: RowQuantity) => byMetric.set(metric, { metric: shortName(metric), quantity: of, better: 'lower' });
    if (quantity.kind === 'percentile') add({ kind: 'percentile', percent: quantity.percent, endpoint });
    else if (quantity.kind === 'error-rate' || quantity.kind === 'mean-latency') add({ kind: quantity.kind, endpoint });
  }
  return [...byMetric.values()];
}

function rowOfBackend(metric: string, asked: readonly AskedQuantity[]): RunRow {
  const own = asked.filter((one) => one.metric === metric);
  const [better, ...others] = new Set(own.map((one) => one.better));
  // What both are below: a value beyond it would count for more than it may.
  const caps = own.flatMap(({ cap }) => cap ?? []);
  return {
    metric,
    quantity: { kind: 'custom', metric, ...(caps.length === 0 ? {} : { cap: Math.max(...caps) }) },
    ...(better === undefined || others.length > 0 ? {} : { better, isGood: own.some(({ isGood }) => isGood === true) }),
  };
}
