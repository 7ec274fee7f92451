// Keys of a local OpenID Connect issuer for tests: the API server is told to trust it when it starts, the test serves it.
import { execFileSync } from 'node:child_process';
import path from 'node:path';

const PORT = 18553;
const ISSUER = `https://127.0.0.1:${PORT}`;
export const CLIENT_ID = 'iter8ctl-test';

/** Makes the certificate in `folder`. */
export function makeIssuer(folder) {
  const [key, cert] = ['issuer.key', 'issuer.crt'].map((name) => path.join(folder, name));
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
      '-subj',
      '/CN=127.0.0.1',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
    ],
    { stdio: 'ignore' },
  );
  return {
    apiServerFlags: `--oidc-issuer-url=${ISSUER} --oidc-client-id=${CLIENT_ID} --oidc-ca-file=${cert} --oidc-username-claim=sub --oidc-username-prefix=oidc:`,
    env: { ITER8_TEST_ISSUER: ISSUER, ITER8_TEST_ISSUER_KEY: key, ITER8_TEST_ISSUER_CERT: cert },
  };
}
