/** Builds the requests of a collect task: bodies, headers from secrets, certificates. Everything is read once, before the start. */
import { createSecureContext } from 'node:tls';
import { UsageError } from '../../errors.ts';
import { isSendableHeader, mergeHeaders } from '../../experiment/http-headers.ts';
import { qualifiedKey } from '../../experiment/experiment.ts';
import type { CollectEndpoint, CollectTls } from '../../experiment/tasks/collect-inputs.ts';
import { systemReason } from '../../text/system-reasons.ts';
import { Payloads } from './payloads.ts';
import { MAX_CREDENTIAL_BYTES, readBounded } from '../manifest/bounded-read.ts';
import type { LoadEndpoint, RequestBuilder, SecretReader, TlsSettings } from '../../drive/ports.ts';

/** A request by one of these has a body, if only an empty one (RFC 9110 section 8.6). */
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

export interface RequestBuilderPorts {
  readonly secrets: SecretReader;
  /** What requests say of who sends them, unless they are given another. */
  readonly userAgent?: string | undefined;
  /** Names the proxies of payload URLs; the load itself goes straight to its target. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export function createRequestBuilder(ports: RequestBuilderPorts): RequestBuilder {
  return {
    build: (inputs, namespace, signal) => {
      const sources = { ...ports, namespace, signal, payloads: new Payloads({ env: ports.env, signal }) };
      return Promise.all(
        inputs.versions.map(async (version) => ({
          version: version.name,
          endpoints: await Promise.all(version.endpoints.map((endpoint) => buildEndpoint(endpoint, sources))),
        })),
      );
    },
  };
}

interface Sources extends RequestBuilderPorts {
  readonly namespace: string;
  readonly signal: AbortSignal | undefined;
  readonly payloads: Payloads;
}

async function buildEndpoint(endpoint: CollectEndpoint, sources: Sources): Promise<LoadEndpoint> {
  const [body, secretHeaders, tls] = await Promise.all([
    payloadOf(endpoint, sources),
    endpoint.headersFrom === undefined
      ? {}
      : sources.secrets.read(qualifiedKey(endpoint.headersFrom.secret, sources.namespace), sources.signal),
    endpoint.tls === undefined ? undefined : tlsOf(endpoint.tls, sources),
  ]);
  const fromSecret = Object.entries<string>(secretHeaders).map(
    ([name, value]) => [checkedName(name, endpoint), checkedValue(name, value.trim(), endpoint)] as const,
  );
  const headers = mergeHeaders([
    { 'User-Agent': sources.userAgent ?? 'iter8ctl' },
    body === undefined ? {} : { 'Content-Type': endpoint.contentType ?? 'application/octet-stream' },
    endpoint.headers,
    Object.fromEntries(fromSecret),
  ]);
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

/** The value is a secret: only its name may be shown. */
function checkedValue(name: string, value: string, endpoint: CollectEndpoint): string {
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return value;
  throw new UsageError(
    `field ${JSON.stringify(name)} of secret ${endpoint.headersFrom?.secret ?? ''} cannot be a header: it holds a line break or control characters`,
  );
}

function checkedName(name: string, endpoint: CollectEndpoint): string {
  if (/^[!#$%&'*+.^_`|~\w-]+$/.test(name) && isSendableHeader(name)) return name;
  throw new UsageError(
    `field ${JSON.stringify(name)} of secret ${endpoint.headersFrom?.secret ?? ''} is not the name of a header that a request may be given`,
  );
}

async function payloadOf(endpoint: CollectEndpoint, sources: Sources): Promise<Uint8Array | undefined> {
  if (endpoint.payloadURL !== undefined) return sources.payloads.read(endpoint.payloadURL);
  if (endpoint.payloadStr !== undefined) return Buffer.from(endpoint.payloadStr);
  return WITH_BODY.has(endpoint.method) ? new Uint8Array() : undefined;
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
  if (tls.secret !== undefined) checkCertificate(cert, key, tls.secret);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
    ...(tls.insecureSkipVerify === undefined ? {} : { insecureSkipVerify: tls.insecureSkipVerify }),
  };
}

/** Refused before the start: within a connection nobody could say what is wrong, and a request would never end. */
function checkCertificate(cert: string | undefined, key: string | undefined, secret: string): void {
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError(`of tls.crt and tls.key of secret ${secret} only one is there: they go together`);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new UsageError(
      `tls.crt and tls.key of secret ${secret} cannot be used: expected a certificate in PEM and its key without passphrase`,
      { cause: error },
    );
  }
}

async function readCa(file: string): Promise<string> {
  try {
    return (await readBounded(file, { maxBytes: MAX_CREDENTIAL_BYTES })).toString('utf8');
  } catch (error) {
    throw new UsageError(`tls.caFile ${file} cannot be read: ${systemReason(error)}`, { cause: error });
  }
}
