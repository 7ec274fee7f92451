/**
 * Pushes measured values by OTLP, with OpenTelemetry's own library. A bundle of its own (scripts/build.mjs), loaded only where the
 * environment asks for it.
 */
import { parseKeyPairsIntoRecord, type ExportResult } from '@opentelemetry/core';
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { ValueType, type HrTime } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type CollectionResult,
  type MetricData,
  type MetricProducer,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import type { Measured } from '../../telemetry/families.ts';
import type { OtlpSettings } from '../telemetry/otlp-settings.ts';

export interface OtlpOptions {
  readonly settings: OtlpSettings;
  /** Of this program. */
  readonly version: string;
  /** ms since 1970: since when counters count. */
  readonly startedAt: number;
  readonly now: () => number;
  readonly measured: () => readonly Measured[];
  /** Each time that values could not be sent. `secrets` are those of the headers. */
  readonly onFailure: (error: Error, secrets: readonly string[]) => void;
}

/** Unified Code for Units of Measure, as OpenTelemetry wants it. */
const UNITS = { seconds: 's', ratio: '1', none: '' } as const;

/** The function sends what there is at the end, and ends it. */
export function startOtlp(options: OtlpOptions): () => Promise<void> {
  const { settings } = options;
  const headers = parseKeyPairsIntoRecord(settings.headers);
  const Exporter = settings.protocol === 'http/json' ? JsonExporter : ProtobufExporter;
  const exporter = new Exporter({
    url: settings.url,
    headers,
    timeoutMillis: settings.timeoutMs,
    // The enumeration of the library is one of its types only.
    compression: settings.compression as never,
    concurrencyLimit: 1,
  });
  const secrets = Object.values(headers).flatMap((value) => [value, ...value.split(/\s+/)]);
  const resource = resourceFromAttributes({
    'service.name': 'iter8ctl',
    'service.version': options.version,
    ...parseKeyPairsIntoRecord(settings.resourceAttributes),
    ...(settings.serviceName === undefined ? {} : { 'service.name': settings.serviceName }),
  });
  const producer: MetricProducer = {
    collect: (): Promise<CollectionResult> =>
      Promise.resolve({
        resourceMetrics: {
          resource,
          scopeMetrics: [{ scope: { name: 'iter8ctl', version: options.version }, metrics: metricsOf(options) }],
        },
        errors: [],
      }),
  };
  const reader = new PeriodicExportingMetricReader({
    exporter: reporting(exporter, (error) => options.onFailure(error, secrets)),
    exportIntervalMillis: settings.intervalMs,
    exportTimeoutMillis: Math.min(settings.timeoutMs, settings.intervalMs),
    metricProducers: [producer],
  });
  const provider = new MeterProvider({ resource, readers: [reader] });
  return () => provider.shutdown();
}

/** The reader does not report failures: this exporter does. */
function reporting(exporter: PushMetricExporter, onFailure: (error: Error) => void): PushMetricExporter {
  return {
    export: (metrics, done) =>
      exporter.export(metrics, (result: ExportResult) => {
        if (result.error !== undefined) onFailure(result.error);
        done(result);
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}

function metricsOf({ measured, now, startedAt }: OtlpOptions): MetricData[] {
  const [startTime, endTime] = [hrTime(startedAt), hrTime(now())];
  return measured().map(({ family, values }) => {
    const base = {
      descriptor: {
        name: family.name,
        description: family.help,
        unit: UNITS[family.unit],
        valueType: ValueType.DOUBLE,
      },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPoints: values.map(({ labels, value }) => ({ startTime, endTime, attributes: { ...labels }, value })),
    };
    return family.type === 'gauge'
      ? { ...base, dataPointType: DataPointType.GAUGE }
      : { ...base, dataPointType: DataPointType.SUM, isMonotonic: true };
  });
}

const hrTime = (ms: number): HrTime => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];
