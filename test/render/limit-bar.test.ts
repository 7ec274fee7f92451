/** Objectives as bars: what is drawn never contradicts what is written beside it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LimitAssessment } from '../../src/judge/assessment.ts';
import { afterEvent, EMPTY_LIVE, frame } from '../../src/render/live-view.ts';
import { limitBar } from '../../src/render/limit-bar.ts';
import { renderDescribe } from '../../src/render/describe.ts';
import { themeFor } from '../../src/render/theme.ts';
import { displayWidth } from '../../src/text/width.ts';
import { experimentView } from '../../src/view/experiment-view.ts';
import { canary, driveInMemory, failing, healthy } from '../support/driving.ts';

const themeIn = (LANG: string) => themeFor({ isTTY: false }, { mode: 'never', env: { LANG } });
const theme = themeIn('C.UTF-8');
const row = (values: Partial<LimitAssessment>): LimitAssessment => ({
  version: 'v',
  objective: 0,
  metric: 'iter8-system/error-rate',
  side: 'upper',
  limit: 1,
  unit: 'plain',
  method: 'evidence',
  verdict: 'undecided',
  n: 100,
  ...values,
});

describe('a bar', () => {
  it('shows the value, what it may be, and the limit, in proportion', () => {
    const bar = (values: Partial<LimitAssessment>) => limitBar(row(values), { width: 44, theme });
    // 44 columns from 0 to 1.375 times the limit: the limit of 100 at 32.
    expect(bar({ limit: 100, estimate: 20, upper: 60 })).toBe(
      `${'━'.repeat(6)}●${'━'.repeat(13)}${'─'.repeat(12)}│${'─'.repeat(11)}`,
    );
    expect(bar({ limit: 100, estimate: 20 })).toBe(`${'─'.repeat(6)}●${'─'.repeat(25)}│${'─'.repeat(11)}`);
    expect(bar({ limit: 100, estimate: 100 })).toBe(`${'─'.repeat(31)}●│${'─'.repeat(11)}`);
    expect(bar({ limit: 100, estimate: 100.001, verdict: 'violated' })).toBe(`${'─'.repeat(32)}│●${'─'.repeat(10)}`);
    expect(bar({ limit: 1, estimate: 50, lower: 40, verdict: 'violated' })).toMatch(/^─+│─+━*►$/);
  });

  it('has the scale of its objective in every version', () => {
    const good = row({ limit: 100, estimate: 50 });
    const bad = row({ version: 'w', limit: 100, estimate: 300, verdict: 'violated' });
    const other = row({ objective: 1, limit: 100, estimate: 400 });
    const [a, b] = [good, bad].map((one) => limitBar(one, { width: 33, theme, among: [good, bad, other] })!);
    expect(a!.indexOf('│')).toBe(b!.indexOf('│'));
    expect(a).toBe(`${'─'.repeat(5)}●${'─'.repeat(4)}│${'─'.repeat(22)}`);
  });

  it('is there only where there is a value, and a limit above zero', () => {
    expect(limitBar(row({}), { width: 40, theme })).toBeUndefined();
    expect(limitBar(row({ limit: 0, estimate: 0 }), { width: 40, theme })).toBeUndefined();
    expect(limitBar(row({ estimate: Number.NaN }), { width: 40, theme })).toBeUndefined();
  });

  it('is ASCII where UTF-8 is not sure', () => {
    expect(limitBar(row({ estimate: 0.5, upper: 2 }), { width: 30, theme: themeIn('C') })).toMatch(/^[-=o|]{30}$/);
  });

  const positive = fc.double({ min: 1e-6, max: 1e9, noNaN: true });
  it('has the value and the bounds on their sides of the limit, at any width', () => {
    fc.assert(
      fc.property(
        fc.record({ limit: positive, estimate: positive, lower: fc.option(positive), upper: fc.option(positive) }),
        fc.constantFrom<'upper' | 'lower'>('upper', 'lower'),
        fc.integer({ min: 16, max: 60 }),
        ({ limit, estimate, lower, upper }, side, width) => {
          const values = {
            limit,
            estimate,
            side,
            ...(lower === null ? {} : { lower }),
            ...(upper === null ? {} : { upper }),
          };
          const bar = limitBar(row(values), { width, theme })!;
          expect(displayWidth(bar)).toBe(width);
          const [at, limitAt] = [bar.search(/[●►]/), bar.indexOf('│')];
          expect(at).toBeGreaterThanOrEqual(0);
          expect(limitAt).toBeGreaterThan(0);
          if (estimate < limit) expect(at).toBeLessThan(limitAt);
          if (estimate > limit) expect(at).toBeGreaterThan(limitAt);
          if (upper !== null && upper < limit) expect(bar.lastIndexOf('━')).toBeLessThan(limitAt);
          if (lower !== null && lower > limit && bar.includes('━')) expect(bar.indexOf('━')).toBeGreaterThan(limitAt);
        },
      ),
    );
  });
});

describe('bars', () => {
  const driving = driveInMemory(canary(), {
    service: (version, k) => (version === 'new' ? failing(7)(version, k) : healthy(version, k)),
  });
  const bars = (text: string) => text.split('\n').filter((line) => /[─━●]{12}/.test(line) && !line.startsWith('load'));

  it('stand in describe for each objective, from 60 columns on, behind the table where there is room', async () => {
    const { outcome } = await driving;
    const shown = (columns: number, how = {}) =>
      renderDescribe(experimentView(outcome.experiment, 0), { theme, columns, bars: true, ...how });
    expect(bars(shown(59))).toEqual([]);
    expect(bars(shown(80, { bars: false }))).toEqual([]);
    expect(bars(shown(60))).toHaveLength(6);
    expect(bars(shown(60))[0]).toMatch(/^ {4}[─━●│]+$/);
    // Two versions side by side have theirs on one line.
    for (const columns of [80, 150]) expect(bars(shown(columns))).toHaveLength(3);
    expect(shown(150)).toContain('● observed  ━━ what it may truly be  │ limit');
  });

  it('leave the live view to its words where there is no room for both', async () => {
    const { events } = await driving;
    const live = events.reduce(afterEvent, EMPTY_LIVE);
    const lines = (rows: number, columns = 80) => frame(live, { columns, rows }, theme).join('\n');
    expect(bars(lines(40))).toHaveLength(6);
    expect(bars(lines(12))).toEqual([]);
    expect(lines(12).match(/satisfied|violated|undecided/g)?.length).toBeGreaterThanOrEqual(6);
    expect(bars(lines(40, 59))).toEqual([]);
  });
});
