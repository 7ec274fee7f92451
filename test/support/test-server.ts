/** A real HTTP server, on loopback if nothing else is said, whose answers a test decides, one by one. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Requests that arrived. */
  readonly seen: () => number;
}

/** `answer` gets the number of the request, from 0. */
export async function testServer(
  answer: (request: IncomingMessage, response: ServerResponse, k: number) => void,
  { port = 0, host = '127.0.0.1' }: { readonly port?: number; readonly host?: string } = {},
): Promise<TestServer> {
  let seen = 0;
  const server = createServer((request, response) => {
    request.resume();
    answer(request, response, seen++);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: chosen } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${chosen}/`,
    port: chosen,
    seen: () => seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const ok = (_: IncomingMessage, response: ServerResponse): void => void response.end('ok');

/** Every `each`-th answer is a 503. */
export const failingEach =
  (each: number) =>
  (_: IncomingMessage, response: ServerResponse, k: number): void => {
    if (k % each === each - 1) response.statusCode = 503;
    response.end('ok');
  };
