/**
 * Reads results of a given size: how much memory `judge` needs at most, and how many rows and bytes a second it reads.
 *
 *   npm run build && node bench/large-results.mjs [--gigabytes 5] [--format k6-json,jmeter-csv]
 *
 * Linux: the peak is the VmHWM of the process. The file is written to the temporary folder, and removed.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { gigabytes: { type: 'string' }, format: { type: 'string' } } });
const bytes = Number(values.gigabytes ?? 5) * 1e9;
const formats = (values.format ?? 'k6-json,jmeter-csv').split(',');
const START_MS = Date.parse('2026-11-26T00:00:00Z');
const LOOK_MS = 100;

/** The k-th request, one a millisecond: every 200th fails, latencies from 5 to 55 ms. */
const request = (k) => ({
  atMs: START_MS + k,
  ms: 5 + ((k * 7919) % 50_000) / 1000,
  code: k % 200 === 199 ? '503' : '200',
});

/** As k6 v1 writes them: a line for each of the metrics of a request. */
const K6_METRICS = [
  'http_reqs',
  'http_req_duration',
  'http_req_blocked',
  'http_req_connecting',
  'http_req_tls_handshaking',
  'http_req_sending',
  'http_req_waiting',
  'http_req_receiving',
  'http_req_failed',
];
const WRITERS = {
  'k6-json': {
    heading:
      '{"type":"Metric","data":{"name":"http_reqs","type":"counter","contains":"default","thresholds":[],"submetrics":null},"metric":"http_reqs"}\n',
    row: (k) => {
      const { atMs, ms, code } = request(k);
      const time = new Date(atMs + ms).toISOString();
      const tags = `"tags":{"expected_response":"${code === '200'}","group":"","method":"GET","name":"http://shop.test/cart","proto":"HTTP/1.1","scenario":"default","status":"${code}","url":"http://shop.test/cart"}`;
      return K6_METRICS.map((metric) => {
        const value = metric === 'http_req_duration' ? ms : metric === 'http_reqs' ? 1 : 0;
        return `{"metric":"${metric}","type":"Point","data":{"time":"${time}","value":${value},${tags}}}\n`;
      }).join('');
    },
  },
  'jmeter-csv': {
    heading:
      'timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect\n',
    row: (k) => {
      const { atMs, ms, code } = request(k);
      return `${atMs},${Math.round(ms)},cart,${code},${code === '200' ? 'OK' : 'Busy'},users 1-${k % 50},text,${code === '200'},,145,118,50,50,http://shop.test/cart,${Math.round(ms)},0,0\n`;
    },
  },
};

function write(file, { heading, row }) {
  const fd = openSync(file, 'w');
  let size = writeSync(fd, heading);
  let rows = 0;
  while (size < bytes) {
    let text = '';
    while (text.length < 1 << 20) {
      text += row(rows);
      rows += 1;
    }
    size += writeSync(fd, text);
  }
  closeSync(fd);
  return { rows, size };
}

const root = path.join(import.meta.dirname, '..');
const dir = mkdtempSync(path.join(tmpdir(), 'iter8ctl-large-'));
try {
  for (const format of formats) {
    const file = path.join(dir, format);
    const { rows, size } = write(file, WRITERS[format]);
    const start = performance.now();
    const child = spawn(
      process.execPath,
      [
        path.join(root, 'bin/iter8ctl.js'),
        'judge',
        file,
        '--slo',
        'p95<=60ms',
        '--slo',
        'error-rate<=1%',
        '--model',
        'open',
        '--timeout',
        '10s',
        '--missing',
        '0',
        '--ci',
        'none',
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let out = '';
    child.stdout.on('data', (text) => (out += text));
    let peakKb = 0;
    const look = setInterval(() => {
      try {
        peakKb = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? peakKb);
      } catch {
        // It has ended.
      }
    }, LOOK_MS);
    const code = await new Promise((resolve) => child.once('close', resolve));
    clearInterval(look);
    const seconds = (performance.now() - start) / 1000;
    console.log(
      `${format}: ${(size / 1e9).toFixed(2)} GB, ${rows} requests in ${seconds.toFixed(0)} s (${Math.round(rows / seconds)} requests/s, ${Math.round(size / 1e6 / seconds)} MB/s), at most ${Math.round(peakKb / 1024)} MB; exit ${code}: ${out.split('\n')[0]}`,
    );
    rmSync(file);
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
