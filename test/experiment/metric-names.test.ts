import { describe, expect, it } from 'vitest';
import { API_VERSION } from '../../src/experiment/experiment.ts';
import { BUILTIN_METRICS, builtinMetric, isSameMetric, parseMetricName } from '../../src/experiment/metric-names.ts';
import { parseMetric } from '../../src/experiment/parse.ts';

describe('metric names', () => {
  it.each([
    ['iter8-system/request-count', { kind: 'request-count' }],
    ['iter8-system/error-count', { kind: 'error-count' }],
    ['iter8-system/error-rate', { kind: 'error-rate' }],
    ['iter8-system/mean-latency', { kind: 'mean-latency' }],
    ['iter8-system/latency-95th-percentile', { kind: 'percentile', percent: 95 }],
    ['iter8-system/latency-99.9th-percentile', { kind: 'percentile', percent: 99.9 }],
    ['iter8-system/latency-1st-percentile', { kind: 'percentile', percent: 1 }],
    ['iter8-system/latency-2nd-percentile', { kind: 'percentile', percent: 2 }],
    ['iter8-system/latency-3rd-percentile', { kind: 'percentile', percent: 3 }],
    ['iter8-system/latency-0.5th-percentile', { kind: 'percentile', percent: 0.5 }],
    ['iter8-system/latency-0th-percentile', { kind: 'custom' }],
    ['iter8-system/latency-100th-percentile', { kind: 'custom' }],
    ['iter8-system/latency--5th-percentile', { kind: 'custom' }],
    ['iter8-system/latency-95-percentile', { kind: 'custom' }],
    ['iter8-system/mean-latancy', { kind: 'custom' }],
    ['default/mean-latency', { kind: 'custom' }],
    ['mean-latency', { kind: 'custom' }],
  ])('%s is %o', (name, quantity) => {
    expect(parseMetricName(name, 'default').quantity).toEqual(quantity);
  });

  it('takes a bare name from the namespace of the experiment', () => {
    expect(parseMetricName('latency', 'shop').key).toEqual({ namespace: 'shop', name: 'latency' });
    expect(parseMetricName('iter8-istio/latency', 'shop').key).toEqual({ namespace: 'iter8-istio', name: 'latency' });
    expect(parseMetricName('mean-latency', 'iter8-system').quantity).toEqual({ kind: 'mean-latency' });
  });

  it('reads an endpoint, of built-in metrics only', () => {
    const name = parseMetricName('iter8-system/mean-latency/checkout', 'default');
    expect(name).toMatchObject({ quantity: { kind: 'mean-latency' }, endpoint: 'checkout' });
    expect(parseMetricName('iter8-system/mean-latency/', 'default').quantity).toEqual({ kind: 'custom' });
    expect(parseMetricName('a/b/c', 'default')).toMatchObject({
      key: { namespace: 'a', name: 'b/c' },
      quantity: { kind: 'custom' },
    });
  });

  it.each(['', '/', 'a/', '/b', 'iter8-system/', 'iter8-system//x', 'constructor', '__proto__'])(
    'survives %j',
    (name) => {
      expect(parseMetricName(name, 'default')).toMatchObject({ written: name, quantity: { kind: 'custom' } });
    },
  );

  it('knows two ways to write one metric', () => {
    expect(isSameMetric('latency', 'shop/latency', 'shop')).toBe(true);
    expect(isSameMetric('latency', 'shop/latency', 'default')).toBe(false);
    expect(isSameMetric('iter8-system/latency-95th-percentile', 'iter8-system/latency-95.0th-percentile', 'x')).toBe(
      true,
    );
    expect(isSameMetric('iter8-system/latency-95th-percentile', 'iter8-system/latency-95th-percentile/a', 'x')).toBe(
      false,
    );
  });

  it('makes up a Metric for each built-in one, as the CRD takes it', () => {
    for (const written of [...BUILTIN_METRICS, 'iter8-system/latency-99.9th-percentile/checkout']) {
      const name = parseMetricName(written, 'default');
      expect(name.quantity.kind).not.toBe('custom');
      const metric = builtinMetric(name);
      expect(parseMetric(metric).issues).toEqual([]);
      expect(metric).toMatchObject({ apiVersion: API_VERSION, spec: { provider: 'iter8' } });
      expect(metric.metadata.name).not.toContain('/');
    }
    expect(builtinMetric(parseMetricName('iter8-system/error-count', 'x')).spec.type).toBe('Counter');
    expect(builtinMetric(parseMetricName('iter8-system/mean-latency', 'x')).spec).toMatchObject({
      type: 'Gauge',
      units: 'milliseconds',
      sampleSize: 'iter8-system/request-count',
    });
  });
});
