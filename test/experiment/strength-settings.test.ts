import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_STRENGTH, parseStrength } from '../../src/experiment/strength-settings.ts';

describe('spec.criteria.strength', () => {
  it.each([undefined, null, {}])('%o is all defaults', (written) => {
    expect(parseStrength(written)).toEqual({ settings: DEFAULT_STRENGTH, issues: [] });
  });

  it('reads every setting', () => {
    const written = {
      confidence: 0.99,
      extend: false,
      maxSeconds: 60,
      maxRequests: 1000,
      minSeconds: 5,
      minRequests: 100,
      inFlightSeconds: 2.5,
      stopEarly: true,
      noData: 'violated',
      noDataFor: [{ metric: 'errors', verdict: 'undecided' }],
      relative: [{ metric: 'iter8-system/mean-latency', maxIncreasePercent: 10 }],
      margin: 5,
      cap: [{ metric: 'iter8-system/mean-latency', max: '2k' }],
      policy: 'bandit',
      onChange: 'restart',
    };
    expect(parseStrength(written)).toEqual({ settings: written, issues: [] });
  });

  it('takes quantities for numbers, since the API server keeps texts only in some places', () => {
    expect(parseStrength({ confidence: '0.9', maxRequests: '10k' }).settings).toMatchObject({
      confidence: 0.9,
      maxRequests: 10_000,
    });
    expect(parseStrength({ confidence: 'none' }).settings.confidence).toBe('none');
  });

  it.each([
    [{ confidnce: 0.9 }, 'spec.criteria.strength.confidnce', 'unknown setting; did you mean confidence?'],
    [
      { confidence: 1 },
      'spec.criteria.strength.confidence',
      'expected a number above 0.5 and below 1, such as 0.95, or none, got 1',
    ],
    [
      { confidence: 95 },
      'spec.criteria.strength.confidence',
      'expected a number above 0.5 and below 1, such as 0.95, or none, got 95',
    ],
    [
      { confidence: true },
      'spec.criteria.strength.confidence',
      'expected a number above 0.5 and below 1, such as 0.95, or none, got true',
    ],
    [{ extend: 'yes' }, 'spec.criteria.strength.extend', 'expected true or false, got "yes"'],
    [{ maxSeconds: -1 }, 'spec.criteria.strength.maxSeconds', 'expected a number of seconds, 0 or more, got -1'],
    [{ maxRequests: 1.5 }, 'spec.criteria.strength.maxRequests', 'expected a number of requests, 0 or more, got 1.5'],
    [{ margin: 101 }, 'spec.criteria.strength.margin', 'expected a percentage from 0 to 100, got 101'],
    [
      { noDataFor: [{ metric: 'errors', verdict: 'ignore' }] },
      'spec.criteria.strength.noDataFor[0].verdict',
      'expected one of undecided, violated, got "ignore"',
    ],
    [{ noData: 'ignore' }, 'spec.criteria.strength.noData', 'expected one of undecided, violated, got "ignore"'],
    [
      { policy: 'bandits' },
      'spec.criteria.strength.policy',
      'expected one of progressive, bandit, got "bandits"; did you mean bandit?',
    ],
    [
      { relative: [{ metric: 'a' }] },
      'spec.criteria.strength.relative[0]',
      'expected either maxIncreasePercent or maxIncrease',
    ],
    [
      { relative: [{ metric: 'a', maxIncrease: 1, maxIncreasePercent: 1 }] },
      'spec.criteria.strength.relative[0]',
      'expected either maxIncreasePercent or maxIncrease',
    ],
    [
      { relative: [{ metrics: 'a', maxIncrease: 1 }] },
      'spec.criteria.strength.relative[0].metrics',
      'unknown setting; did you mean metric?',
    ],
    [{ cap: [{ metric: 'a', max: 0 }] }, 'spec.criteria.strength.cap[0].max', 'expected a quantity above 0, got 0'],
    [[], 'spec.criteria.strength', 'expected an object, got a list'],
    ['none', 'spec.criteria.strength', 'expected an object, got "none"'],
  ])('refuses %o', (written, path, message) => {
    expect(parseStrength(written).issues).toContainEqual({ path, message });
  });

  it('keeps the settings that are right when another is wrong, so that the object can still be described', () => {
    const { settings, issues } = parseStrength({ confidence: 0.99, maxSeconds: -1, anything: [1, { a: 'b' }] });
    expect(settings).toEqual({ ...DEFAULT_STRENGTH, confidence: 0.99 });
    expect(issues).toHaveLength(2);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.anything(), (written) => {
        expect(Object.keys(parseStrength(written).settings)).toEqual(Object.keys(DEFAULT_STRENGTH));
      }),
      { examples: [[JSON.parse('{"__proto__": {"extend": false}}')]] },
    );
  });
});
