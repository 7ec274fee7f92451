/**
 * An API server as plain HTTP on loopback, in front of the real one: it speaks there with the certificates of a kubeconfig, and
 * reports each request when it arrives and when it has been answered, before the answer goes back. So a test can end a client in
 * the middle of a change that was, or was not, made.
 */
import { execFileSync } from 'node:child_process';
import { Agent, request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { testServer, type TestServer } from './test-server.ts';

export interface ObservedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly body: string;
  /** Absent when it arrives. Answers to watches are not reported. */
  readonly answer?: { readonly status: number; readonly body: string } | undefined;
}

interface Access {
  readonly url: URL;
  readonly agent: Agent;
}

function accessOf(kubeconfig: string): Access {
  const config = JSON.parse(
    execFileSync('kubectl', ['--kubeconfig', kubeconfig, 'config', 'view', '--raw', '--flatten', '-o', 'json'], {
      encoding: 'utf8',
    }),
  ) as {
    readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
    readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
  };
  const { cluster } = config.clusters[0]!;
  const { user } = config.users[0]!;
  const decoded = (data: string | undefined) => (data === undefined ? undefined : Buffer.from(data, 'base64'));
  return {
    url: new URL(cluster['server']!),
    agent: new Agent({
      keepAlive: true,
      ca: decoded(cluster['certificate-authority-data']),
      cert: decoded(user['client-certificate-data']),
      key: decoded(user['client-key-data']),
    }),
  };
}

/** `see` is called for each request, and for each answer before it is sent on. A request of which it says `drop` never arrives. */
export async function observedApi(
  kubeconfig: string,
  see: (request: ObservedRequest) => 'drop' | undefined,
): Promise<TestServer> {
  const { url, agent } = accessOf(kubeconfig);
  return testServer((request, response) => {
    const { method = 'GET', url: path = '/' } = request;
    const fail = () => void response.destroy();
    // The test server lets requests flow: nothing has been read of it yet in this turn.
    void text(request).then((body) => {
      if (see({ method, path, body }) === 'drop') return fail();
      const { host: _, connection: _2, ...headers } = request.headers;
      const onward = httpsRequest(new URL(path, url), { method, headers, agent }, (answer) => {
        const { statusCode: status = 502, headers: back } = answer;
        if (path.includes('watch=')) {
          response.writeHead(status, back);
          answer.on('error', fail).pipe(response);
          return;
        }
        void text(answer).then((answered) => {
          see({ method, path, body, answer: { status, body: answered } });
          const { 'transfer-encoding': _3, 'content-length': _4, ...kept } = back;
          response.writeHead(status, kept).end(answered);
        }, fail);
      });
      onward.on('error', fail);
      // A watch ends with its client; a change that is under way is made, and reported.
      if (path.includes('watch=')) response.on('close', () => onward.destroy());
      onward.end(body);
    }, fail);
  });
}
