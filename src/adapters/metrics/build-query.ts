/** From a Metric and a version to the request that measures it, and to the same request as it may be shown. Pure. */
import type { Metric } from '../../experiment/metric.ts';
import { LOOKBACK_SECONDS } from '../../experiment/metric-query.ts';
import { fillMetricTemplate, MetricTemplateError } from '../../expressions/metric-template.ts';
import { isHeaderValue } from '../../expressions/message-placeholders.ts';
import { formValue, jsonValue, queryValue, urlValue } from '../../expressions/query-value.ts';
import { UsageError } from '../../errors.ts';
import { isCredentialName, isPlainHeader } from '../../text/credential-names.ts';
import { credentialsIn, credentialsToRedact } from '../../text/credentials.ts';
import { percentDecoded } from '../../text/percent.ts';
import { redact, REDACTED } from '../../text/redact.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { basicHeader, userAndPassword } from '../http/url-user.ts';

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
  /** What must not be shown of it, nor be sent to another origin in a URL. */
  readonly secrets: readonly string[];
  /** `GET http://...`, with the body behind it; no value of the secret is in it. */
  readonly shown: string;
}

type Secret = Readonly<Record<string, string>>;
type Values = Readonly<Record<string, string>>;

const LONGEST_SHOWN = 2_000;

/**
 * Everything that must not be shown of a query: the fields of its secret, what the metric itself holds of credentials, and
 * headers, which are for credentials where they are not of a few plain kinds.
 */
export function secretsOf({ spec }: Metric, secret: Secret = {}, version?: MetricVersion): string[] {
  const { headerTemplates = [], params, urlTemplate, body } = spec;
  const headers = headerTemplates.filter(({ name }) => !isPlainHeader(name));
  return [
    ...Object.values(secret),
    userAndPassword(secret['username'] ?? '', secret['password'] ?? ''),
    ...credentialsIn({
      headerTemplates: headers,
      params,
      urlTemplate,
      body,
      ...(spec.secret === undefined ? {} : { secret: '' }),
    }),
    ...credentialsToRedact({ variables: version?.variables }),
    ...filledParts(headers, urlTemplate ?? '', secret),
    // What looks like a placeholder is sent as it is written where no version has such a value: then it was a credential.
    ...(params ?? []).flatMap(({ name, value }) => (isCredentialName(name) && value.includes('$') ? [value] : [])),
  ];
}

/**
 * What a secret was put into, as it is sent: there a secret is found that is too short to be looked for by itself. Of a URL
 * its path segments and the values of its parameters.
 */
