/** Traffic that really moves: nginx divides requests between two Services by the weights of an HTTPRoute. Prometheus counts. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { describeLabUnless, iter8ctlProcess, kubectl, Running } from '../../../support/cluster.ts';
import { httpRoute, routeWeightsOf } from '../../../support/cluster-objects.ts';
import { missingProgram } from '../../../support/needs.ts';
import { answers, countedBy, scrapePods, startGateway, Users } from '../../../support/data-plane.ts';
import {
  BAD_EVERY,
  expectFewErrors,
  installShop,
  placeShop,
  quickSample,
  RATE,
  service,
  sharesSaid,
} from '../../../support/shop-on-node.ts';

describeLabUnless(missingProgram('nginx', '-v') ?? missingProgram('prometheus'))(
  'nginx, by the weights of an HTTPRoute',
  () => {
    beforeAll(async () => {
      await installShop();
    });

    const more = [
      ...['shop-v1', 'shop-v2'].map((version) => service(version, { app: 'shop', version })),
      httpRoute({ 'shop-v1': 100, 'shop-v2': 0 }),
    ];
    const quick = (namespace: string, prometheus: string) => ({ namespace, prometheus, intervalSeconds: 3 });

    it.each([
      ['a good candidate gets all of it', 0, 0, '0 100'],
      ['a bad candidate is rolled back, and few users saw it', BAD_EVERY, 1, '100 0'],
    ])('%s', async (_, errorEvery, code, after) => {
      await using shop = await placeShop({ replicas: [1, 1], errorEvery, more });
      const { namespace, counts } = shop;
      await answers(namespace, 'shop-v1', 'shop-v2');
      await using prometheus = await scrapePods(namespace);
      await using gateway = await startGateway(namespace, 'shop');
      const users = new Users(() => ({ host: '127.0.0.1', port: gateway.port }), RATE);
      const ran = await iter8ctlProcess(['run', '-f', '-', '-n', namespace], {
        // Four steps to all of the traffic, and twice as long there; a bad one gets little of it, and ends by what is seen of it.
        input: quickSample('gateway-api', {
          ...quick(namespace, prometheus.url),
          iterations: errorEvery === 0 ? 12 : 40,
        }),
      });
      await users[Symbol.asyncDispose]();
      expect(ran.code, ran.out + ran.err).toBe(code);
      expect(await routeWeightsOf(namespace)).toBe(after);
      expect(gateway.splits.length).toBeGreaterThan(2);
      for (const version of ['shop-v1', 'shop-v2']) expect(users.seenOf(version)).toEqual(countedBy(counts, version));
      // nginx closes connections when it loads a new configuration.
      expect(users.unanswered).toBeLessThan(50);
      if (errorEvery > 0) expectFewErrors(counts, sharesSaid(ran.err));
    });

    it('a candidate that is deployed again in mid-run is undecided, and its traffic is taken back', async () => {
      await using shop = await placeShop({ replicas: [1, 1], errorEvery: 0, more });
      const { namespace } = shop;
      await answers(namespace, 'shop-v1', 'shop-v2');
      await using prometheus = await scrapePods(namespace);
      await using gateway = await startGateway(namespace, 'shop');
      await using _users = new Users(() => ({ host: '127.0.0.1', port: gateway.port }), RATE);
      const file = path.join(mkdtempSync(path.join(tmpdir(), 'iter8ctl-changed-')), 'experiment.yaml');
      execFileSync('tee', [file], {
        input: quickSample('gateway-api', { ...quick(namespace, prometheus.url), iterations: 20 }),
      });
      const run = new Running(['run', '-f', file, '-n', namespace]);
      await run.said(/traffic is split/);
      await kubectl(['set', 'env', 'deployment/shop-v2', '-n', namespace, 'NEW=1']);
      const { code, out } = await run.done;
      expect(code).toBe(3);
      expect(out.replace(/\s+/g, ' ')).toMatch(/^undecided: keep shop-v1 for now candidate shop-v2 changed at \S+: /);
      expect(await routeWeightsOf(namespace)).toBe('100 0');
    });
  },
);
