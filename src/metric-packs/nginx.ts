import type { Pack } from './metric-pack.ts';

/**
 * The controller ingress-nginx: nginx's own exporter knows neither codes nor durations. Requests of a canary Ingress are counted
 * for the main Ingress, with the label `canary`. Prometheus calls the label `namespace` of a target `exported_namespace` where it
 * sets one itself (`honor_labels: false`): the variable says which it is.
 */
export const NGINX: Pack = {
  name: 'nginx',
  description: 'ingress-nginx, as the controller sees requests of an Ingress and its canary',
  page: 'Ingress-Nginx Controller, Monitoring, https://kubernetes.github.io/ingress-nginx/user-guide/monitoring/',
  requests: { metric: 'nginx_ingress_controller_requests', histogram: false },
  outcome: { label: 'status', failed: '^5..$' },
  latency: { metric: 'nginx_ingress_controller_request_duration_seconds', ms: 1000 },
  selector: '${namespaceLabel}="$namespace",ingress="$ingress",canary="$canary"',
  variables: ({ name, namespace, baseline }) => ({
    namespace,
    namespaceLabel: 'exported_namespace',
    ingress: baseline,
    canary: name === baseline ? '' : `${namespace}-${name}-80`,
  }),
};
