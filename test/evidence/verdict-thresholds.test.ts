import { describe, expect, it } from 'vitest';
import { verdictThresholds } from '../../src/evidence/verdict-thresholds.ts';

describe('what the evidence must reach', () => {
  const needed = (limits: number, candidates: number, role: 'baseline' | 'candidate' = 'candidate') => {
    const { lnSatisfiedNeeded, lnViolatedNeeded } = verdictThresholds({ confidence: 0.95, limits, candidates, role });
    return [Math.exp(lnSatisfiedNeeded), Math.exp(lnViolatedNeeded)].map((value) => Number(value.toFixed(9)));
  };

  it('is 1/alpha for a single version, and the limits share alpha for "violated"', () => {
    expect(needed(1, 0, 'baseline')).toEqual([20, 20]);
    expect(needed(3, 0, 'baseline')).toEqual([20, 60]);
    expect(needed(0, 1)).toEqual([20, 20]);
  });

  it('is shared by the candidates: any of them may be promoted, and any may roll back', () => {
    expect(needed(1, 1)).toEqual([20, 20]);
    expect(needed(2, 3)).toEqual([60, 120]);
    expect(needed(2, 3, 'baseline')).toEqual([20, 40]);
  });
});
