/** A verdict in one call, whatever the backend answers: what is held of it is bounded. The rest is in api.test.ts. */
import { expect, it } from 'vitest';
import { judgeWindow } from '../../src/api/judge-window.ts';
import type { CounterSample } from '../../src/evidence/counters/counter-samples.ts';
import { parseVerdictRequest } from '../../src/experiment/verdict-request.ts';
import { experimentView } from '../../src/view/experiment-view.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

it('holds so many samples, over all metrics and versions, and says what is too much', async () => {
  const names = ['first', 'second', 'third'];
  const { value: asked } = parseVerdictRequest(
    {
      versionInfo: { baseline: { name: 'v1' } },
      criteria: { objectives: names.map((metric) => ({ metric, upperLimit: '0.05' })) },
      metrics: names.map((name) => ({ name, query: 'q', jqExpression: '{shares: .}' })),
    },
    { namespace: 'a', prometheus: 'http://prometheus' },
  );
  const samples: CounterSample[] = Array.from({ length: 90 }, (_, k) => ({
    kind: 'shares',
    series: 's',
    atMs: NOW - 90_000 + 1_000 * k,
    hits: 0,
    others: k,
  }));
  const measure = () =>
    Promise.resolve({
      kind: 'counters',
      answer: { kind: 'shares', samples },
      at: new Date(NOW).toISOString(),
      query: 'q',
    } as const);
  const ports = { metrics: { measure }, now: () => NOW, by: 'test', signal: new AbortController().signal };
  const experiment = await judgeWindow(asked!, ports, 200);
  const { measured, recommendation } = experimentView(experiment, NOW);
  expect(measured.map(({ metric, failure }) => [metric, failure?.message])).toEqual([
    ['first', undefined],
    ['second', undefined],
    ['third', expect.stringContaining('more than 200 samples')],
  ]);
  expect(recommendation.verdict).toBe('undecided');
});
