import type { Pack } from './metric-pack.ts';

/**
 * What the proxies of the callers saw (`reporter="source"`): of a version whose pods die they see failures that its own proxies
 * cannot count. Code 0 is a request without an answer.
 */
export const ISTIO: Pack = {
  name: 'istio',
  description: 'Istio, as its sidecars and gateways see requests to a workload',
  page: 'Istio Standard Metrics, https://istio.io/latest/docs/reference/config/metrics/',
  requests: { metric: 'istio_requests_total', histogram: false },
  outcome: { label: 'response_code', failed: '^(5..|0)$' },
  latency: { metric: 'istio_request_duration_milliseconds', ms: 1 },
  selector: 'reporter="source",destination_workload="$name",destination_workload_namespace="$namespace"',
  variables: ({ namespace }) => ({ namespace }),
};
