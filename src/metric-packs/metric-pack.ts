/**
 * A metric pack: what an exporter calls its counters and buckets, from which Metric objects are made that ask Prometheus for raw
 * samples. Never rate(), increase() or histogram_quantile(): those extrapolate and interpolate, and nothing can be concluded
 * from them with confidence (docs/method.md 1.6).
 */
import { API_VERSION } from '../experiment/experiment.ts';
import type { WrittenMetric } from '../experiment/metric.ts';

export interface Pack {
  /** As `init --metrics` takes it. */
  readonly name: string;
  readonly description: string;
  /** The page that names and labels are from. */
  readonly page: string;
  /** A counter of requests, or a histogram, whose count is one: base name, without `_bucket`, `_count`. */
  readonly requests: { readonly metric: string; readonly histogram: boolean };
  /** Label whose value says whether a request failed. */
  readonly outcome: { readonly label: string; readonly failed: string };
  /** Base name of the histogram of latencies, and ms in one of its units. */
  readonly latency: { readonly metric: string; readonly ms: number };
  /** Matchers that select a version: placeholders are its name and its variables. */
  readonly selector: string;
  /** Variables that a version needs, with what `init` writes. */
  readonly variables: (version: PackVersion) => Readonly<Record<string, string>>;
}

export interface PackVersion {
  readonly name: string;
  readonly namespace: string;
  /** Name of the baseline. */
  readonly baseline: string;
}

export type PackQuantity =
  | { readonly kind: 'error-rate' }
  | { readonly kind: 'mean-latency' }
  | { readonly kind: 'percentile'; readonly percent: number };

/** `istio-error-rate`, `istio-latency-95th-percentile`: never the name of a metric that is built in. */
export function packMetricName(pack: Pack, quantity: PackQuantity): string {
  return `${pack.name}-${quantity.kind === 'percentile' ? `latency-${quantity.percent}th-percentile` : quantity.kind}`;
}

/** `prometheus`: its address, such as `http://prometheus.monitoring:9090`. */
export function packMetric(
  pack: Pack,
  quantity: PackQuantity,
  how: { readonly prometheus: string; readonly namespace?: string | undefined },
): WrittenMetric {
  const { query, jq, description } = questionOf(pack, quantity);
  return {
    apiVersion: API_VERSION,
    kind: 'Metric',
    metadata: {
      name: packMetricName(pack, quantity),
      ...(how.namespace === undefined ? {} : { namespace: how.namespace }),
    },
    spec: {
      description,
      provider: 'prometheus',
      type: 'Gauge',
      ...(quantity.kind === 'error-rate' ? {} : { units: 'milliseconds' }),
      method: 'GET',
      urlTemplate: `${how.prometheus.replace(/\/+$/, '')}/api/v1/query`,
      params: [{ name: 'query', value: query }],
      jqExpression: jq,
    },
  };
}

interface Question {
  readonly query: string;
  readonly jq: string;
  readonly description: string;
}

/** Samples with their own times: a range selector asked for as an instant. */
const range = (names: string, selector: string): string => `{__name__=~"${names}",${selector}}[\${lookbackSeconds}s]`;

/** A series without its name: the same for the parts of one histogram. */
const SERIES = '.data.result[] | .metric as $labels | ($labels | del(.__name__)) as $series |';

function questionOf(pack: Pack, quantity: PackQuantity): Question {
  const { requests, outcome, latency, selector, name } = pack;
  switch (quantity.kind) {
    case 'error-rate': {
      const { metric, histogram } = requests;
      // A native histogram has no series of its count.
      const count = histogram ? ' | if type == "object" then .count else . end' : '';
      const samples = histogram ? '(.values[]?, .histograms[]?)' : '.values[]?';
      return {
        description: `Share of requests that failed, from ${metric} (pack ${name})`,
        query: range(histogram ? `${metric}(_count)?` : metric, selector),
        jq: [
          `{shares: [${SERIES} ($labels["${outcome.label}"] // "" | test("${outcome.failed}")) as $failed |`,
          `${samples} | (.[1]${count} | tonumber) as $n | {$series, at: .[0]}`,
          '+ if $failed then {hits: $n} else {others: $n} end]}',
        ].join(' '),
      };
    }
    case 'mean-latency': {
      const { metric, ms } = latency;
      const scaled = ms === 1 ? '' : ` * ${ms}`;
      return {
        description: `Mean latency, from ${metric} (pack ${name})`,
        query: range(`${metric}(_sum|_count)?`, selector),
        jq: [
          `{sums: [${SERIES} $labels.__name__ as $name |`,
          `((.values[]? | {$series, at: .[0]} + if $name | endswith("_sum") then {sum: (.[1] | tonumber${scaled})}`,
          'else {count: (.[1] | tonumber)} end),',
          `(.histograms[]? | {$series, at: .[0], sum: (.[1].sum | tonumber${scaled}), count: (.[1].count | tonumber)}))]}`,
        ].join(' '),
      };
    }
    case 'percentile': {
      const { metric, ms } = latency;
      const scaled = ms === 1 ? '' : ` * ${ms}`;
      return {
        description: `${quantity.percent}th percentile latency, from ${metric} (pack ${name})`,
        query: range(`${metric}(_bucket)?`, selector),
        jq: [
          `{percentile: ${quantity.percent}, histograms: [${SERIES} ($series | del(.le)) as $series |`,
          '((.values[]? | {$series, at: .[0], count: (.[1] | tonumber),',
          `le: ($labels.le | if . == "+Inf" then . else tonumber${scaled} end)}),`,
          '(.histograms[]? | {$series, at: .[0], count: (.[1].count | tonumber),',
          `buckets: [.[1].buckets[]? | [(.[1] | tonumber${scaled}), (.[2] | tonumber${scaled}), (.[3] | tonumber)]]}))]}`,
        ].join(' '),
      };
    }
  }
}
