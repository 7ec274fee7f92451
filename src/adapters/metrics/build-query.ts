/** From a Metric and a version to the request that measures it, and to the same request as it may be shown. Pure. */
import type { Metric } from '../../experiment/metric.ts';
import { fillMetricTemplate } from '../../expressions/metric-template.ts';
import { UsageError } from '../../errors.ts';
import { redact } from '../../text/redact.ts';
import { sanitizeLine } from '../../text/sanitize.ts';

export interface MetricVersion {
  readonly name: string;
  readonly variables?: readonly { readonly name: string; readonly value: string }[] | undefined;
}

export interface MetricRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Names of headers that hold a secret: they go to the first origin only. */
  readonly secretHeaders: ReadonlySet<string>;
  readonly body?: string | undefined;
  /** `GET http://...`, with the body behind it; no value of the secret is in it. */
  readonly shown: string;
}

const LONGEST_SHOWN = 2_000;
/** As far back as Prometheus looks for the value of a series. */
const LOOKBACK_SECONDS = 300;

/**
 * `elapsedSeconds`: since the experiment's startTime; at least 1 is used. `secret`: the fields of the metric's secret.
 *
 * @throws UsageError when the metric has no URL, or one that is none after all is filled in; never with a secret in it
 */
export function resolveQuery(
  { spec, metadata }: Metric,
  version: MetricVersion,
  options: {
    readonly elapsedSeconds: number;
    readonly lookbackSeconds?: number | undefined;
    readonly secret?: Readonly<Record<string, string>> | undefined;
  },
): MetricRequest {
  const secret = options.secret ?? {};
  const values: Record<string, string> = { name: version.name };
  for (const variable of version.variables ?? []) values[variable.name] = variable.value;
  values['elapsedTime'] = String(Math.max(1, Math.floor(options.elapsedSeconds)));
  values['lookbackSeconds'] = String(Math.ceil(options.lookbackSeconds ?? LOOKBACK_SECONDS));
  const url = urlOf(spec.urlTemplate ?? '', metadata.name, secret);
  if (spec.method === 'GET')
    for (const { name, value } of spec.params ?? []) url.searchParams.append(name, fillMetricTemplate(value, values));
  const headers: Record<string, string> = {};
  const secretHeaders = new Set<string>();
  for (const { name, value } of spec.headerTemplates ?? []) {
    headers[name] = fillMetricTemplate(value, secret);
    if (headers[name] !== value) secretHeaders.add(name.toLowerCase());
  }
  if (spec.authType === 'Basic') {
    headers['Authorization'] =
      `Basic ${Buffer.from(`${secret['username'] ?? ''}:${secret['password'] ?? ''}`).toString('base64')}`;
    secretHeaders.add('authorization');
  }
  // What stands in a JSON text must stay a part of its strings.
  const quoted = (value: string) => JSON.stringify(value).slice(1, -1);
  const body = spec.method === 'POST' ? fillMetricTemplate(spec.body ?? '', values, quoted) : undefined;
  if (body !== undefined && !Object.keys(headers).some((name) => name.toLowerCase() === 'content-type'))
    headers['Content-Type'] = 'application/json';
  const text = `${spec.method} ${decodeParams(url)}${body === undefined || body === '' ? '' : ` ${body}`}`;
  return {
    method: spec.method,
    url: url.toString(),
    headers,
    secretHeaders,
    body,
    shown: sanitizeLine(redact(text, Object.values(secret))).slice(0, LONGEST_SHOWN),
  };
}

function urlOf(template: string, metric: string, secret: Readonly<Record<string, string>>): URL {
  const filled = fillMetricTemplate(template, secret);
  if (URL.canParse(filled)) {
    const url = new URL(filled);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  }
  throw new UsageError(
    `metric ${metric}: urlTemplate is no http(s) URL: ${redact(filled, Object.values(secret)).slice(0, 200)}`,
  );
}

/** A query as people read it: `?query=sum(rate(x[5m]))`, not its percent signs. */
function decodeParams(url: URL): string {
  const params = [...url.searchParams].map(([name, value]) => `${name}=${value}`);
  return `${url.origin}${url.pathname}${params.length === 0 ? '' : `?${params.join('&')}`}`;
}
