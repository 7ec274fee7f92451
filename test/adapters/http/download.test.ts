/** URLs of manifests and payloads: real servers, and a real proxy. */
import { createServer, request } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createRequestBuilder } from '../../../src/adapters/load/build-requests.ts';
import { download } from '../../../src/adapters/http/download.ts';
import { collectInputs } from '../../../src/experiment/tasks/collect-inputs.ts';
import { iter8ctl } from '../../support/test-io.ts';
import { testServer } from '../../support/test-server.ts';

/** A proxy that leads every name to one port of loopback, and notes what was asked for. */
async function proxyTo(port: number) {
  const asked: string[] = [];
  const proxy = createServer((incoming, outgoing) => {
    asked.push(incoming.url ?? '');
    const { pathname } = new URL(incoming.url ?? '', 'http://x');
    request({ host: '127.0.0.1', port, path: pathname }, (answer) => answer.pipe(outgoing)).end();
  }).on('connect', (incoming, client, head) => {
    asked.push(incoming.url ?? '');
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [upstream, client]) socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

const LIMITS = { timeoutMs: 10_000, maxBytes: 1_000 };
const TEXT = `
apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata: {name: from-a-url}
spec: {target: t, strategy: {testingPattern: Conformance}}
`;

it('a manifest goes through the proxy of the environment, with or without its scheme', async () => {
  await using server = await testServer((_, response) => response.end(TEXT));
  await using proxy = await proxyTo(server.port);
  for (const written of [proxy.host, `http://${proxy.host}`]) {
    const { out, err } = await iter8ctl(['describe', '-f', 'http://manifests.example/e.yaml'], {
      cwd: '/',
      env: { HTTP_PROXY: written },
    });
    expect(err).toBe('');
    expect(out).toMatch(/from-a-url/);
  }
  // In the form that every proxy takes: a tunnel to a port that is not 443 is what many refuse.
  expect(proxy.asked).toEqual(['http://manifests.example/e.yaml', 'http://manifests.example/e.yaml']);
});

it('a payload does too, and loopback does not', async () => {
  await using server = await testServer((_, response) => response.end('body'));
  await using proxy = await proxyTo(server.port);
  const builder = createRequestBuilder({
    secrets: { read: () => Promise.reject(new Error('no secrets')) },
    env: { http_proxy: proxy.host },
  });
  for (const payloadURL of ['http://payloads.example/p', `${server.url}p`]) {
    const inputs = collectInputs({
      task: 'metrics/collect',
      with: { payloadURL, versions: [{ name: 'v1', url: 'http://target.example/' }] },
    });
    const [version] = await builder.build(inputs, 'default');
    expect(Buffer.from(version!.endpoints[0]!.body!).toString()).toBe('body');
  }
  expect(proxy.asked).toHaveLength(1);
});

it('what NO_PROXY names is asked directly', async () => {
  await expect(
    download('http://direct.invalid/', { ...LIMITS, env: { HTTP_PROXY: '127.0.0.1:1', NO_PROXY: '.invalid' } }),
  ).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
});

it.each(['socks5://127.0.0.1:1', 'http://a b'])('%s is no proxy of a URL, and said to be that', async (written) => {
  await expect(download('http://x.example/', { ...LIMITS, env: { http_proxy: written } })).rejects.toThrow(
    /http_proxy is no URL of a proxy/,
  );
});

it('user and password of a URL are sent to its host, and nowhere else', async () => {
  const seen: (string | undefined)[] = [];
  await using other = await testServer((incoming, response) => {
    seen.push(incoming.headers.authorization);
    response.end('here');
  });
  await using server = await testServer((incoming, response) => {
    seen.push(incoming.headers.authorization);
    response.writeHead(302, { Location: other.url }).end();
  });
  const url = new URL(server.url);
  [url.username, url.password] = ['me', 'p@ss'];
  const { bytes } = await download(url.href, { ...LIMITS, env: {} });
  expect(Buffer.from(bytes).toString()).toBe('here');
  expect(seen).toEqual([`Basic ${Buffer.from('me:p@ss').toString('base64')}`, undefined]);
});

it('sends them no more once it was led elsewhere, also where that leads back', async () => {
  const seen: (string | undefined)[] = [];
  let home = '';
  await using other = await testServer((_, response) => response.writeHead(302, { Location: home }).end());
  await using server = await testServer((incoming, response, k) => {
    seen.push(incoming.headers.authorization);
    if (k === 0) response.writeHead(302, { Location: other.url }).end();
    else response.end('here');
  });
  home = server.url;
  await download(server.url.replace('://', '://me:pass@'), { ...LIMITS, env: {} });
  expect(seen).toEqual([`Basic ${Buffer.from('me:pass').toString('base64')}`, undefined]);
});

it('a proxy that is not there, or gives no answer, is named by its variable', async () => {
  const url = 'http://manifests.example/e.yaml';
  await expect(download(url, { ...LIMITS, env: { HTTP_PROXY: '127.0.0.1:1' } })).rejects.toThrow(
    'connection refused (ECONNREFUSED 127.0.0.1:1), through the proxy of HTTP_PROXY',
  );
  await using silent = await testServer(() => undefined);
  await expect(download(url, { ...LIMITS, timeoutMs: 50, env: { http_proxy: silent.url } })).rejects.toThrow(
    'no answer within 0.05 s, through the proxy of http_proxy',
  );
});

it('is bounded: in size, in time, in redirects', async () => {
  await using endless = await testServer((_, response) => {
    response.on('error', () => undefined);
    const more = () => {
      if (!response.destroyed) response.write('x'.repeat(100), more);
    };
    more();
  });
  await expect(download(endless.url, { ...LIMITS, env: {} })).rejects.toThrow(/more than 1000 bytes/);
  await using silent = await testServer(() => undefined);
  await expect(download(silent.url, { ...LIMITS, timeoutMs: 50, env: {} })).rejects.toThrow(/no answer within 0\.05 s/);
  await using circle = await testServer((_, response) => response.writeHead(302, { Location: '/' }).end());
  await expect(download(circle.url, { ...LIMITS, env: {} })).rejects.toThrow(/more than 5 redirects/);
  await using file = await testServer((_, response) =>
    response.writeHead(302, { Location: 'file:///etc/passwd' }).end(),
  );
  await expect(download(file.url, { ...LIMITS, env: {} })).rejects.toThrow(/a redirect to file: is not followed/);
});
