import { describe, expect, it } from 'vitest';
import { VerdictReports } from '../../src/drive/verdict-changes.ts';
import type { LimitAssessment, Verdict } from '../../src/judge/assessment.ts';

const row = (verdict: Verdict, objective = 0): LimitAssessment => ({
  version: 'v',
  objective,
  metric: 'm',
  side: 'upper',
  limit: 1,
  unit: 'share',
  method: 'evidence',
  verdict,
  n: 1,
});
const shown = (changes: ReturnType<VerdictReports['take']>) =>
  changes.map(({ assessment, before }) => `${assessment.objective}: ${before} -> ${assessment.verdict}`);
const at = (atMs: number) => ({ atMs, final: false });

describe('a change of a verdict is reported', () => {
  it('when it has lasted for a second, once', () => {
    const reports = new VerdictReports([]);
    expect(reports.take([row('satisfied')], at(0))).toEqual([]);
    expect(reports.take([row('satisfied')], at(999))).toEqual([]);
    expect(shown(reports.take([row('satisfied')], at(1000)))).toEqual(['0: undecided -> satisfied']);
    expect(reports.take([row('satisfied')], at(5000))).toEqual([]);
  });
  it('not when it is taken back before', () => {
    const reports = new VerdictReports([]);
    for (const [index, verdict] of (['satisfied', 'undecided', 'satisfied', 'undecided'] as const).entries())
      expect(reports.take([row(verdict)], at(index * 900))).toEqual([]);
    expect(reports.take([row('satisfied')], at(3600))).toEqual([]);
    expect(shown(reports.take([row('satisfied')], at(4600)))).toEqual(['0: undecided -> satisfied']);
  });
  it('at once when nothing can take it back', () => {
    const reports = new VerdictReports([]);
    expect(shown(reports.take([row('violated'), row('undecided', 1)], { atMs: 0, final: true }))).toEqual([
      '0: undecided -> violated',
    ]);
  });
  it('not again by a driver that goes on, or by the next task', () => {
    const reports = new VerdictReports([row('satisfied')]);
    expect(reports.differ([row('satisfied')])).toBe(false);
    expect(reports.take([row('satisfied')], { atMs: 0, final: true })).toEqual([]);
    expect(shown(reports.take([row('undecided')], { atMs: 0, final: true }))).toEqual(['0: satisfied -> undecided']);
  });
});
