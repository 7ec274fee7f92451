/** Versions have the order of the spec on every screen, whatever their names, and the order of the task that loads them. */
import { expect, it } from 'vitest';
import { latencyHistograms } from '../../src/view/latency-bars.ts';
import { jsonView } from '../../src/report/json-view.ts';
import { renderMarkdown } from '../../src/report/markdown.ts';
import { renderDescribe } from '../../src/render/describe.ts';
import { afterEvent, EMPTY_LIVE, frame } from '../../src/render/live-view.ts';
import { createLog } from '../../src/render/progress-lines.ts';
import { themeFor } from '../../src/render/theme.ts';
import { experimentView } from '../../src/view/experiment-view.ts';
import { canary, driveInMemory } from '../support/driving.ts';

const theme = themeFor({ isTTY: false }, { mode: 'never', env: { LANG: 'C.UTF-8' } });

it('is kept everywhere', async () => {
  const base = canary({ strength: { extend: false } });
  const names = ['zeta', '10', '2'];
  const versions = ['2', 'zeta', '10'].map((name) => ({ name, url: `http://${name}.test/` }));
  const { outcome, events } = await driveInMemory({
    ...base,
    spec: {
      ...base.spec,
      strategy: {
        testingPattern: 'A/B/N',
        deploymentPattern: 'FixedSplit',
        actions: { start: [{ task: 'metrics/collect', with: { numQueries: 100, qps: 50, versions } }] },
      },
      criteria: {
        ...base.spec.criteria,
        rewards: [{ metric: 'iter8-system/mean-latency', preferredDirection: 'Low' }],
      },
      versionInfo: { baseline: { name: 'zeta' }, candidates: [{ name: '10' }, { name: '2' }] },
    },
  });
  const { experiment } = outcome;
  const view = experimentView(experiment, 0);
  const log = createLog(theme);
  const lines = events.flatMap((event) => log(event) ?? []);
  expect(lines.join('\n')).toContain('sending 100 requests to each of zeta, 10 and 2 at 50/s');
  for (const event of events)
    if (event.kind === 'load') expect(event.load.versions.map(({ version }) => version)).toEqual(names);
  const half = events.slice(0, Math.ceil(events.length / 2)).reduce(afterEvent, EMPTY_LIVE);
  const places = (text: string, mark: (name: string) => string) =>
    names.map((name) => text.replaceAll(/ +/g, ' ').indexOf(mark(name)));
  const screens = [
    places(frame(half, { columns: 100, rows: 40 }, theme).join('\n'), (name) => `mean-latency ${name} `),
    places(renderDescribe(view, { theme, columns: 80 }), (name) => `Objectives, ${name}`),
    places(renderDescribe(view, { theme, columns: 80 }), (name) => `Observed, ${name}`),
    places(renderMarkdown(view), (name) => `| ${name} | mean-latency |`),
  ];
  for (const found of screens) {
    expect(
      found.every((at) => at >= 0),
      JSON.stringify(found),
    ).toBe(true);
    expect(found).toEqual(found.toSorted((a, b) => a - b));
  }
  const json = JSON.stringify(jsonView(view));
  expect([...new Set([...json.matchAll(/"version":"(\w+)"/g)].map(([, name]) => name))].slice(-3)).toEqual(
    expect.arrayContaining(names),
  );
  expect(view.observations.map(({ version }) => version)).toEqual(names);
  expect([...new Set(view.objectives.map(({ version }) => version))]).toEqual(names);
  expect(latencyHistograms(experiment).map(({ version }) => version)).toEqual(names);
});
