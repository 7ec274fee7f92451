/** Gives texts over HTTP to whoever asks at an address: health checks and measured values. Read only. */
import { createServer } from 'node:http';
import { listen } from '../http/listen.ts';

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
  // A connection that cannot be taken (no more open files, say) is its own loss: the next scrape comes anyway.
  const { host, port } = await listen(server, { address, flag, onError: () => undefined });
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
