/** Tokens of OpenID Connect: refreshed once, by one process of many, and written back. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GET_ONE, openClient, tokenServer, writeKubeconfig } from '../../support/kube-server.ts';
import { testServer } from '../../support/test-server.ts';

describe('a token of OpenID Connect', () => {
  const jwt = (seconds: number, mark: string) =>
    `h.${Buffer.from(JSON.stringify({ exp: Math.floor(Date.now() / 1000) + seconds, mark })).toString('base64url')}.s`;

  /** An issuer that takes each refresh token once. */
  async function issuer(next: (k: number) => { readonly id_token: string; readonly refresh_token: string }) {
    const taken = new Set<string>();
    let refreshed = 0;
    const server = await testServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const answer = (value: object, code = 200) => response.writeHead(code).end(JSON.stringify(value));
        if (request.url!.startsWith('/.well-known')) return answer({ token_endpoint: `${server.url}token` });
        const token = new URLSearchParams(body).get('refresh_token') ?? '';
        if (taken.has(token)) return answer({ error: 'invalid_grant' }, 400);
        taken.add(token);
        return answer(next(++refreshed));
      });
    });
    return { server, refreshed: () => refreshed };
  }
  const userOf = (issuerUrl: string, token: string) => ({
    'auth-provider': {
      name: 'oidc',
      config: {
        'idp-issuer-url': issuerUrl.slice(0, -1),
        'client-id': 'c',
        'id-token': token,
        'refresh-token': 'refresh-0',
      },
    },
  });

  it('is refreshed once for many requests at once', async () => {
    const valid = jwt(600, 'new');
    const { server: identity, refreshed } = await issuer((k) => ({ id_token: valid, refresh_token: `refresh-${k}` }));
    await using _ = identity;
    await using server = await tokenServer((token) => token === valid);
    const file = writeKubeconfig(server.url, { user: userOf(identity.url, jwt(-60, 'old')) });
    const client = await openClient(file);
    expect(await Promise.all([1, 2, 3].map(() => client.request(GET_ONE)))).toHaveLength(3);
    expect(refreshed()).toBe(1);
    expect(readFileSync(file, 'utf8')).toContain('refresh-1');
    client.close();
  });

  it('stays refreshable where the issuer gives an empty refresh token', async () => {
    // Mutation: in src/adapters/kube/oidc.ts, ` && given !== ''` -> ``
    const valid = jwt(600, 'new');
    const { server: identity } = await issuer(() => ({ id_token: valid, refresh_token: '' }));
    await using _ = identity;
    await using server = await tokenServer((token) => token === valid);
    const file = writeKubeconfig(server.url, { user: userOf(identity.url, jwt(-60, 'old')) });
    const client = await openClient(file);
    await client.request(GET_ONE);
    client.close();
    expect(readFileSync(file, 'utf8')).toContain('"refresh-token":"refresh-0"');
  });

  it.each(['in the form', 'in a header'])(
    'is refreshed where the issuer takes the secret of the client %s',
    async (where) => {
      // Mutation: in src/adapters/kube/oidc.ts, `refusesClient = status === 401` -> `refusesClient = false`
      const valid = jwt(600, 'new');
      const header = `Basic ${Buffer.from('c:s%2Bcret%3A').toString('base64')}`;
      await using identity = await testServer((request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => {
          if (request.url!.startsWith('/.well-known'))
            return response.end(JSON.stringify({ token_endpoint: `${identity.url}token` }));
          const form = new URLSearchParams(body);
          const isRight =
            where === 'in the form'
              ? form.get('client_secret') === 's+cret:'
              : request.headers.authorization === header;
          return isRight && form.get('refresh_token') === 'refresh-0'
            ? response.end(JSON.stringify({ id_token: valid }))
            : response.writeHead(401).end(JSON.stringify({ error: 'invalid_client' }));
        });
      });
      await using server = await tokenServer((token) => token === valid);
      const user = userOf(identity.url, jwt(-60, 'old'));
      Object.assign(user['auth-provider'].config, { 'client-secret': 's+cret:' });
      const client = await openClient(writeKubeconfig(server.url, { user }));
      expect(await client.request(GET_ONE)).toMatchObject({ metadata: { name: 'a' } });
      client.close();
    },
  );

  it('that another process has refreshed meanwhile is taken from the kubeconfig', async () => {
    const valid = jwt(600, 'new');
    const { server: identity, refreshed } = await issuer((k) => ({ id_token: valid, refresh_token: `refresh-${k}` }));
    await using _ = identity;
    await using server = await tokenServer((token) => token === valid);
    const file = writeKubeconfig(server.url, { user: userOf(identity.url, jwt(-60, 'old')) });
    const [first, second] = [await openClient(file), await openClient(file)];
    await first.request(GET_ONE);
    await second.request(GET_ONE);
    expect(refreshed()).toBe(1);
    for (const client of [first, second]) client.close();
  });
});
