/** The experiment that `init` writes and `run --url` runs: from URLs and objectives, without a manifest. Pure. */
import { UsageError } from '../errors.ts';
import { REDACTED } from '../text/redact.ts';
import { isSendableHeader, joinHeaders, UNSENDABLE_HEADER } from './http-headers.ts';
import { API_VERSION, type WrittenExperiment } from './experiment.ts';
import { parseSlo } from './slo-flag.ts';
import { LABEL } from './object-names.ts';

export interface QuickOptions {
  /** `URL` or `NAME=URL`; one: Conformance, two: Canary with the first as baseline. */
  readonly urls: readonly string[];
  readonly slos: readonly string[];
  /** `Name: value`. */
  readonly headers: readonly string[];
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  /** Requests a second for each version; 8 when absent, as everywhere. */
  readonly qps?: number | undefined;
  readonly requests?: number | undefined;
  /** Go duration. */
  readonly duration?: string | undefined;
  /** The body of each request. */
  readonly payload?: string | undefined;
  readonly contentType?: string | undefined;
  /** Absent: POST with a payload, else GET. */
  readonly method?: string | undefined;
}

/** `NAME=` counts only when a DNS label stands before the first `=`: query strings have `=` too. */
export function splitUrl(text: string): { readonly name?: string; readonly url: string } {
  const at = text.indexOf('=');
  const name = text.slice(0, at);
  return at > 0 && LABEL.test(name) ? { name, url: text.slice(at + 1) } : { url: text };
}

/** What two runs must not load at once: a server, which is more than its host. */
function targetOf(url: string): string {
  const { port } = new URL(url);
  return port === '' ? hostOf(url) : `${hostOf(url)}:${port}`;
}

function hostOf(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new UsageError(`--url ${JSON.stringify(url)} is not a URL`, {
      hint: 'write it in full, for example http://127.0.0.1:8080/',
      cause,
    });
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new UsageError(
      `--url ${JSON.stringify(url)}: expected http or https, got ${parsed.protocol.replace(':', '')}`,
    );
  }
  const host = parsed.hostname
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return host === '' ? 'service' : host;
}

function headersOf(texts: readonly string[]): Record<string, string> {
  const fields = texts.map((text) => {
    const match = /^\s*([!#$%&'*+.^_`|~\w-]+)\s*:\s*(.*)$/.exec(text);
    if (match === null)
      throw new UsageError(`--header ${withoutValue(text)} cannot be read`, {
        hint: "write --header 'Name: value', with a colon and on one line",
      });
    if (!isSendableHeader(match[1]!))
      throw new UsageError(`--header ${withoutValue(text)}: expected ${UNSENDABLE_HEADER}`);
    return [match[1]!, match[2]!] as const;
  });
  return joinHeaders(fields);
}

/** What a header holds is often a credential, also where it is not written as a header: a word alone may be one, too. */
function withoutValue(text: string): string {
  const [, name, colon = ''] = /^\s*([!#$%&'*+.^_`|~\w-]{1,40})(?:\s*(:)|\s)/.exec(text) ?? [];
  return JSON.stringify(name === undefined ? REDACTED : `${name}${colon} ${REDACTED}`);
}

/** @throws UsageError naming the flag that is wrong or missing. */
export function quickExperiment(options: QuickOptions): WrittenExperiment {
  const { urls, slos } = options;
  if (urls.length === 0)
    throw new UsageError('a --url is needed', { hint: "for example --url http://127.0.0.1:8080/ --slo 'p95<=300ms'" });
  if (urls.length > 2)
    throw new UsageError(`expected one or two --url, got ${urls.length}`, {
      hint: 'more versions need a manifest with testingPattern A/B/N',
    });
  if (slos.length === 0)
    throw new UsageError('a --slo is needed: without one there is nothing to judge', {
      hint: "for example --slo 'p95<=300ms' --slo 'error-rate<=1%'",
    });
  if (options.requests !== undefined && options.duration !== undefined)
    throw new UsageError('--requests and --duration cannot be given together');
  const versions = urls.map(splitUrl);
  const hosts = versions.map((version) => hostOf(version.url));
  const defaults = urls.length === 1 ? [hosts[0]!] : hosts[0] === hosts[1] ? ['baseline', 'candidate'] : hosts;
  const names = versions.map((version, index) => version.name ?? defaults[index]!);
  if (new Set(names).size < names.length)
    throw new UsageError(`both --url are named ${names[0]}`, { hint: 'name them: --url old=URL --url new=URL' });
  const headers = headersOf(options.headers);
  const objectives = slos.map(parseSlo);
  const withHeaders = Object.keys(headers).length > 0 ? { headers } : {};
  return {
    apiVersion: API_VERSION,
    kind: 'Experiment',
    metadata: {
      ...(options.name === undefined ? { generateName: `${hosts.at(-1)!}-` } : { name: options.name }),
      ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    },
    spec: {
      target: targetOf(versions.at(-1)!.url),
      strategy: {
        testingPattern: urls.length === 1 ? 'Conformance' : 'Canary',
        ...(urls.length === 1 ? {} : { deploymentPattern: 'FixedSplit' as const }),
        actions: {
          start: [
            {
              task: 'metrics/collect',
              with: {
                ...(options.requests === undefined ? {} : { numQueries: options.requests }),
                ...(options.duration === undefined ? {} : { time: options.duration }),
                ...(options.qps === undefined ? {} : { qps: options.qps }),
                ...(options.method === undefined ? {} : { method: options.method.toUpperCase() }),
                ...(options.payload === undefined ? {} : { payloadStr: options.payload }),
                ...(options.contentType === undefined ? {} : { contentType: options.contentType }),
                versions: versions.map(({ url }, index) => ({ name: names[index]!, url, ...withHeaders })),
              },
            },
          ],
        },
      },
      criteria: {
        requestCount: 'iter8-system/request-count',
        indicators: ['iter8-system/error-count'],
        objectives,
      },
      duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
      versionInfo: {
        baseline: { name: names[0]! },
        ...(names.length > 1 ? { candidates: [{ name: names[1]! }] } : {}),
      },
    },
  };
}
