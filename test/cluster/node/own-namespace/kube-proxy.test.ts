/** Traffic that really moves: kube-proxy divides the connections of one Service between the pods of two Deployments. Prometheus counts. */
import { beforeAll, expect, it } from 'vitest';
import { describeLabUnless, iter8ctlProcess } from '../../../support/cluster.ts';
import { missingProgram } from '../../../support/needs.ts';
import { answers, scrapePods, Users } from '../../../support/data-plane.ts';
import {
  BAD_EVERY,
  expectFewErrors,
  getOf,
  installShop,
  placeShop,
  quickSample,
  RATE,
  service,
  sharesSaid,
} from '../../../support/shop-on-node.ts';

describeLabUnless(missingProgram('prometheus'))('kube-proxy between two Deployments of one Service', () => {
  beforeAll(installShop);

  const more = [service('shop', { app: 'shop' })];
  const replicas = (namespace: string) => getOf(namespace, 'deployment', '-o', 'jsonpath={.items[*].spec.replicas}');

  it.concurrent.each([
    ['a good candidate gets all of it', 0, 0, '0 4'],
    ['a bad candidate is rolled back, and few users saw it', BAD_EVERY, 1, '4 0'],
  ])('%s', async (_, errorEvery, code, after) => {
    await using shop = await placeShop({ replicas: [4, 0], errorEvery, more });
    const { namespace, counts } = shop;
    await answers(namespace, 'shop');
    await using prometheus = await scrapePods(namespace);
    const host = await getOf(namespace, 'service', 'shop', '-o', 'jsonpath={.spec.clusterIP}');
    const users = new Users(() => ({ host, port: 80 }), RATE);
    const ran = await iter8ctlProcess(['run', '-f', '-', '-n', namespace], {
      // Four steps to all of the traffic, and twice as long there; a bad one gets little of it, and ends by what is seen of it.
      input: quickSample('replicas', {
        namespace,
        prometheus: prometheus.url,
        // Pods have to start in one.
        intervalSeconds: 4,
        iterations: errorEvery === 0 ? 12 : 40,
      }),
    });
    await users[Symbol.asyncDispose]();
    expect(ran.code, ran.out + ran.err).toBe(code);
    expect(await replicas(namespace)).toBe(after);
    if (errorEvery > 0) expectFewErrors(counts, sharesSaid(ran.err));
  });
});
