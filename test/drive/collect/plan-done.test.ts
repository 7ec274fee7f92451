/** What is compared when the plan is done: not before what is judged holds all of it, and never where the load ended before. */
import { describe, expect, it } from 'vitest';
import { replayRecord } from '../../../src/replay/replay.ts';
import { readRecord } from '../../../src/judge/record/stored-record.ts';
import { driveIn } from '../../support/drive-in-virtual-time.ts';
import { conformance } from '../../support/driving.ts';
import { VirtualTime, type VirtualService } from '../../support/virtual-time.ts';

describe('a request of the plan that hangs while the extension is answered', () => {
  const hanging: VirtualService = (_, k) =>
    k === 45 ? { latencyMs: 0, code: 'none' } : { latencyMs: 5, code: k < 200 ? 200 : 503 };

  it.each([
    ['request-count', { lowerLimit: '100' }, 'satisfied'],
    ['error-count', { upperLimit: '0' }, 'violated'],
    ['error-rate', { upperLimit: '0' }, 'violated'],
  ] as const)('is waited for before %s (%j) is %s', async (metric, limit, expected) => {
    const written = conformance({
      objectives: [
        { metric: `iter8-system/${metric}`, ...limit },
        { metric: 'iter8-system/latency-95th-percentile', upperLimit: '5000' },
      ],
    });
    const { events } = await driveIn(new VirtualTime(), written, hanging);
    const looks = events.flatMap((event) => (event.kind === 'load' ? [event.assessments[0]!.verdict] : []));
    expect(new Set(looks)).toEqual(new Set(['undecided', expected]));
  });
});

describe('a load that ends early, since everything is decided', () => {
  const bound = (name: string, limit: object) => ({ metric: `iter8-system/${name}`, ...limit });
  const counts = [bound('request-count', { lowerLimit: '1000' }), bound('error-count', { upperLimit: '900' })];
  const rate = bound('error-rate', { upperLimit: '0.05' });
  const number = { qps: 50, numQueries: 2000 };

  it.each([
    ['a number of requests: counts', [rate, ...counts], {}, number],
    ['a time: counts', [rate, ...counts], {}, { qps: 0, numQueries: undefined, time: '60s' }],
    [
      'a number of requests: values without confidence',
      [bound('error-count', { upperLimit: '10' }), rate, bound('mean-latency', { upperLimit: '500' })],
      { confidence: 'none' },
      number,
    ],
  ])('has not done its plan, which was %s stay open, in a replay, too', async (_, objectives, strength, collect) => {
    const written = conformance({ objectives, strength: { stopEarly: true, ...strength }, collect });
    const { outcome, log } = await driveIn(new VirtualTime(), written, (__, k) => ({
      latencyMs: 5,
      code: k % 2 === 0 ? 200 : 503,
    }));
    const replayed = replayRecord(JSON.parse(JSON.stringify(log)) as object[], { strength: {} });
    for (const one of [outcome.experiment, replayed]) {
      const { assessments, recommendation } = readRecord(one)!;
      expect(assessments.map(({ verdict, reason }) => [verdict, reason])).toEqual([
        ['violated', undefined],
        ['undecided', 'plan-not-done'],
        ['undecided', 'plan-not-done'],
      ]);
      expect(recommendation!.reasons).toHaveLength(1);
    }
  });
});
