/** A variable of a version that is named like a credential is hidden in queries, as it is in the spec. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createMetricSource } from '../../../src/adapters/metrics/measure-metric.ts';
import { createJq } from '../../../src/adapters/metrics/jq.ts';
import { jsonText } from '../../../src/report/json-text.ts';
import { jsonView } from '../../../src/report/json-view.ts';
import { experimentView } from '../../../src/view/experiment-view.ts';
import { canary, driveInMemory, storeWithMetrics } from '../../support/driving.ts';
import { fakeClock } from '../../support/fake-clock.ts';

it.each([
  ['in a body', { method: 'POST', body: '{"query": "errors", "apiKey": "$apiKey"}' }, '0.01'],
  ['in a parameter', { params: [{ name: 'q', value: 'errors{tenant="$apiKey"}' }] }, '0.01'],
  [
    'in what a backend says of it',
    { params: [{ name: 'api_key', value: '$apiKey' }] },
    'no access for CANARY-0123456789',
  ],
])('%s', async (_, spec, answer) => {
  const server = createServer((_request, response) => response.end(answer));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const urlTemplate = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const clock = fakeClock();
  const jq = createJq({ cpuMs: () => 0 });
  const base = canary({ objectives: [{ metric: 'errors', upperLimit: '0.05' }] });
  const variables = [{ name: 'apiKey', value: 'CANARY-0123456789' }];
  const { outcome, log } = await driveInMemory(
    {
      ...base,
      spec: {
        ...base.spec,
        strategy: { testingPattern: 'Canary', deploymentPattern: 'FixedSplit' },
        versionInfo: { baseline: { name: 'old', variables }, candidates: [{ name: 'new', variables }] },
      },
    },
    {
      clock,
      store: await storeWithMetrics({ errors: { urlTemplate, ...spec } }, clock),
      metrics: createMetricSource({
        secrets: { read: () => Promise.reject(new Error('none')) },
        jq,
        clock,
        env: {},
        random: () => 0.5,
        systemNamespace: 'iter8-system',
      }),
    },
  );
  await jq.close();
  server.close();
  const all = {
    log: JSON.stringify(log),
    status: JSON.stringify(outcome.experiment.status),
    view: jsonText(jsonView(experimentView(outcome.experiment, clock.now()))),
  };
  const leaks = Object.entries(all).filter(([, text]) => text.includes('CANARY'));
  expect(leaks.map(([name]) => name)).toEqual([]);
});
