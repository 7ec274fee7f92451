import type { Pack } from './metric-pack.ts';

/** What the proxies of the version's pods saw. Latencies are until the first byte. Labels of workloads are added by linkerd-viz. */
export const LINKERD: Pack = {
  name: 'linkerd',
  description: 'Linkerd, as the proxies of a Deployment see its requests',
  page: 'Proxy Metrics, https://linkerd.io/2-edge/reference/proxy-metrics/',
  requests: { metric: 'response_total', histogram: false },
  outcome: { label: 'classification', failed: '^failure$' },
  latency: { metric: 'response_latency_ms', ms: 1 },
  selector: 'direction="inbound",deployment="$name",namespace="$namespace"',
  variables: ({ namespace }) => ({ namespace }),
};
