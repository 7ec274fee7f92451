/** A collector on loopback that understands OTLP over HTTP, JSON and protobuf. */
import type { IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { testServer, type TestServer } from './test-server.ts';

export interface ReceivedMetric {
  readonly name: string;
  readonly unit: string;
  /** Of a sum: that it only grows. */
  readonly monotonic?: boolean;
  readonly points: readonly { readonly attributes: Readonly<Record<string, string>>; readonly value: number }[];
}

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly resource: Readonly<Record<string, string>>;
  readonly metrics: readonly ReceivedMetric[];
}

/** The part that is needed: https://github.com/open-telemetry/opentelemetry-proto, metrics/v1/metrics.proto. */
const { root } = protobuf.parse(`syntax = "proto3"; package m;
  message AnyValue { oneof value { string stringValue = 1; } }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message NumberDataPoint { repeated KeyValue attributes = 7; oneof value { double asDouble = 4; sfixed64 asInt = 6; } }
  message Gauge { repeated NumberDataPoint dataPoints = 1; }
  message Sum { repeated NumberDataPoint dataPoints = 1; int32 aggregationTemporality = 2; bool isMonotonic = 3; }
  message Metric { string name = 1; string description = 2; string unit = 3; oneof data { Gauge gauge = 5; Sum sum = 7; } }
  message ScopeMetrics { repeated Metric metrics = 2; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scopeMetrics = 2; }
  message Request { repeated ResourceMetrics resourceMetrics = 1; }`);
const Request = root.lookupType('m.Request');

interface KeyValues {
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
}
interface Points {
  readonly dataPoints: readonly (KeyValues & { readonly asDouble: number })[];
  readonly isMonotonic?: boolean;
}
interface Body {
  readonly resourceMetrics: readonly {
    readonly resource: KeyValues;
    readonly scopeMetrics: readonly {
      readonly metrics: readonly { name: string; unit?: string; gauge?: Points; sum?: Points }[];
    }[];
  }[];
}

export interface Collector {
  readonly server: TestServer;
  readonly received: readonly Received[];
}

export async function otlpReceiver(): Promise<Collector> {
  const received: Received[] = [];
  const server = await testServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      const isJson = request.headers['content-type'] === 'application/json';
      const parsed = isJson ? (JSON.parse(body.toString()) as Body) : (Request.decode(body) as unknown as Body);
      received.push({ path: request.url ?? '', headers: request.headers, ...read(parsed) });
      response.end(isJson ? '{}' : '');
    });
  });
  return { server, received };
}

function read({ resourceMetrics: [one] }: Body): Pick<Received, 'resource' | 'metrics'> {
  const record = ({ attributes }: KeyValues) =>
    Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));
  return {
    resource: record(one!.resource),
    metrics: one!.scopeMetrics.flatMap(({ metrics }) =>
      metrics.map(({ name, unit = '', gauge, sum }) => ({
        name,
        unit,
        ...(sum === undefined || sum === null ? {} : { monotonic: sum.isMonotonic === true }),
        points: (gauge ?? sum!).dataPoints.map((point) => ({ attributes: record(point), value: point.asDouble })),
      })),
    ),
  };
}
