import type { Pack } from './metric-pack.ts';

/** What the gateway saw of a cluster of Envoy: one for each rule of a route, or for each backend of it that has a filter. */
export const ENVOY_GATEWAY: Pack = {
  name: 'envoy-gateway',
  description: 'Envoy Gateway, as Envoy sees the backend of a route',
  page: 'Envoy, cluster statistics, https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats',
  requests: { metric: 'envoy_cluster_upstream_rq_xx', histogram: false },
  outcome: { label: 'envoy_response_code_class', failed: '^5$' },
  latency: { metric: 'envoy_cluster_upstream_rq_time', ms: 1 },
  selector: 'envoy_cluster_name=~"${cluster}"',
  variables: ({ name, namespace }) => ({ cluster: `httproute/${namespace}/${name}/rule/.*` }),
};
