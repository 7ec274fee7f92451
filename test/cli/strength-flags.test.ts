/** Flags that put settings over those of the manifest keep the same rules: no load is sent for what can come to no verdict. */
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { iter8ctl } from '../support/test-io.ts';
import { testServer } from '../support/test-server.ts';

function folderOf(url: string): string {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-strength-'));
  const collect = { qps: 100, numQueries: 100, versions: [{ name: 'v1', url }] };
  const experiment = {
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { name: 'e', namespace: 'default' },
    spec: {
      target: 't',
      strategy: { testingPattern: 'Conformance', actions: { start: [{ task: 'metrics/collect', with: collect }] } },
      criteria: { objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.2' }] },
      duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
      versionInfo: { baseline: { name: 'v1' } },
    },
  };
  writeFileSync(path.join(cwd, 'e.json'), JSON.stringify(experiment));
  return cwd;
}

it.each([
  // Mutation: in src/cli/check-manifest.ts, `checkExperiment(experiment, { strength })` -> `checkExperiment(experiment)`
  [['--min-seconds', '1200'], /^error: --min-seconds: with it .*minSeconds: expected at most 900 seconds/s],
  [
    ['--min-requests', '101', '--no-extend'],
    /^error: --no-extend --min-requests: with them .*minRequests: expected at most 100 requests/s,
  ],
])('%j is refused by plan and by run, of a manifest and of what is stored', async (flags, problem) => {
  await using server = await testServer((_, response) => void response.end('fine'));
  const cwd = folderOf(server.url);
  for (const command of ['plan', 'run']) {
    const refused = await iter8ctl([command, '--local', '-f', 'e.json', ...flags], { cwd });
    expect([refused.code, refused.err]).toEqual([2, expect.stringMatching(problem)]);
  }
  const quick = await iter8ctl(['run', '--local', '--url', server.url, '--slo', 'p95<=9s', ...flags], { cwd });
  expect([quick.code, quick.err]).toEqual([2, expect.stringMatching(problem)]);
  expect(server.seen()).toBe(0);
  const stored = path.join(cwd, '.iter8/experiments/default/e.yaml');
  mkdirSync(path.dirname(stored), { recursive: true });
  copyFileSync(path.join(cwd, 'e.json'), stored);
  for (const command of ['plan', 'run']) {
    const refused = await iter8ctl([command, '--local', 'e', ...flags], { cwd });
    expect([refused.code, refused.err]).toEqual([2, expect.stringMatching(problem)]);
  }
  expect((await iter8ctl(['run', '--local', 'e'], { cwd })).code).toBe(0);
});
