import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { credentialsIn, hideCredentials } from '../../src/text/credentials.ts';
import { isCredentialName } from '../../src/text/credential-names.ts';

describe('credentials', () => {
  const NAMES =
    'api_key X-Query-Key accessToken token2 Authorization PASSWORD client_secret X-Amz-Signature Cookie DD-APPLICATION-KEY passwd apikeys session';
  it.each(NAMES.split(' '))('are named %s', (name) => expect(isCredentialName(name)).toBe(true));

  it.each(['query', 'time', 'authType', 'tokenFile', 'namespace', 'keyword', 'step', 'dedup'])(
    'are not named %s',
    (name) => expect(isCredentialName(name)).toBe(false),
  );

  const spec = {
    urlTemplate: 'https://user:pa%24s@prom.example/q?access_token=T0KEN&dedup=true',
    headerTemplates: [
      { name: 'Authorization', value: 'Bearer ${token}' },
      { name: 'X-Query-Key', value: 'NRAK-$ecret@<1' },
      { name: 'Accept', value: 'application/json' },
    ],
    params: [
      { name: 'query', value: 'sum(x{key="v"})' },
      { name: 'api_key', value: 'plain' },
    ],
    body: '{"auth":{"password":"in-the-body"},"q":"x"}',
    secret: 'default/cred',
  };

  it('are found where they stand, also with the signs of a placeholder in them', () => {
    expect(credentialsIn(spec)).toEqual(
      expect.arrayContaining(['pa%24s', 'pa$s', 'T0KEN', 'NRAK-$ecret@<1', 'plain', 'in-the-body']),
    );
    expect(credentialsIn(spec)).not.toEqual(expect.arrayContaining([expect.stringMatching(/json|default|Bearer/)]));
  });

  it('are hidden there, and placeholders and names of secrets stay', () => {
    expect(hideCredentials(spec)).toEqual({
      urlTemplate: 'https://***@prom.example/q?access_token=***&dedup=true',
      headerTemplates: [
        { name: 'Authorization', value: 'Bearer ${token}' },
        { name: 'X-Query-Key', value: '***' },
        { name: 'Accept', value: 'application/json' },
      ],
      params: [
        { name: 'query', value: 'sum(x{key="v"})' },
        { name: 'api_key', value: '***' },
      ],
      body: '{"auth":{"password":"***"},"q":"x"}',
      secret: 'default/cred',
    });
  });

  it('are found whatever characters they have, unless they are placeholders alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aZ0$@<>{}%&=+/"\\ '.split('')), minLength: 4 }), (rest) => {
        const value = `x9${rest}-`;
        expect(credentialsIn({ params: [{ name: 'api_key', value }] })).toContain(value);
        expect(hideCredentials([{ name: 'api_key', value }])).toEqual([{ name: 'api_key', value: '***' }]);
      }),
    );
  });
});
