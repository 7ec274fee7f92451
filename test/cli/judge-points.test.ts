/** Point values of requests that another tool measured: what is not known of them forbids what it forbids with a confidence. */
import { expect, it } from 'vitest';
import { judged, vegeta, written } from '../support/judged-files.ts';

/** 3 in 100 have no answer. */
const file = written(
  'unanswered.json',
  vegeta(3000, (k) => (k % 33 === 0 ? { code: 0, ms: 1 } : {})),
);
const points = async (...args: string[]) => {
  const { recommendation, objectives, code } = await judged(file, '--confidence', 'none', ...args);
  return [code, recommendation.verdict, ...objectives.map(({ reason, verdict }) => reason ?? verdict)];
};

it('no mean is satisfied as long as it is not known how long an answer was waited for', async () => {
  const slo = ['--slo', 'mean<=400ms'];
  expect(await points(...slo)).toEqual([3, 'undecided', 'no-timeout']);
  expect(await points(...slo, '--slo', 'error-rate<=6%', '--timeout', '5s')).toEqual([
    0,
    'promote',
    'satisfied',
    'satisfied',
  ]);
  expect(await points(...slo, '--timeout', '60s')).toEqual([1, 'do not promote', 'violated']);
  expect(await points('--slo', 'mean>=500ms')).toEqual([3, 'undecided', 'no-timeout']);
});

it('what has no answer is beyond every percentile', async () => {
  expect(await points('--slo', 'p99<=1s')).toEqual([1, 'do not promote', 'violated']);
  expect(await points('--slo', 'p95<=1s', '--slo', 'error-rate<=6%')).toEqual([0, 'promote', 'satisfied', 'satisfied']);
  expect((await points('--slo', 'p99>=1s')).at(-1)).toBe('satisfied');
});
