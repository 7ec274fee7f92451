/** Messages that a proxy of the environment stops: what surely has not arrived may be sent again. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { sendMessage } from '../../../src/adapters/http/send-message.ts';
import type { UndeliveredError } from '../../../src/errors.ts';

const MESSAGE = { url: new URL('https://hooks.example/T0/s3cr3t'), method: 'POST', headers: {}, body: '{}' } as const;
const sentThrough = (HTTPS_PROXY: string): Promise<unknown> =>
  sendMessage(MESSAGE, { env: { HTTPS_PROXY }, timeoutMs: 10_000, signal: new AbortController().signal }).catch(
    (error: unknown) => error,
  );

it('names the proxy that refuses a tunnel, or is not there, and never doubts that nothing has arrived', async () => {
  await using proxy = Object.assign(
    createServer().on('connect', (_, socket) => socket.end('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n')),
    { [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void proxy.close(() => resolve())) },
  );
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const refused = (await sentThrough(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`)) as UndeliveredError;
  expect(refused).toMatchObject({
    message: 'https://hooks.example: the proxy of HTTPS_PROXY refused with 403',
    again: 'safe',
  });
  expect(await sentThrough('127.0.0.1:1')).toMatchObject({
    message: 'https://hooks.example: connection refused (ECONNREFUSED 127.0.0.1:1), through the proxy of HTTPS_PROXY',
    again: 'safe',
  });
});
