import { expect, it } from 'vitest';
import { renderDescribe } from '../../src/render/describe.ts';
import { themeFor } from '../../src/render/theme.ts';
import { displayWidth } from '../../src/text/width.ts';
import { experimentView } from '../../src/view/experiment-view.ts';
import { canary, driveInMemory, measuring, storeWithMetrics, withWeights } from '../support/driving.ts';
import { memoryTraffic } from '../support/memory-traffic.ts';

async function moved() {
  const base = canary({ objectives: [{ metric: 'errors', upperLimit: '0.05' }] });
  const { outcome } = await driveInMemory(
    {
      ...base,
      spec: {
        ...base.spec,
        strategy: { testingPattern: 'Canary', deploymentPattern: 'Progressive' },
        duration: { intervalSeconds: 10, iterationsPerLoop: 9 },
        versionInfo: withWeights('old', 'new'),
      },
    },
    {
      store: await storeWithMetrics({ users: { type: 'Counter' }, errors: { type: 'Gauge', sampleSize: 'users' } }),
      metrics: measuring((metric) => (metric === 'users' ? 10_000 : 0.001)),
      traffic: memoryTraffic({ old: 100, new: 0 }),
    },
  );
  return experimentView(outcome.experiment, Date.now());
}

it('shows each step that traffic has made, and the way back, as a bar, in bytes alone as a digit', async () => {
  const view = await moved();
  const shown = (lang: string, columns = 100) =>
    renderDescribe(view, { theme: themeFor({ isTTY: false }, { env: { LANG: lang }, mode: 'auto' }), columns });
  expect(shown('C.UTF-8')).toContain('Steps       new ▁▁▂▃▄▅▅▆▇▁ 0 %, 10 %, 20 %, ..., 80 %, 0 %');
  expect(shown('C')).toContain('Steps       new 0123456780 0 %, 10 %, 20 %, ..., 80 %, 0 %');
  for (const line of shown('C.UTF-8', 40).split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(40);
});
