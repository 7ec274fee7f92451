/** The sample that promotes by the image of a Deployment, as a reader applies it; the load goes to servers of this test. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { describeCluster, freshNamespace, iter8ctlProcess, kubectl } from '../../../support/cluster.ts';
import { failingEach, ok, testServer } from '../../../support/test-server.ts';

const read = (file: string) =>
  readFileSync(path.join(import.meta.dirname, '../../../../samples/image-swap', file), 'utf8');

describeCluster('promotion by the image of a Deployment', () => {
  it.concurrent.each([
    ['good', 0, 'registry.example.com/shop:2'],
    ['bad', 1, 'registry.example.com/shop:1'],
  ])('a %s candidate', async (word, code, image) => {
    const namespace = await freshNamespace();
    await kubectl(['apply', '-n', namespace, '-f', '-'], read('deployment.yaml'));
    await using stable = await testServer(ok);
    await using candidate = await testServer(word === 'good' ? ok : failingEach(10));
    const input = read('experiment.yaml')
      .replace('http://shop-candidate.default', candidate.url)
      .replace('http://shop.default', stable.url)
      // Those of one target run one after another.
      .replace('  target: shop\n', `  target: ${namespace}\n`)
      .replace('qps: 50', 'qps: 200');
    const ran = await iter8ctlProcess(['run', '-f', '-', '-n', namespace, '--allow-scripts'], { input });
    expect(ran.code, ran.out + ran.err).toBe(code);
    const get = (name: string, field: string) =>
      kubectl(['get', 'deployment', name, '-n', namespace, '-o', `jsonpath=${field}`]);
    expect(await get('shop', '{.spec.template.spec.containers[0].image}')).toBe(image);
    expect(await get('shop-candidate', '{.spec.replicas}')).toBe('0');
  });
});
