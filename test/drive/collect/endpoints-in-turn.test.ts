import { expect, it } from 'vitest';
import { inOneTurn } from '../../../src/drive/collect/endpoints-in-turn.ts';
import { driveIn } from '../../support/drive-in-virtual-time.ts';
import { canary } from '../../support/driving.ts';
import { VirtualTime } from '../../support/virtual-time.ts';

const version = (name: string, endpoints: readonly string[]) => ({
  name,
  endpoints: endpoints.map((endpoint) => ({ name: endpoint, url: `http://${name}.test/${endpoint}` })),
});

it.each([
  [
    ['cart', 'search'],
    ['search', 'cart'],
  ],
  [
    ['cart', 'search'],
    ['search', 'new'],
  ],
  [['cart', 'help', 'search'], ['search']],
])('an endpoint is compared with that of its name, where one version has %j and the other %j', async (old, other) => {
  const written = canary({
    objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.05' }],
    strength: { maxSeconds: 60, relative: [{ metric: 'iter8-system/error-rate/search', maxIncrease: 0.1 }] },
  });
  for (const task of written.spec.strategy.actions!['start']!)
    Object.assign(task.with as object, {
      qps: 50,
      numQueries: 300,
      versions: [version('old', old), version('new', other)],
    });
  const { record, outcome } = await driveIn(new VirtualTime(), written, () => ({ latencyMs: 5, code: 200 }));
  expect(outcome.recommendation.verdict).toBe('promote');
  expect(record.pairs!['["new","search"]']!.n).toBeGreaterThanOrEqual(100);
});

it('versions without names of endpoints stay as they are', () => {
  const target = { version: 'a', endpoints: [{ url: 'http://a.test/', method: 'GET' as const, headers: {} }] };
  expect(inOneTurn([target])).toEqual([target]);
});
