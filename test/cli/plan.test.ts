/** What `plan` finds out before a run, on real servers. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { iter8ctl } from '../support/test-io.ts';
import { testServer } from '../support/test-server.ts';

/** `rewards`: of an A/B experiment of two versions. */
function folderOf(url: string, { rewards, qps = 100 }: { rewards?: readonly object[]; qps?: number } = {}): string {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-plan-'));
  const names = rewards === undefined ? ['v1'] : ['v1', 'v2'];
  const collect = { qps, numQueries: 60, timeout: '30s', versions: names.map((name) => ({ name, url })) };
  writeFileSync(
    path.join(cwd, 'e.json'),
    JSON.stringify({
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Experiment',
      metadata: { name: 'e', namespace: 'default' },
      spec: {
        target: 't',
        strategy: {
          ...(rewards === undefined
            ? { testingPattern: 'Conformance' }
            : { testingPattern: 'A/B', deploymentPattern: 'FixedSplit' }),
          actions: { start: [{ task: 'metrics/collect', with: collect }] },
        },
        criteria: {
          objectives: [{ metric: 'iter8-system/mean-latency', upperLimit: 20_000 }],
          ...(rewards === undefined ? {} : { rewards }),
        },
        duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
        versionInfo: {
          baseline: { name: 'v1' },
          ...(rewards === undefined ? {} : { candidates: [{ name: 'v2' }] }),
        },
      },
    }),
  );
  return cwd;
}

const planned = async (cwd: string) => {
  const { code, out, err } = await iter8ctl(['plan', '--local', '-f', 'e.json'], { cwd });
  return { code, text: `${out}${err}`.replace(/\s+/g, ' ') };
};

it('says what a mean needs as the run before it has measured it', async () => {
  await using server = await testServer((_, response) => void response.end('fine'));
  const cwd = folderOf(server.url);
  const before = await planned(cwd);
  expect(before.text).toMatch(/mean-latency <= 20 s needs [\d,]+ requests on average \(at 10 s\)/);
  const run = await iter8ctl(['run', '--local', '-f', 'e.json'], { cwd });
  expect(run.code, run.err).toBe(0);
  const after = await planned(cwd);
  expect(after.text).toMatch(/needs [\d,]+ requests on average \(at [\d.]+ (ms|s), as it was measured before\)/);
});

it('says that answers of redirects are followed by no promotion', async () => {
  await using server = await testServer((_, response) => void response.writeHead(302, { location: '/on' }).end());
  const { code, text } = await planned(folderOf(server.url));
  expect(text).toMatch(/302 in [\d.]+ ms: a redirect, which is not followed; send the load to where it leads/);
  expect(code).toBe(3);
});

it.each([
  [
    'mean-latency',
    100,
    /mean-latency \(Low\): needs [\d,]+ requests of each version on average to distinguish 10 s from 12 s/,
  ],
  [
    'error-rate',
    100,
    /error-rate \(Low\): needs [\d,]+ requests of each version on average to distinguish 1 % from 1\.2 %/,
  ],
  ['error-rate', 0, /cannot be compared with confidence: with qps 0 requests are not paired/],
  ['latency-95th-percentile', 100, /cannot be compared .*only error rates and mean latencies are/],
])('says what %s as a reward takes at %i requests a second', async (metric, qps, expected) => {
  await using server = await testServer((_, response) => void response.end('fine'));
  const rewards = [{ metric: `iter8-system/${metric}`, preferredDirection: 'Low' }];
  expect((await planned(folderOf(server.url, { rewards, qps }))).text).toMatch(expected);
});
