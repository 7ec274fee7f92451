/** Builds the requests of a collect task: bodies, headers from secrets, certificates. Everything is read once, before the start. */
import { readFile } from 'node:fs/promises';
import { messageOf, UnavailableError, UsageError } from '../../errors.ts';
import { qualifiedKey } from '../../experiment/experiment.ts';
import type { CollectEndpoint, CollectTls } from '../../experiment/task-inputs.ts';
import type { LoadEndpoint, RequestBuilder, SecretReader, TlsSettings } from '../../drive/ports.ts';

/** A payload larger than this is a mistake. */
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
const PAYLOAD_TIMEOUT_MS = 30_000;

export function createRequestBuilder(ports: { readonly secrets: SecretReader }): RequestBuilder {
  return {
    build: (inputs, namespace, signal) =>
      Promise.all(
        inputs.versions.map(async (version) => ({
          version: version.name,
          endpoints: await Promise.all(
            version.endpoints.map((endpoint) => buildEndpoint(endpoint, { ...ports, namespace, signal })),
          ),
        })),
      ),
  };
}

interface Sources {
  readonly secrets: SecretReader;
  readonly namespace: string;
  readonly signal: AbortSignal | undefined;
}

async function buildEndpoint(endpoint: CollectEndpoint, sources: Sources): Promise<LoadEndpoint> {
  const [body, secretHeaders, tls] = await Promise.all([
    payloadOf(endpoint, sources.signal),
    endpoint.headersFrom === undefined
      ? {}
      : sources.secrets.read(qualifiedKey(endpoint.headersFrom.secret, sources.namespace), sources.signal),
    endpoint.tls === undefined ? undefined : tlsOf(endpoint.tls, sources),
  ]);
  const headers: Record<string, string> = { ...endpoint.headers };
  for (const [name, value] of Object.entries<string>(secretHeaders))
    headers[checkedName(name, endpoint)] = checkedValue(name, value.trim(), endpoint);
  const typed = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  if (endpoint.method === 'POST' && !typed)
    headers['Content-Type'] = endpoint.contentType ?? 'application/octet-stream';
  return {
    ...(endpoint.name === undefined ? {} : { name: endpoint.name }),
    url: endpoint.url,
    method: endpoint.method,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(tls === undefined ? {} : { tls }),
    ...(endpoint.resolve === undefined ? {} : { resolve: endpoint.resolve }),
  };
}

/** The value is a secret: only its name may be told. */
function checkedValue(name: string, value: string, endpoint: CollectEndpoint): string {
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return value;
  throw new UsageError(
    `field ${JSON.stringify(name)} of secret ${endpoint.headersFrom?.secret ?? ''} cannot be a header: it holds a line break or control characters`,
  );
}

function checkedName(name: string, endpoint: CollectEndpoint): string {
  if (/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) return name;
  throw new UsageError(
    `field ${JSON.stringify(name)} of secret ${endpoint.headersFrom?.secret ?? ''} is not the name of a header`,
  );
}

async function payloadOf(endpoint: CollectEndpoint, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
  if (endpoint.payloadURL !== undefined) return fetchPayload(endpoint.payloadURL, signal);
  if (endpoint.payloadStr !== undefined) return Buffer.from(endpoint.payloadStr);
  return endpoint.method === 'POST' ? new Uint8Array() : undefined;
}

async function fetchPayload(url: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const timeout = AbortSignal.timeout(PAYLOAD_TIMEOUT_MS);
  try {
    const response = await fetch(url, { signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) });
    if (!response.ok) throw new UnavailableError(`payloadURL ${url} answered ${response.status}`);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > MAX_PAYLOAD_BYTES)
        throw new UsageError(`payloadURL ${url} gives more than ${MAX_PAYLOAD_BYTES} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof UnavailableError || error instanceof UsageError) throw error;
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new UnavailableError(`payloadURL ${url} cannot be read: ${messageOf(cause)}`, { cause: error });
  }
}

/** A secret of type kubernetes.io/tls, with the authority under `ca.crt`; or a file with the authority alone. */
async function tlsOf(tls: CollectTls, sources: Sources): Promise<TlsSettings> {
  const secret =
    tls.secret === undefined
      ? {}
      : await sources.secrets.read(qualifiedKey(tls.secret, sources.namespace), sources.signal);
  const ca = tls.caFile === undefined ? secret['ca.crt'] : await readCa(tls.caFile);
  const cert = secret['tls.crt'];
  const key = secret['tls.key'];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
    ...(tls.insecureSkipVerify === undefined ? {} : { insecureSkipVerify: tls.insecureSkipVerify }),
  };
}

async function readCa(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`tls.caFile ${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
