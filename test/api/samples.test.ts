/** The samples for Argo Rollouts and Flagger ask what the API takes. Before the real Argo: test/cluster/node/own-namespace/argo-rollouts.test.ts. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { load } from 'js-yaml';
import { expect, it } from 'vitest';
import { parseHookCall } from '../../src/api/flagger.ts';
import { HOOKS } from '../../src/api/routes.ts';
import { parseVerdictRequest } from '../../src/experiment/verdict-request.ts';
import { checkExperiment } from '../../src/validation/validate.ts';

const read = (name: string): unknown =>
  load(readFileSync(path.join(import.meta.dirname, '../../samples', name), 'utf8'));

function expectTaken(body: unknown): void {
  const { value, issues } = parseVerdictRequest(body, { namespace: 'shop', prometheus: 'http://prometheus' });
  expect(issues).toEqual([]);
  expect(checkExperiment({ ...value!.experiment, status: undefined })).toEqual([]);
}

it('the AnalysisTemplate', () => {
  const [{ provider }] = (
    read('argo-rollouts/analysis-web.yaml') as { spec: { metrics: [{ provider: { web: { jsonBody: unknown } } }] } }
  ).spec.metrics;
  expectTaken(provider.web.jsonBody);
});

it('the Canary', () => {
  interface Hook {
    readonly type: (typeof HOOKS)[number];
    readonly url: string;
    readonly metadata: Readonly<Record<string, string>>;
  }
  const { webhooks } = (read('flagger/canary.yaml') as { spec: { analysis: { webhooks: readonly Hook[] } } }).spec
    .analysis;
  expect(webhooks.map(({ type }) => type)).toEqual([...HOOKS]);
  for (const { type, url, metadata } of webhooks) {
    expect(new URL(url).pathname).toBe(`/flagger/v1/${type}`);
    const call = parseHookCall({ name: 'shop', namespace: 'shop', phase: 'Progressing', checksum: 'x', metadata });
    expect(call.token).toBe('TOKEN');
    if (call.asks.kind === 'verdict') expectTaken(call.asks.body);
    else expect(type).toBe('event');
  }
});
