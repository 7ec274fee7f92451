import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LimitAssessment } from '../../src/judge/assessment.ts';
import { confidenceText, openSentence, verdictSentence, violatedSentence } from '../../src/judge/wording/sentences.ts';
import { boundText, relativeText } from '../../src/judge/wording/limit-texts.ts';
import { errorRateRow } from '../support/error-rate-row.ts';
import { runs } from '../support/search-depth.ts';

/** Milliseconds may be printed in seconds, shares are in percent: back to the unit of the metric. */
function read(text: string): number {
  const number = (/-?[\d.,]+(?:e-?\d+)?/.exec(text)?.[0] ?? '').replaceAll(',', '');
  return Number(text.endsWith('%') ? `${number}e-2` : text.endsWith(' s') ? `${number}e3` : number);
}

describe('bounds in words', () => {
  it('say on which side of the limit they are, however near it', () => {
    const near = fc.constantFrom(1e-17, 1e-12, 1e-9, 1e-6, 1e-3, 0.5);
    const limits = fc.double({ min: 1e-9, max: 0.9, noNaN: true }).map((limit) => Number(limit.toPrecision(12)));
    fc.assert(
      fc.property(limits, near, fc.constantFrom('share', 'ms', 'plain'), (limit, by, unit) => {
        const above = limit * (1 + by);
        const below = limit * (1 - by);
        const of = (change: Partial<LimitAssessment>) => boundText(errorRateRow({ limit, unit, ...change }))!;
        const satisfied = of({ verdict: 'satisfied', upper: below });
        expect(satisfied).toMatch(/^<=? /);
        expect(read(satisfied)).toBeLessThanOrEqual(limit);
        expect(read(satisfied)).toBeGreaterThanOrEqual(below);
        const violated = of({ verdict: 'violated', lower: above });
        expect(violated).toMatch(/^>=? /);
        expect(violated.startsWith('>=') && above > limit ? read(violated) > limit : read(violated) >= limit).toBe(
          true,
        );
        expect(read(violated)).toBeLessThanOrEqual(above);
        const open = of({ verdict: 'undecided', upper: above });
        expect(read(open)).toBeGreaterThanOrEqual(above);
        for (const text of [satisfied, violated, open])
          if (read(text) !== limit)
            expect(text.replaceAll(/[^\d]/g, '').replace(/^0+/, '').replace(/0+$/, '').length).toBeLessThanOrEqual(8);
      }),
      { numRuns: runs(2000) },
    );
  });

  it('say above and below of a bound that would be printed as the limit', () => {
    expect(violatedSentence(errorRateRow({ verdict: 'violated', estimate: 0.02, lower: 0.01000000001 }))).toContain(
      ': 2 % observed, above 1 %, limit 1 % (',
    );
    expect(boundText(errorRateRow({ verdict: 'violated', side: 'lower', upper: 0.00999999999 }))).toBe('< 1 %');
    expect(boundText(errorRateRow({ verdict: 'satisfied', upper: 0.01 }))).toBe('<= 1 %');
  });
});

describe('settings in words', () => {
  it('have the digits that were written', () => {
    expect([0.95, 0.999, 0.9999999, 1 - 0.1].map(confidenceText)).toEqual(['95 %', '99.9 %', '99.99999 %', '90 %']);
    expect(relativeText({ to: 'v1', percent: 0.1 + 0.2 }, 'ms')).toBe('v1 + 0.3 %');
    expect(relativeText({ to: 'v1', increase: 0.07 * 0.1 }, 'share')).toBe('v1 + 0.7 points');
  });
});

describe('where a relative limit lies', () => {
  const sentence = (limit: number, estimate: number) => {
    const verdict = estimate <= limit ? 'satisfied' : 'violated';
    return verdictSentence(errorRateRow({ verdict, limit, estimate, relative: { to: 'v1', increase: 0.01 } }));
  };

  it('is what it is where few digits say it, whatever doubles make of it', () => {
    // A baseline without an error, and one with errors that add up to 0.30000000000000004.
    for (const limit of [0.001, 0.01, 0.02, 0.05, 0.07, 0.2, 0.4, 0.1 + 0.2])
      for (const estimate of [limit / 2, 2 * limit])
        expect(sentence(limit, estimate)).toContain(`limit v1 + 1 point = ${Number((100 * limit).toFixed(9))} %`);
  });

  it('has four digits otherwise, on its side of the value', () => {
    expect(sentence(0.0123456, 0.01)).toContain('= 1.235 %');
    expect(sentence(0.0123456, 0.02)).toContain('= 1.234 %');
  });
});

describe('one of something', () => {
  it('is said in the singular', () => {
    const how = { ratePerSec: 0, several: false };
    const open = errorRateRow({ reason: 'not-enough-evidence', requestsNeeded: 1, n: 1, upper: 0.95, estimate: 0 });
    expect(openSentence({ ...open, count: { n: 1, bad: 0 } }, how)).toBe(
      'error-rate needs about 1 more request at the present rate; 1 request without an error shows at most 95 %, limit 1 %',
    );
    expect(openSentence(errorRateRow({ reason: 'too-few-requests', requestsNeeded: 1, n: 1 }), how)).toBe(
      'error-rate: 1 request is too few for a verdict, about 1 more is needed',
    );
    const violated = errorRateRow({ verdict: 'violated', estimate: 1, lower: 0.05, count: { n: 1, bad: 1 } });
    expect(violatedSentence(violated)).toMatch(/\(1 of 1 request\)$/);
  });
});
