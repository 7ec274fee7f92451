/** Quick runs that send more than GET. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { iter8ctl } from '../support/test-io.ts';
import { testServer } from '../support/test-server.ts';

/** What the server got of a short run with these flags. */
async function sent(flags: readonly string[], files: Readonly<Record<string, string | Uint8Array>> = {}) {
  const requests: { method: string; type: string | undefined; body: string }[] = [];
  await using server = await testServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      requests.push({ method: request.method!, type: request.headers['content-type'], body });
      response.end();
    });
  });
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-payload-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(cwd, name), text);
  const paths = flags.map((flag) => (flag.startsWith('@') ? `@${path.join(cwd, flag.slice(1))}` : flag));
  const given = ['run', '--local', '--url', server.url, '--slo', 'error-rate<=50%', '--requests', '20', '--qps', '50'];
  const { code, err } = await iter8ctl([...given, ...paths], { cwd });
  return {
    code,
    err,
    requests: [...new Set(requests.map((one) => JSON.stringify(one)))].map((one) => JSON.parse(one)),
  };
}

it('sends a payload by POST, or by the method that is given, with its type', async () => {
  const json = await sent(['--payload', '{"a": 1}']);
  expect(json.code, json.err).toBe(0);
  expect(json.requests).toEqual([{ method: 'POST', type: 'application/octet-stream', body: '{"a": 1}' }]);
  const text = await sent(['--payload', '@body.txt', '--method', 'put', '--content-type', 'text/plain'], {
    'body.txt': 'grüße\n',
  });
  expect(text.requests).toEqual([{ method: 'PUT', type: 'text/plain', body: 'grüße\n' }]);
});

it('sends other methods without one', async () => {
  for (const method of ['HEAD', 'DELETE'])
    expect((await sent(['--method', method])).requests).toEqual([{ method, body: '' }]);
});

it('refuses a payload that cannot be read, or that no request of this method has', async () => {
  const absent = await sent(['--payload', '@none.txt']);
  expect(absent.code).toBe(2);
  expect(absent.err).toMatch(/--payload .*none\.txt no such file or folder/);
  const binary = await sent(['--payload', '@bytes'], { bytes: Uint8Array.of(0xff, 0xfe, 0x00) });
  expect(binary.code).toBe(2);
  expect(binary.err).toMatch(/is no UTF-8 text/);
  expect((await sent(['--method', 'GET', '--payload', 'x'])).code).toBe(2);
});

it('needs a URL', async () => {
  const { code, err } = await iter8ctl(['run', '-f', 'e.yaml', '--content-type', 'text/plain', '--payload', 'x'], {
    cwd: tmpdir(),
  });
  expect(code).toBe(2);
  expect(err).toMatch(/--payload, --content-type goes with --url only/);
});
