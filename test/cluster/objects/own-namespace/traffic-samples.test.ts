/** The samples of moving traffic, as a reader applies them, with the CRDs that their projects publish. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { describeCluster, freshNamespace, iter8ctlProcess, installCrd, kubectl } from '../../../support/cluster.ts';
import { bareCrd } from '../../../support/bare-crd.ts';
import { fileOfGoModule } from '../../../support/go-module.ts';
import { testServer } from '../../../support/test-server.ts';

const samples = path.join(import.meta.dirname, '../../../../samples/traffic');
const read = (sample: string, file: string) => readFileSync(path.join(samples, sample, file), 'utf8');

/** Of a file with many of them, those of one kind. */
const documentOf = (text: string | undefined, name: string) =>
  text?.split(/^---$/m).find((document) => document.includes(`name: ${name}\n`));

// All at once, each in a namespace of its own.
describeCluster('samples of moving traffic', () => {
  beforeAll(async () => {
    const services = documentOf(
      fileOfGoModule('istio.io/api@v1.26.0', 'kubernetes/customresourcedefinitions.gen.yaml'),
      'virtualservices.networking.istio.io',
    );
    await installCrd(
      'virtualservices.networking.istio.io',
      services ?? bareCrd('networking.istio.io', 'v1', 'VirtualService', 'virtualservices'),
    );
    await installCrd('services.serving.knative.dev', bareCrd('serving.knative.dev', 'v1', 'Service', 'services'));
  });

  /** Prometheus of a shop. Requests since the experiment began, divided as the objects say: 10,000 more each time that somebody asks. */
  async function countingServer(shareOf: (version: string) => Promise<number>) {
    const counted = new Map<string, number>();
    /** The candidate, from when it has some traffic. */
    let failing = false;
    const answer = async (query: string): Promise<string> => {
      const version = /shop-v2|shop-00002/.test(query) ? 'shop-v2' : 'shop-v1';
      const before = counted.get(version) ?? 0;
      if (/5\.\.|5xx/.test(query)) return failing && version === 'shop-v2' && before > 0 ? '0.2' : '0.001';
      counted.set(version, before + Math.round(10_000 * (await shareOf(version))));
      return String(counted.get(version));
    };
    const server = await testServer((request, response) => {
      answer(new URL(request.url ?? '', 'http://x').searchParams.get('query') ?? '').then(
        (value) => response.end(JSON.stringify({ status: 'success', data: { result: [{ value: [1, value] }] } })),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
    const begin = (isFailing: boolean) => {
      counted.clear();
      failing = isFailing;
    };
    return { url: server.url, begin, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  }

  const run = (
    sample: string,
    { namespace, prometheus }: { readonly namespace: string; readonly prometheus: string },
  ) =>
    iter8ctlProcess(['run', '-f', '-', '-n', namespace], {
      input: read(sample, 'experiment.yaml')
        .replaceAll('http://prometheus.monitoring:9090/', prometheus)
        // Those of one target run one after another.
        .replace('  target: shop\n', `  target: ${namespace}\n`)
        // These requests do not end late, and the test is over before those of a service would have.
        .replace('  criteria:\n', '  criteria:\n    strength: { inFlightSeconds: 0 }\n')
        .replace('intervalSeconds: 30', 'intervalSeconds: 1')
        .replace('iterationsPerLoop: 20', 'iterationsPerLoop: 5'),
    });

  it.concurrent.each([
    ['gateway-api', 'httproute/shop', '{.spec.rules[0].backendRefs[*].weight}', '100 0', '50 50'],
    ['knative', 'services.serving.knative.dev/shop', '{.spec.traffic[*].percent}', '100 0', '50 50'],
    ['istio', 'virtualservice/shop', '{.spec.http[0].route[*].weight}', '100 0', '50 50'],
    [
      'ingress-nginx',
      'ingress/shop-canary',
      '{.metadata.annotations.nginx\\.ingress\\.kubernetes\\.io/canary-weight}',
      '0',
      '50',
    ],
    ['replicas', 'deployment', '{.items[*].spec.replicas}', '10 0', '5 5'],
  ])('%s: a good version gets what it may, a bad one nothing', async (sample, object, fields, before, promoted) => {
    const namespace = await freshNamespace();
    await kubectl(['apply', '-n', namespace, '-f', '-'], read(sample, 'route.yaml'));
    const split = () => kubectl(['get', object, '-n', namespace, '-o', `jsonpath=${fields}`]);
    expect(await split()).toBe(before);
    await using prometheus = await countingServer(async (version) => {
      const weights = (await split()).split(' ').map(Number);
      const candidate = weights.at(-1)! / (weights.length === 1 ? 100 : weights[0]! + weights[1]!);
      return version === 'shop-v2' ? candidate : 1 - candidate;
    });
    const here = { namespace, prometheus: prometheus.url };
    prometheus.begin(true);
    const bad = await run(sample, here);
    expect(bad.code, bad.out + bad.err).toBe(1);
    expect(bad.err).toContain('traffic is split');
    expect(await split()).toBe(before);
    prometheus.begin(false);
    await kubectl(['delete', 'experiment', 'shop', '-n', namespace]);
    const good = await run(sample, here);
    expect(good.code, good.out + good.err).toBe(0);
    expect(await split()).toBe(promoted);
  });
});
