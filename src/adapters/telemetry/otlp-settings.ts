/**
 * Where measured values are pushed to, as the environment says.
 *
 * Source: OpenTelemetry specification, "OpenTelemetry Protocol Exporter" and "Environment Variable Specification".
 */
import { redactUrls } from '../../text/redact.ts';

export interface OtlpSettings {
  readonly url: string;
  /** For messages: without user, password and query. */
  readonly shownUrl: string;
  readonly protocol: 'http/protobuf' | 'http/json';
  /** `key=value,...`, percent-encoded: secrets. */
  readonly headers: string;
  readonly compression: 'gzip' | 'none';
  readonly timeoutMs: number;
  readonly intervalMs: number;
  /** `key=value,...`, percent-encoded. */
  readonly resourceAttributes: string;
  readonly serviceName?: string | undefined;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_INTERVAL_MS = 60_000;
const LONGEST_MS = 3_600_000;

type Env = Readonly<Record<string, string | undefined>>;

/** Undefined: nothing is to be pushed. `problem`: it is, and cannot be. */
export function otlpSettings(env: Env): OtlpSettings | { readonly problem: string } | undefined {
  // An empty variable is one that is not set.
  const read = (name: string): string | undefined => env[name]?.trim() || undefined;
  const ofMetrics = (name: string) => read(`OTEL_EXPORTER_OTLP_METRICS_${name}`) ?? read(`OTEL_EXPORTER_OTLP_${name}`);
  if (read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined;
  const exporters = read('OTEL_METRICS_EXPORTER');
  if (exporters !== undefined && !exporters.split(',').some((one) => one.trim() === 'otlp')) return undefined;
  const own = read('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT');
  const base = read('OTEL_EXPORTER_OTLP_ENDPOINT');
  if (own === undefined && base === undefined) return undefined;
  const variable = own === undefined ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT';
  const url = URL.canParse(own ?? base!) ? new URL(own ?? base!) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    return { problem: `${variable} is no URL with http or https: measured values are not pushed` };
  // That of metrics is taken as it is; the common one is where the paths of all signals begin.
  if (own === undefined) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/metrics`;
  const protocol = ofMetrics('PROTOCOL') ?? 'http/protobuf';
  if (protocol !== 'http/protobuf' && protocol !== 'http/json')
    return {
      problem: `OTEL_EXPORTER_OTLP_PROTOCOL: there are http/protobuf and http/json; measured values are not pushed`,
    };
  return {
    url: url.href,
    shownUrl: redactUrls(`${url.origin}${url.pathname}`),
    protocol,
    headers: [read('OTEL_EXPORTER_OTLP_HEADERS'), read('OTEL_EXPORTER_OTLP_METRICS_HEADERS')]
      .filter((one) => one !== undefined)
      .join(','),
    compression: ofMetrics('COMPRESSION') === 'gzip' ? 'gzip' : 'none',
    timeoutMs: milliseconds(ofMetrics('TIMEOUT'), DEFAULT_TIMEOUT_MS),
    intervalMs: milliseconds(read('OTEL_METRIC_EXPORT_INTERVAL'), DEFAULT_INTERVAL_MS),
    resourceAttributes: read('OTEL_RESOURCE_ATTRIBUTES') ?? '',
    serviceName: read('OTEL_SERVICE_NAME'),
  };
}

/** What is no number of milliseconds counts as not set, as the specification asks for. */
function milliseconds(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^\d{1,9}$/.test(text) && Number(text) > 0
    ? Math.min(Number(text), LONGEST_MS)
    : otherwise;
}
