import { describe, expect, it } from 'vitest';
import { quickExperiment } from '../../src/experiment/experiment-from-flags.ts';
import { isSendableHeader, joinHeaders, mergeHeaders } from '../../src/experiment/http-headers.ts';
import { collectInputs } from '../../src/experiment/tasks/collect-inputs.ts';

const quick = (change: Partial<Parameters<typeof quickExperiment>[0]>) => {
  const { spec } = quickExperiment({ urls: ['http://v.test/'], slos: ['error-rate<=1%'], headers: [], ...change });
  return collectInputs(spec.strategy.actions!['start']![0]!).versions[0]!.endpoints[0]!;
};

describe('headers', () => {
  it.each(['Connection', 'keep-alive', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade', 'Content-Length', 'Expect'])(
    'of the connection are not given by hand: %s',
    (name) => {
      expect(isSendableHeader(name)).toBe(false);
      expect(() => quick({ headers: [`${name}: x`] })).toThrow(
        `--header "${name}: ***": expected a header of the request`,
      );
    },
  );

  it('of one name are joined, cookies in their own way', () => {
    expect(
      joinHeaders([
        ['Accept', 'a'],
        ['Cookie', 'x=1'],
        ['accept', 'b'],
        ['cookie', 'y=2'],
      ]),
    ).toEqual({ Accept: 'a, b', Cookie: 'x=1; y=2' });
    expect(quick({ headers: ['X-Team: a', 'x-team: b', 'Host: shop'] }).headers).toEqual({
      'X-Team': 'a, b',
      Host: 'shop',
    });
  });

  it('of the nearest list win, in any case', () => {
    expect(mergeHeaders([{ 'X-A': '1', 'X-B': '1' }, undefined, { 'x-a': '2' }])).toEqual({ 'x-a': '2', 'X-B': '1' });
    const { versions } = collectInputs({
      task: 'metrics/collect',
      with: {
        headers: { 'X-A': 'task' },
        versions: [{ name: 'v', url: 'http://v.test/', headers: { 'x-a': 'version' } }],
      },
    });
    expect(versions[0]!.endpoints[0]!.headers).toEqual({ 'x-a': 'version' });
  });
});

describe('a quick run', () => {
  it('sends a payload by POST, or by the method that it is given', () => {
    expect(quick({})).toMatchObject({ method: 'GET', payloadStr: undefined });
    expect(quick({ payload: '{}', contentType: 'application/json' })).toMatchObject({
      method: 'POST',
      payloadStr: '{}',
      contentType: 'application/json',
    });
    expect(quick({ method: 'put', payload: '{}' })).toMatchObject({ method: 'PUT', payloadStr: '{}' });
    expect(quick({ method: 'HEAD' })).toMatchObject({ method: 'HEAD' });
  });
});
