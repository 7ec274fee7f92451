/** Which names of fields, headers and parameters say that a credential follows. Errs on the side of hiding. */

/** What the last word of such a name ends with: `api_key`, `X-Auth-Token`, `authtoken`, `clientSecret`. */
const CREDENTIAL =
  /(?:key|token|secret|passw(?:or)?d|passphrase|passcode|pass|pwd|auth|authorization|authentication|credential|cred|signature|sig|cookie|session|sessionid|jwt|bearer|sas|pat)$/;

/** Of headers whose values are no secret, in lower case. Any other header of a metric may carry one. */
const PLAIN_HEADER = /^(?:accept(?:-.*)?|content-type|user-agent|cache-control|connection|host)$/;

/** `api_key`, `X-Query-Key`, `accessToken2`, `PGPASSWORD`. A name that only says where a secret is (`secret`, `tokenFile`) is none. */
export function isCredentialName(name: string): boolean {
  const word = name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z]+$/, '')
    .replace(/s$/, '')
    .split(/[^a-z]+/)
    .at(-1)!;
  return CREDENTIAL.test(word) || CREDENTIAL.test(`${word}s`);
}

export function isPlainHeader(name: string): boolean {
  return PLAIN_HEADER.test(name.toLowerCase());
}
