import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyKind, fillBody, fillHeader, fillUrl } from '../../src/expressions/message-placeholders.ts';
import type { PlaceholderScope } from '../../src/expressions/placeholders.ts';

const scopeOf = (name: unknown, secret: Record<string, string> = {}): PlaceholderScope => ({
  experiment: { metadata: { name }, spec: { duration: { maxLoops: 2 } } },
  secret,
  winnerFound: true,
  candidateWon: false,
  result: { verdict: 'promote', reasons: ['because', 'of "this"'] },
});

describe('values in bodies', () => {
  it('stay one string of JSON, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (name, before) => {
        const template = `{"a": ${JSON.stringify(before.replaceAll('@<', ''))}, "n": "<@< .Name >@>", "x": [@< .Name >@]}`;
        expect(JSON.parse(fillBody(template, scopeOf(name), 'json'))).toEqual({
          a: before.replaceAll('@<', ''),
          n: `<${name}>`,
          x: [name],
        });
      }),
    );
  });

  it('are values of JSON outside strings, and texts within', () => {
    const template =
      '{"v":"@< .result.verdict >@","w":@< .WinnerFound >@,"d":@< .Spec.Duration >@,"t":"@< .result.reasons >@"}';
    expect(JSON.parse(fillBody(template, scopeOf('x'), 'json'))).toEqual({
      v: 'promote',
      w: true,
      d: { maxLoops: 2 },
      t: '["because","of \\"this\\""]',
    });
  });

  it('stay one field of a form', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const form = new URLSearchParams(fillBody('a=@< .Name >@&b=1', scopeOf(name), 'form'));
        expect([...form]).toEqual([
          ['a', name],
          ['b', '1'],
        ]);
      }),
    );
  });

  it.each([
    ['{"a":1}', 'application/json; charset=utf-8', 'json'],
    [' [1]', 'application/vnd.github+json', 'json'],
    ['plain @< .Name >@', 'application/json', 'text'],
    ['a=b', 'application/x-www-form-urlencoded', 'form'],
    ['{"a":1}', 'text/plain', 'text'],
  ])('%s as %s is %s', (body, type, kind) => {
    expect(bodyKind(body, type)).toBe(kind);
  });
});

describe('values in URLs', () => {
  it('stay where they are put', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (name) => {
        const url = fillUrl('http://h.test/a?n=@< .Name >@&m=1', scopeOf(name));
        expect([url.host, url.searchParams.get('n'), url.searchParams.get('m')]).toEqual(['h.test', name, '1']);
      }),
    );
  });

  it('are a whole URL at the beginning', () => {
    const scope = scopeOf('a b', { url: 'https://hooks.test/x/y?z=1' });
    expect(fillUrl('@< .secret.url >@', scope).href).toBe('https://hooks.test/x/y?z=1');
    expect(fillUrl('@< .secret.url >@&n=@< .Name >@', scope).href).toBe('https://hooks.test/x/y?z=1&n=a%20b');
  });

  it('are not the beginning behind a condition, and are written even where they hold half a character', () => {
    // Mutation: in src/expressions/message-placeholders.ts, `at === 0` -> `index === '0'`
    // Mutation: there, `value.toWellFormed()` -> `value`
    const url = fillUrl('@< if .spec >@https://hooks.test/?n=@< .Name >@@< end >@', scopeOf('a&b=\ud800'));
    expect([url.origin, [...url.searchParams]]).toEqual(['https://hooks.test', [['n', 'a&b=\ufffd']]]);
  });

  it('that make no URL are not shown', () => {
    expect(() => fillUrl('@< .secret.url >@', scopeOf('x', { url: 'CANARY' }))).toThrow(
      'url: with its placeholders filled in it is no http or https URL',
    );
  });
});

it('a value that would begin another header is refused, and not shown', () => {
  const header = { name: 'X-Name', value: '@< .Name >@' };
  expect(fillHeader(header, scopeOf('a'))).toBe('a');
  expect(() => fillHeader(header, scopeOf('a\r\nX-Other: CANARY'))).toThrow(
    'header X-Name: its value is not one line of Latin-1, as headers are',
  );
});
