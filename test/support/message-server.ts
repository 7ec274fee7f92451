/** A real HTTP server on loopback that keeps the messages it gets, and answers as a test says. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface GotMessage {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface MessageServer extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  readonly got: GotMessage[];
}

/** `answer` gets the number of the message, from 0, once all of it has arrived. Absent: 200. */
export async function messageServer(
  answer: (response: ServerResponse, k: number, message: GotMessage) => void = (response) => void response.end('ok'),
): Promise<MessageServer> {
  const got: GotMessage[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const message = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') };
      answer(response, got.push(message) - 1, message);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
