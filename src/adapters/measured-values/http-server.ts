/** Gives texts over HTTP to whoever asks at an address: health checks and measured values. Read only. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, UsageError } from '../../errors.ts';
import { listenAddress } from '../../text/listen-address.ts';

export interface Asked {
  /** Without its query. */
  readonly path: string;
  readonly accept: string;
}

export interface Answered {
  readonly code: number;
  readonly type: string;
  readonly text: string;
}

export interface TextServer {
  /** `http://127.0.0.1:9090`: the port that it got, where any was asked for. */
  readonly url: string;
  close(): Promise<void>;
}

/** Scrapers are few, and ask for one thing at a time. */
const MOST_CONNECTIONS = 64;
const REQUEST_MS = 10_000;

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'no permission to listen there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its host name cannot be looked up now',
};

/**
 * Resolves once it listens. `flag` is what asked for it, for messages.
 *
 * @throws UsageError when it cannot listen there
 */
export async function serveTexts(
  address: string,
  flag: string,
  answer: (asked: Asked) => Promise<Answered>,
): Promise<TextServer> {
  const { host, port } = listenAddress(address, flag);
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, (request, response) => {
    request.resume();
    const give = ({ code, type, text }: Answered) => {
      response.writeHead(code, { 'Content-Type': type, 'X-Content-Type-Options': 'nosniff' });
      response.end(request.method === 'HEAD' ? undefined : text);
    };
    const plain = (code: number, text: string) => give({ code, type: 'text/plain; charset=utf-8', text: `${text}\n` });
    if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'there is only GET');
    const path = (request.url ?? '').split('?')[0]!;
    answer({ path, accept: request.headers.accept ?? '' }).then(give, () => plain(500, 'this is a bug'));
  });
  server.maxConnections = MOST_CONNECTIONS;
  await listening(server, host, port).catch((error: NodeJS.ErrnoException) => {
    const reason = REASONS[error.code ?? ''] ?? messageOf(error);
    throw new UsageError(`${flag} ${address}: ${reason}`, { hint: 'name another address' });
  });
  const { port: got } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${got}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // A connection that cannot be taken (no more open files, say) is its own loss: the next scrape comes anyway.
      server.on('error', () => undefined);
      resolve();
    });
  });
}
