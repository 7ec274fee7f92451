/** The OpenID Connect issuer that the API server of the lab trusts (ITER8_TEST_ISSUER): its tokens, and its server. */
import { createPublicKey, createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { CLIENT_ID } from '../../scripts/oidc-issuer.mjs';

const issuer = process.env['ITER8_TEST_ISSUER'] ?? '';
const key = () => readFileSync(process.env['ITER8_TEST_ISSUER_KEY'] ?? '', 'utf8');
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Of alice, good for so many seconds from now. */
export function idToken(seconds: number): string {
  const now = Math.floor(Date.now() / 1000);
  const body = `${part({ alg: 'RS256', kid: 'k' })}.${part({ iss: issuer, aud: CLIENT_ID, sub: 'alice', iat: now - 60, exp: now + seconds })}`;
  return `${body}.${createSign('RSA-SHA256').update(body).sign(key(), 'base64url')}`;
}

/** The user of a kubeconfig. `change`: its tokens. */
export const oidcUser = (change: Record<string, string>) => ({
  'auth-provider': {
    name: 'oidc',
    config: {
      'idp-issuer-url': issuer,
      'client-id': CLIENT_ID,
      'client-secret': 'client-secret',
      'idp-certificate-authority': process.env['ITER8_TEST_ISSUER_CERT'] ?? '',
      ...change,
    },
  },
});

export interface TestIssuer {
  /** How often a token was refreshed. */
  refreshed(): number;
  close(): void;
}

/** Gives its keys, and a new token for `refresh-1`. */
export async function startTestIssuer(): Promise<TestIssuer> {
  let refreshed = 0;
  const cert = readFileSync(process.env['ITER8_TEST_ISSUER_CERT'] ?? '', 'utf8');
  const jwk = createPublicKey(key()).export({ format: 'jwk' });
  const server = createServer({ key: key(), cert }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const answer = (value: object, status = 200) =>
        response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
      if (request.url === '/.well-known/openid-configuration')
        return answer({ issuer, jwks_uri: `${issuer}/keys`, token_endpoint: `${issuer}/token` });
      if (request.url === '/keys') return answer({ keys: [{ ...jwk, kid: 'k', alg: 'RS256', use: 'sig' }] });
      if (form.get('refresh_token') !== 'refresh-1' || form.get('client_secret') !== 'client-secret')
        return answer({ error: 'invalid_grant' }, 400);
      refreshed += 1;
      return answer({ id_token: idToken(600), refresh_token: 'refresh-2', token_type: 'Bearer' });
    });
  });
  await new Promise<void>((resolve) => server.listen(Number(new URL(issuer).port), '127.0.0.1', resolve));
  return {
    refreshed: () => refreshed,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
