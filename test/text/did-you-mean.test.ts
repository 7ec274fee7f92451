import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, editDistance, nearest } from '../../src/text/did-you-mean.ts';

const INPUTS = ['numQueries', 'time', 'qps', 'connections', 'versions'];

describe('suggestions', () => {
  it.each([
    ['nunQueries', 'numQueries'],
    ['numqueries', 'numQueries'],
    ['num-queries', 'numQueries'],
    ['qsp', 'qps'],
    ['verions', 'versions'],
    ['conections', 'connections'],
  ])('%s is meant to be %s', (word, meant) => {
    expect(nearest(word, INPUTS)).toBe(meant);
  });

  it.each(['', 'x', 'banana', 'interval', '\u{1f600}', 'q'.repeat(10_000)])('nothing is near %j', (word) => {
    expect(nearest(word, INPUTS)).toBeUndefined();
    expect(didYouMean(word, INPUTS)).toBe('');
  });

  it('is a text to be put behind a message', () => {
    expect(didYouMean('nunQueries', INPUTS)).toBe('; did you mean numQueries?');
    expect(didYouMean('qps', INPUTS)).toBe('');
    expect(didYouMean('qps', [])).toBe('');
  });

  it('counts a swap of neighbours as one slip', () => {
    expect(editDistance('ab', 'ba')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });

  it('is a distance: zero for the same only, and symmetric', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });
});
