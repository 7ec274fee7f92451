/** The Helm chart: rendered by the real Helm, it is what `iter8ctl install` makes. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadAll } from 'js-yaml';
import { expect, it } from 'vitest';
import { OTEL_VARIABLES } from '../../src/adapters/telemetry/otel-variables.ts';
import { installObjects } from '../../src/install/manifests.ts';
import type { ControllerOptions } from '../../src/install/deployment.ts';
import { describeUnless, missingHelm } from '../support/needs.ts';

const root = path.join(import.meta.dirname, '../..');
const chart = path.join(root, 'deploy/chart');

it('the chart has the version of the program', () => {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  expect(loadAll(readFileSync(path.join(chart, 'Chart.yaml'), 'utf8'))).toEqual([
    expect.objectContaining({ version, appVersion: version }),
  ]);
});

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; annotations?: Record<string, string> };
}

interface Monitor extends Rendered {
  readonly spec: { readonly selector: { readonly matchLabels: object }; readonly podMetricsEndpoints: unknown };
}
interface Deployment {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: object; readonly annotations: object };
      readonly spec: {
        readonly containers: {
          readonly ports: { name: string; containerPort: number }[];
          readonly env: { readonly name: string }[];
        }[];
      };
    };
  };
}

const byName = (one: Rendered, other: Rendered) =>
  `${one.kind}/${one.metadata.name}` < `${other.kind}/${other.metadata.name}` ? -1 : 1;

describeUnless(missingHelm())('rendered by helm', () => {
  const helm = (...sets: string[]) => spawnSync('helm', ['template', 'x', chart, ...sets], { encoding: 'utf8' });

  function rendered(...sets: string[]): Rendered[] {
    const { status, stdout, stderr } = helm(...sets);
    expect(status, stderr).toBe(0);
    return (loadAll(stdout) as (Rendered | null)[]).filter((one) => one !== null).toSorted(byName);
  }

  /** As Helm marks it: whose it is, and that CRDs and the namespace outlive a release. */
  function installed(options?: ControllerOptions): unknown[] {
    const text = JSON.stringify(installObjects(options).map(({ object }) => object));
    const objects = JSON.parse(text.replaceAll('managed-by":"iter8ctl', 'managed-by":"Helm')) as Rendered[];
    for (const { kind, metadata } of objects)
      if (kind === 'CustomResourceDefinition' || kind === 'Namespace')
        metadata.annotations = { 'helm.sh/resource-policy': 'keep' };
    return objects.toSorted(byName);
  }

  it('is what install makes', () => {
    expect(rendered()).toEqual(installed());
  });

  it('is what install --image makes, with scripts and without', () => {
    const image = 'registry.example/iter8ctl:0.1.0@sha256:00';
    const plain = { image, replicas: 3, allowScripts: false, scriptImage: image };
    const sets = ['--set-string', `controller.image=${image}`, '--set', 'controller.replicas=3'];
    expect(rendered(...sets)).toEqual(installed(plain));
    const scripts = [...sets, '--set', 'controller.allowScripts=true'];
    expect(rendered(...scripts)).toEqual(installed({ ...plain, allowScripts: true }));
    expect(rendered(...scripts, '--set', 'controller.scriptImage=kubectl:1')).toEqual(
      installed({ ...plain, allowScripts: true, scriptImage: 'kubectl:1' }),
    );
  });

  it('is what install --api makes, with TLS and without, with a Prometheus and without, beside scripts', () => {
    const image = 'iter8ctl:1';
    const plain = { image, replicas: 1, allowScripts: false, scriptImage: image };
    const prometheus = 'http://prometheus.monitoring:9090';
    for (const [allowScripts, tlsSecret, asked] of [
      [true, 'api-tls', prometheus],
      [false, undefined, undefined],
    ] as const) {
      const sets = [
        `image=${image}`,
        `allowScripts=${allowScripts}`,
        'api.enabled=true',
        tlsSecret === undefined ? 'api.plainHttp=true' : `api.tlsSecret=${tlsSecret}`,
        ...(asked === undefined ? [] : [`api.prometheus=${asked}`]),
      ].flatMap((set) => ['--set', `controller.${set}`]);
      expect(rendered(...sets)).toEqual(installed({ ...plain, allowScripts, api: { tlsSecret, prometheus: asked } }));
    }
  });

  it('is what install --otel makes, with headers of a Secret and without, beside the API', () => {
    const plain = { image: 'x', replicas: 1, allowScripts: false, scriptImage: 'x' };
    const variables = {
      OTEL_METRIC_EXPORT_INTERVAL: '15000',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.monitoring:4318',
      OTEL_RESOURCE_ATTRIBUTES: 'team=a, "b": {{x}}',
    };
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'iter8ctl-values-')), 'values.json');
    for (const headersSecret of ['otel', undefined]) {
      const api = headersSecret === undefined ? undefined : { tlsSecret: 'tls' };
      const values = {
        image: 'x',
        otel: { variables, headersSecret: headersSecret ?? '' },
        ...(api === undefined ? {} : { api: { enabled: true, ...api } }),
      };
      writeFileSync(file, JSON.stringify({ controller: values }));
      const objects = rendered('--values', file);
      expect(objects).toEqual(installed({ ...plain, api, otel: { variables, headersSecret } }));
      const { env } = (objects.find(({ kind }) => kind === 'Deployment') as unknown as Deployment).spec.template.spec
        .containers[0]!;
      expect(env.filter(({ name }) => name.endsWith('HEADERS'))).toEqual(
        headersSecret === undefined
          ? []
          : [
              {
                name: 'OTEL_EXPORTER_OTLP_HEADERS',
                valueFrom: { secretKeyRef: { name: 'otel', key: 'headers' } },
              },
            ],
      );
    }
  });

  it.each([
    ['headers as they are', ['variables.OTEL_EXPORTER_OTLP_HEADERS=x=y'], 'OTEL_EXPORTER_OTLP_HEADERS'],
    [
      'a password in the address',
      ['variables.OTEL_EXPORTER_OTLP_ENDPOINT=http://a:b@c'],
      'OTEL_EXPORTER_OTLP_ENDPOINT',
    ],
    ['no address', ['variables.OTEL_SERVICE_NAME=x'], 'nothing would be pushed'],
    ['headers alone', ['headersSecret=x'], 'nothing would be pushed'],
  ])('refuses %s of a push', (_, sets, named) => {
    const { status, stderr } = helm(
      '--set',
      'controller.image=x',
      ...sets.flatMap((set) => ['--set', `controller.otel.${set}`]),
    );
    expect(status).not.toBe(0);
    expect(stderr).toContain(named);
  });

  it('knows the variables that install knows', () => {
    const schema = JSON.parse(readFileSync(path.join(chart, 'values.schema.json'), 'utf8'));
    const { variables } = schema.properties.controller.properties.otel.properties;
    expect(variables.propertyNames.enum).toEqual(OTEL_VARIABLES);
  });

  it('reviews tokens and rights with the API alone', () => {
    const rules = (text: string) => /tokenreviews|subjectaccessreviews/.test(text);
    expect(rules(JSON.stringify(rendered('--set', 'controller.image=x')))).toBe(false);
    const api = ['controller.image=x', 'controller.api.enabled=true', 'controller.api.plainHttp=true'];
    expect(rules(JSON.stringify(rendered(...api.flatMap((set) => ['--set', set]))))).toBe(true);
  });

  it.each([[['plainHttp=false']], [['plainHttp=true', 'tlsSecret=x']]])('refuses an API with %j', (sets) => {
    const all = ['image=x', 'api.enabled=true', ...sets.map((set) => `api.${set}`)];
    const { status, stderr } = helm(...all.flatMap((set) => ['--set', `controller.${set}`]));
    expect(status).not.toBe(0);
    expect(stderr).toContain('tlsSecret, or plainHttp');
  });

  it('adds a PodMonitor where it is asked for, of the pods that it makes', () => {
    const enabled = ['--set', 'podMonitor.enabled=true', '--set', 'podMonitor.labels.release=prometheus'];
    expect(rendered(...enabled).filter(({ kind }) => kind === 'PodMonitor')).toEqual([]); // there is nothing to scrape
    const objects = rendered(...enabled, '--set', 'controller.image=x', '--set', 'podMonitor.interval=15s');
    const monitor = objects.find(({ kind }) => kind === 'PodMonitor') as unknown as Monitor;
    const deployment = objects.find(({ kind }) => kind === 'Deployment') as unknown as Deployment;
    const { metadata, spec } = deployment.spec.template;
    expect(monitor.metadata).toMatchObject({ namespace: 'iter8-system', labels: { release: 'prometheus' } });
    expect(metadata.labels).toMatchObject(monitor.spec.selector.matchLabels);
    const [port] = spec.containers[0]!.ports;
    expect(monitor.spec.podMetricsEndpoints).toEqual([
      { port: port!.name, path: '/metrics', honorLabels: true, interval: '15s' },
    ]);
    expect(metadata.annotations).toEqual({
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': String(port!.containerPort),
      'prometheus.io/path': '/metrics',
    });
  });

  it('makes no namespace where it is there already', () => {
    expect(rendered('--set', 'createNamespace=false').filter(({ kind }) => kind === 'Namespace')).toEqual([]);
  });

  it('refuses values that it does not have', () => {
    const { status, stderr } = helm('--set', 'controler.image=x');
    expect(status).not.toBe(0);
    expect(stderr).toContain('controler');
  });
});