function filledParts(headers: readonly { readonly value: string }[], urlTemplate: string, secret: Secret): string[] {
  const [, path = ''] = /^[^?#]*?:\/\/[^/?#]*([^#]*)/s.exec(urlTemplate) ?? [];
  const parts = path.split(/[/?&]/).map((part) => part.replace(/^[^=]*=/, ''));
  return [...headers.map(({ value }) => value), ...parts].flatMap((template) => {
    const filled = filledOrNot(template, secret);
    // A placeholder that the secret has no field for is sent as it is written: it may be a credential with a dollar.
    return filled === template && !template.includes('$') ? [] : [filled, percentDecoded(filled)];
  });
}

/** A template that cannot be filled in is sent nowhere. */
function filledOrNot(template: string, secret: Secret): string {
  try {
    return fillMetricTemplate(template, secret);
  } catch (error) {
    if (!(error instanceof MetricTemplateError)) throw error;
    return template;
  }
}

/**
 * `elapsedSeconds`: since the experiment's startTime; at least 1 is used. `secret`: the fields of the metric's secret.
 *
 * @throws UsageError when the metric has no URL, or one that is none after all is filled in, or when a value cannot be put
 * into its query; never with a secret in it
 */
export function resolveQuery(
  metric: Metric,
  version: MetricVersion,
  options: {
    readonly elapsedSeconds: number;
    readonly lookbackSeconds?: number | undefined;
    readonly secret?: Secret | undefined;
  },
): MetricRequest {
  const { spec, metadata } = metric;
  const secret = options.secret ?? {};
  const values: Record<string, string> = { name: version.name };
  for (const variable of version.variables ?? []) values[variable.name] = variable.value;
  values['elapsedTime'] = String(Math.max(1, Math.floor(options.elapsedSeconds)));
  values['lookbackSeconds'] = String(Math.ceil(options.lookbackSeconds ?? LOOKBACK_SECONDS));
  try {
    const url = urlOf(metric, secret);
    const params = spec.method === 'GET' ? (spec.params ?? []) : [];
    for (const { name, value } of params) url.searchParams.append(name, fillMetricTemplate(value, values, queryValue));
    const { headers, secretHeaders } = headersOf(metric, secret);
    moveUserinfo(url, headers, secretHeaders);
    const body = spec.method === 'POST' ? bodyOf(metric, values, headers) : undefined;
    return {
      method: spec.method,
      url: url.toString(),
      headers,
      secretHeaders,
      body,
      secrets: secretsOf(metric, secret, version),
      shown: shownAs(metric, { url, body, secret, version }),
    };
  } catch (error) {
    if (!(error instanceof MetricTemplateError)) throw error;
    throw new UsageError(`metric ${metadata.name}, version ${version.name}: ${error.message}`, { cause: error });
  }
}

function headersOf(
  { spec }: Metric,
  secret: Secret,
): { readonly headers: Record<string, string>; readonly secretHeaders: Set<string> } {
  const headers: Record<string, string> = {};
  const secretHeaders = new Set<string>();
  for (const { name, value } of spec.headerTemplates ?? []) {
    const filled = fillMetricTemplate(value, secret);
    // A secret that was made of a file ends with a newline.
    headers[name] = filled.trim();
    if (!isHeaderValue(headers[name]))
      throw new MetricTemplateError(`header ${name}: its value is not one line of Latin-1, as headers are`);
    if (filled !== value || isCredentialName(name)) secretHeaders.add(name.toLowerCase());
  }
  if (spec.authType === 'Basic') {
    headers['Authorization'] = basicHeader(secret['username'] ?? '', secret['password'] ?? '');
    secretHeaders.add('authorization');
  }
  return { headers, secretHeaders };
}

/** User and password of the URL become a header, as curl sends them; another header of that name wins. */
function moveUserinfo(url: URL, headers: Record<string, string>, secretHeaders: Set<string>): void {
  const { username, password } = url;
  [url.username, url.password] = ['', ''];
  const isSet = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  if (isSet || (username === '' && password === '')) return;
  const plain = [username, password].map(percentDecoded).join(':');
  headers['Authorization'] = `Basic ${Buffer.from(plain).toString('base64')}`;
  secretHeaders.add('authorization');
}

/** What kind of text it is decides how values are written; `application/json` where no header says another. */
function bodyOf({ spec }: Metric, values: Values, headers: Record<string, string>): string {
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  if (type === undefined) headers['Content-Type'] = 'application/json';
  const text = spec.body ?? '';
  const isJson = type === undefined || /json/i.test(type) || /^\s*[{[]/.test(text);
  const write = isJson ? jsonValue : /urlencoded/i.test(type) ? formValue : queryValue;
  return fillMetricTemplate(text, values, write);
}

/** @throws UsageError without anything of the secret */
function urlOf(metric: Metric, secret: Secret): URL {
  const filled = fillMetricTemplate(metric.spec.urlTemplate ?? '', secret, urlValue);
  if (URL.canParse(filled)) {
    const url = new URL(filled);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  }
  throw new UsageError(
    `metric ${metric.metadata.name}: urlTemplate is no http(s) URL: ${redact(filled, secretsOf(metric, secret)).slice(0, 200)}`,
  );
}

/** A query as people read it: `?query=sum(rate(x[5m]))`, not its percent signs; without what a secret gave. */
function shownAs(
  metric: Metric,
  {
    url,
    body,
    secret,
    version,
  }: { readonly url: URL; readonly body: string | undefined; readonly secret: Secret; readonly version: MetricVersion },
): string {
  // Filled in with `***`, so that nothing of it depends on what a value looks like.
  const hidden = fillMetricTemplate(
    metric.spec.urlTemplate ?? '',
    Object.fromEntries(Object.keys(secret).map((name) => [name, REDACTED])),
  );
  const { origin, pathname, searchParams } = URL.canParse(hidden) ? new URL(hidden) : url;
  const own = [...searchParams].map(([name, value]): [string, string] => [name, value]);
  const params = [...own, ...[...url.searchParams].slice(own.length)].map(
    ([name, value]) => `${name}=${isCredentialName(name) ? REDACTED : value}`,
  );
  const query = params.length === 0 ? '' : `?${params.join('&')}`;
  const text = `${metric.spec.method} ${origin}${pathname}${query}${body === undefined || body === '' ? '' : ` ${body}`}`;
  return sanitizeLine(redact(text, secretsOf(metric, secret, version))).slice(0, LONGEST_SHOWN);
}
