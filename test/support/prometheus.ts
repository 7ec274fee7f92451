/** A real Prometheus on loopback (Debian's package), and targets that export what a test gives them. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import protobuf from 'protobufjs';
import type { Clock } from '../../src/io.ts';
import { fakeClock } from './fake-clock.ts';
import { describeUnless, missingProgram } from './needs.ts';
import { testServer, type TestServer } from './test-server.ts';

/** Like `describe`; skipped where no Prometheus is. */
export const describePrometheus = describeUnless(missingProgram('prometheus'));

export interface Prometheus extends AsyncDisposable {
  readonly url: string;
  /** Resolves when every target has been scraped once more, from now on. */
  scraped(): Promise<void>;
  /** For a command that measures: whoever sleeps by it sleeps until every target has been scraped again, however long that takes. */
  clock(): Clock;
}

const SCRAPE_MS = 200;
const PATIENCE_MS = 20_000;

export async function startPrometheus(targets: readonly TestServer[]): Promise<Prometheus> {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-prometheus-'));
  const config = {
    global: { scrape_interval: `${SCRAPE_MS}ms`, scrape_timeout: `${SCRAPE_MS}ms` },
    scrape_configs: [
      {
        job_name: 'targets',
        honor_labels: true,
        static_configs: [{ targets: targets.map(({ port }) => `127.0.0.1:${port}`) }],
      },
    ],
  };
  writeFileSync(path.join(folder, 'prometheus.yml'), JSON.stringify(config));
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${path.join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=native-histograms',
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const gone = new Promise<never>((_, reject) =>
    child.once('exit', (code) => reject(new Error(`prometheus ended by itself (code ${code})`))),
  );
  gone.catch(() => undefined);
  const url = `http://127.0.0.1:${port}`;
  const scraped = async () => {
    const before = targets.map((target) => target.seen());
    // A scrape that was under way may have read the old values: the second one has not, and the third shows that it is stored.
    await eventually(() => targets.every((target, index) => target.seen() >= before[index]! + 3), gone);
  };
  await eventually(
    () =>
      fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    gone,
  );
  await scraped();
  return {
    url,
    scraped,
    clock: () => {
      const clock = fakeClock(Date.now());
      return {
        ...clock,
        sleep: async (ms, signal) => {
          await scraped();
          await clock.sleep(ms, signal);
        },
      };
    },
    [Symbol.asyncDispose]: async () => {
      gone.catch(() => undefined);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Looks until it holds; there is nobody to be reported by. */
async function eventually(holds: () => boolean | Promise<boolean>, gone: Promise<never>): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error('prometheus does not scrape');
    await Promise.race([sleep(20), gone]);
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

export type Labels = Readonly<Record<string, string>>;

export interface ExportedCounter {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

export interface ExportedHistogram {
  readonly name: string;
  readonly labels: Labels;
  /** Values so far, in the unit of the exporter. */
  readonly values: readonly number[];
  /** Upper bounds of classic buckets; native ones where there are none. */
  readonly bounds?: readonly number[] | undefined;
}

export interface Exported {
  readonly counters: readonly ExportedCounter[];
  readonly histograms: readonly ExportedHistogram[];
}

/** A target whose metrics are asked for at every scrape, in the format that holds native histograms. */
export function exporter(read: () => Exported): Promise<TestServer> {
  return testServer((_, response) => {
    response.setHeader(
      'Content-Type',
      'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
    );
    response.end(encode(read()));
  });
}

/** The part of io.prometheus.client that is needed: https://github.com/prometheus/client_model, metrics.proto. */
const { root } = protobuf.parse(`syntax = "proto2"; package m;
  message LabelPair { optional string name = 1; optional string value = 2; }
  message Counter { optional double value = 1; }
  message Bucket { optional uint64 cumulative_count = 1; optional double upper_bound = 2; }
  message BucketSpan { optional sint32 offset = 1; optional uint32 length = 2; }
  message Histogram {
    optional uint64 sample_count = 1; optional double sample_sum = 2; repeated Bucket bucket = 3;
    optional sint32 schema = 5; optional double zero_threshold = 6; optional uint64 zero_count = 7;
    repeated BucketSpan positive_span = 12; repeated sint64 positive_delta = 13;
  }
  message Metric { repeated LabelPair label = 1; optional Counter counter = 3; optional Histogram histogram = 7; }
  message MetricFamily { optional string name = 1; optional uint32 type = 3; repeated Metric metric = 4; }`);
const MetricFamily = root.lookupType('m.MetricFamily');
const TYPES = { counter: 0, histogram: 4 } as const;

function encode({ counters, histograms }: Exported): Buffer {
  const families = new Map<string, { name: string; type: number; metric: object[] }>();
  const add = (name: string, type: number, metric: object) => {
    const family = families.get(name) ?? { name, type, metric: [] };
    family.metric.push(metric);
    families.set(name, family);
  };
  const label = (labels: Labels) => Object.entries(labels).map(([name, value]) => ({ name, value }));
  for (const { name, labels, value } of counters)
    add(name, TYPES.counter, { label: label(labels), counter: { value } });
  for (const one of histograms)
    add(one.name, TYPES.histogram, {
      label: label(one.labels),
      histogram: one.bounds === undefined ? native(one.values) : classic(one.values, one.bounds),
    });
  return Buffer.concat([...families.values()].map((family) => MetricFamily.encodeDelimited(family).finish()));
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

function classic(values: readonly number[], bounds: readonly number[]): object {
  return {
    sampleCount: values.length,
    sampleSum: sum(values),
    bucket: bounds.map((upperBound) => ({
      upperBound,
      cumulativeCount: values.filter((value) => value <= upperBound).length,
    })),
  };
}

/** Schema 3: eight buckets a doubling; bucket i ends at 2^(i/8). */
function native(values: readonly number[]): object {
  const schema = 3;
  const counts = new Map<number, number>();
  for (const value of values) {
    const index = Math.ceil(Math.log2(value) * 2 ** schema - 1e-9);
    counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  const indices = [...counts.keys()].toSorted((a, b) => a - b);
  const spans: { offset: number; length: number }[] = [];
  let after = 0;
  for (const [position, index] of indices.entries()) {
    const last = spans.at(-1);
    if (last !== undefined && index === after) last.length++;
    else spans.push({ offset: position === 0 ? index : index - after, length: 1 });
    after = index + 1;
  }
  const ordered = indices.map((index) => counts.get(index)!);
  return {
    sampleCount: values.length,
    sampleSum: sum(values),
    schema,
    zeroThreshold: 1e-9,
    zeroCount: 0,
    positiveSpan: spans,
    positiveDelta: ordered.map((count, index) => count - (ordered[index - 1] ?? 0)),
  };
}
