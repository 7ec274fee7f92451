/** `install --print-role` reads the files that `run` reads. What the API grants by it: test/cluster/objects/traffic.test.ts. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { iter8ctl } from '../support/test-io.ts';

it('skips objects of other kinds when asked to, as its error says', async () => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-print-role-'));
  const experiment = {
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { name: 'e', namespace: 'shop' },
    spec: {
      target: 't',
      strategy: { testingPattern: 'Conformance' },
      versionInfo: { baseline: { name: 'b' } },
    },
  };
  const route = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'shop' } };
  writeFileSync(path.join(cwd, 'all.yaml'), [experiment, route].map((one) => JSON.stringify(one)).join('\n---\n'));
  const print = (...flags: string[]) => iter8ctl(['install', '--print-role', '-f', 'all.yaml', ...flags], { cwd });
  expect(await print()).toMatchObject({ code: 2, err: expect.stringContaining('--ignore-others') as string });
  const printed = await print('--ignore-others');
  expect(printed).toMatchObject({ code: 0, err: expect.stringContaining('skipped HTTPRoute shop') as string });
  expect(printed.out).toContain('kind: Role\n');
});
