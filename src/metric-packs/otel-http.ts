import type { Pack } from './metric-pack.ts';

/** Servers that are instrumented by OpenTelemetry; `job` is what Prometheus makes of service.namespace and service.name. */
export const OTEL_HTTP: Pack = {
  name: 'otel-http',
  description: "OpenTelemetry's conventions for HTTP servers, as the server itself measures",
  page: 'Semantic conventions for HTTP metrics, https://opentelemetry.io/docs/specs/semconv/http/http-metrics/, and Prometheus compatibility, https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/',
  requests: { metric: 'http_server_request_duration_seconds', histogram: true },
  outcome: { label: 'http_response_status_code', failed: '^5..$' },
  latency: { metric: 'http_server_request_duration_seconds', ms: 1000 },
  selector: 'job="$job"',
  variables: ({ name, namespace }) => ({ job: `${namespace}/${name}` }),
};
