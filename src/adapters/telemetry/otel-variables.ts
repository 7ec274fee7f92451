/**
 * Variables of OpenTelemetry that hold no secret and name no file: those that an installed controller can be given as they are.
 * Source: OpenTelemetry specification, "OpenTelemetry Protocol Exporter" and "Environment Variable Specification".
 */
const OF_EXPORTERS = ['ENDPOINT', 'PROTOCOL', 'TIMEOUT', 'COMPRESSION'] as const;

export const OTEL_VARIABLES: readonly string[] = [
  ...OF_EXPORTERS.flatMap((one) => [`OTEL_EXPORTER_OTLP_${one}`, `OTEL_EXPORTER_OTLP_METRICS_${one}`]),
  'OTEL_METRIC_EXPORT_INTERVAL',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_SERVICE_NAME',
];
