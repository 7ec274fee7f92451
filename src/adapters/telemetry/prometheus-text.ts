/** Measured values as Prometheus reads them: its text format, or OpenMetrics where that is asked for. */
import { Counter, Gauge, Registry, type RegistryContentType } from 'prom-client';
import type { Measured } from '../../telemetry/families.ts';

export interface MetricsText {
  readonly type: string;
  readonly text: string;
}

/** A registry for each answer: a series that nobody gave a value is not there, and no answer holds another's state. */
export async function prometheusText(measured: readonly Measured[], accept: string): Promise<MetricsText> {
  const registry = new Registry<RegistryContentType>();
  if (prefersOpenMetrics(accept)) registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  for (const { family, values } of measured) {
    const { name, help, labels } = family;
    const how = { name, help, labelNames: labels, registers: [registry] };
    if (family.type === 'gauge') {
      const gauge = new Gauge(how);
      for (const one of values) gauge.set(one.labels, one.value);
    } else {
      const counter = new Counter(how);
      for (const one of values) counter.inc(one.labels, one.value);
    }
  }
  return { type: registry.contentType, text: await registry.metrics() };
}

/** Source: RFC 9110, 12.5.1; the more exact range counts, whatever its weight. */
function prefersOpenMetrics(accept: string): boolean {
  const weights = new Map<string, number>();
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const weight = Number(parameters.find((one) => one.startsWith('q='))?.slice(2) ?? 1);
    if (Number.isFinite(weight)) weights.set(type, Math.max(weight, weights.get(type) ?? 0));
  }
  const openMetrics = weights.get('application/openmetrics-text') ?? 0;
  return openMetrics > 0 && openMetrics >= (weights.get('text/plain') ?? weights.get('text/*') ?? 0);
}
