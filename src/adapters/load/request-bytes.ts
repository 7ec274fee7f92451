/** The bytes of a request, made once: request line, header and body, the same each time that it is sent. Pure. */
import type { LoadEndpoint } from '../../drive/ports.ts';
import { userHeader } from '../http/url-user.ts';

export function requestBytes({ method, headers, body }: LoadEndpoint, url: URL): Buffer {
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const fields = Object.entries(headers);
  if (!names.has('host')) fields.unshift(['Host', url.host]);
  const { authorization } = userHeader(url);
  if (authorization !== undefined && !names.has('authorization')) fields.push(['Authorization', authorization]);
  fields.push(['Connection', 'keep-alive']);
  if (body !== undefined) fields.push(['Content-Length', String(body.length)]);
  const lines = [
    `${method} ${url.pathname}${url.search} HTTP/1.1`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body ?? Buffer.alloc(0)]);
}
