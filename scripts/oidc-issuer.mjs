// Keys of a local OpenID Connect issuer for tests: the API server is configured to trust it, the test serves it.
import { makeSelfSigned } from './certificates.mjs';

const PORT = 18553;
const ISSUER = `https://127.0.0.1:${PORT}`;
export const CLIENT_ID = 'iter8ctl-test';

/** Makes the certificate in `folder`. */
export function makeIssuer(folder) {
  const { key, cert } = makeSelfSigned(folder, 'issuer', { commonName: '127.0.0.1', altName: 'IP:127.0.0.1' });
  return {
    apiServerFlags: `--oidc-issuer-url=${ISSUER} --oidc-client-id=${CLIENT_ID} --oidc-ca-file=${cert} --oidc-username-claim=sub --oidc-username-prefix=oidc:`,
    env: { ITER8_TEST_ISSUER: ISSUER, ITER8_TEST_ISSUER_KEY: key, ITER8_TEST_ISSUER_CERT: cert },
  };
}
