/** Limits at which nobody waited for an answer any more: a replay must not take what was cut off there for fast. */
import { expect, it } from 'vitest';
import { replayObject } from '../../src/replay/replay.ts';
import { conformance, driveInMemory } from '../support/driving.ts';
import { cwd, judged, vegeta, written } from '../support/judged-files.ts';
import { iter8ctl } from '../support/test-io.ts';

it.each(['latency-95th-percentile', 'mean-latency'])(
  'refuses a limit on %s that is not below the timeout',
  async (name) => {
    const metric = `iter8-system/${name}`;
    const { outcome } = await driveInMemory(conformance({ objectives: [{ metric, upperLimit: '300' }] }));
    const at = (upperLimit: string) => () =>
      replayObject(outcome.experiment, { strength: {}, objectives: [{ metric, upperLimit }] });
    expect(at('9000')).not.toThrow();
    for (const upperLimit of ['10000', '15000'])
      expect(at(upperLimit)).toThrow(/is not below the timeout of what was measured \(10 s\)/);
  },
);

const withoutAnswers = vegeta(3000, (k) => (k % 33 === 0 ? { code: 0, ms: 5000 } : {}));

it('takes requests without an answer for slower than every limit', async () => {
  const file = written('without-answers.json', withoutAnswers);
  const slo = ['--slo', 'p99<=15s', '--slo', 'error-rate<=6%'];
  expect((await judged(file, ...slo)).recommendation.verdict).toBe('do not promote');
  const other = await iter8ctl(['judge', file, '--slo', 'p95<=300ms', '-o', 'raw'], { cwd });
  written('without-answers.raw.json', other.out);
  const again = await iter8ctl(['replay', 'without-answers.raw.json', ...slo, '--exit-code'], { cwd });
  expect([again.code, again.out]).toEqual([3, expect.stringMatching(/^undecided/)]);
});
