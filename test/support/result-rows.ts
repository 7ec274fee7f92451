/** Files of other tools with as many requests as a test wants, and what `judge` says of them. */
import { Readable } from 'node:stream';
import { run } from '../../src/cli/program.ts';
import { testIo } from './test-io.ts';

export const LOG_FIELDS = ['--fields', 'status=status,duration=duration:ms,start=start'];

const START_MS = 1_700_000_000_000;

/** Points as k6 writes them (test/fixtures/results/k6.json). */
const k6Json = (k: number, isOk: boolean): string =>
  ['http_reqs', 'http_req_duration', 'http_req_blocked']
    .map((metric) => {
      const time = new Date(START_MS + k * 1000 + 20).toISOString();
      const tags = { method: 'GET', status: isOk ? '200' : '503' };
      return `${JSON.stringify({ metric, type: 'Point', data: { time, value: 20, tags } })}\n`;
    })
    .join('');
const clock = (k: number) => new Date(START_MS + k * 1000).toISOString();

/** A file whose rows stand by themselves. */
interface ResultRows {
  readonly name: string;
  readonly heading?: string;
  /** Of the k-th request, a second after the one before. */
  readonly row: (k: number, isOk: boolean) => string;
  readonly end?: string;
  readonly args?: readonly string[];
}

export const RESULT_ROWS: readonly ResultRows[] = [
  { name: 'k6-json', row: k6Json },
  {
    name: 'k6-csv',
    heading: 'metric_name,timestamp,metric_value,status,extra_tags\n',
    row: (k, isOk) => `http_req_duration,${START_MS / 1000 + k},20.5,${isOk ? 200 : 503},\n`,
  },
  {
    name: 'vegeta-json',
    row: (k, isOk) =>
      `${JSON.stringify({ attack: '', seq: k, code: isOk ? 200 : 503, timestamp: clock(k), latency: 2e6, bytes_out: 0, bytes_in: 1, error: '' })}\n`,
  },
  {
    name: 'vegeta-csv',
    row: (k, isOk) => `${START_MS + k * 1000}000000,${isOk ? 200 : 503},2000000,0,1,,aGk=,a,${k},GET,http://a.test/,\n`,
  },
  {
    name: 'jmeter-csv',
    heading: 'timeStamp,elapsed,label,responseCode,responseMessage,threadName,success,IdleTime\n',
    row: (k, isOk) => `${START_MS + k * 1000},12,home,${isOk ? '200,OK' : '503,Busy'},users 1-1,${isOk},0\n`,
  },
  {
    name: 'jmeter-xml',
    heading: '<testResults version="1.2">\n',
    row: (k, isOk) =>
      `<httpSample t="12" ts="${START_MS + k * 1000}" s="${isOk}" lb="a" rc="${isOk ? 200 : 503}" rm="x" tn="T"/>\n`,
    end: '</testResults>\n',
  },
  {
    name: 'gatling',
    heading: `RUN\tBasic\tbasic\t${START_MS}\t \t3.10.5\n`,
    row: (k, isOk) =>
      `REQUEST\t\thome\t${START_MS + k * 1000}\t${START_MS + k * 1000 + 12}\t${isOk ? 'OK\t ' : 'KO\tstatus.find.is(200), found 503'}\n`,
  },
  {
    name: 'nginx',
    row: (k, isOk) =>
      `127.0.0.1 - - [26/Nov/2026:${new Date(k * 1000).toISOString().slice(11, 19)} +0000] "GET / HTTP/1.1" ${isOk ? 200 : 503} 12 "-" "curl" 0.012\n`,
  },
  {
    name: 'envoy',
    row: (k, isOk) =>
      `[${clock(k)}] "GET / HTTP/1.1" ${isOk ? 200 : 503} - 0 12 12 11 "-" "curl" "id" "a.test" "10.0.0.1:80"\n`,
  },
  {
    name: 'json-lines',
    row: (k, isOk) => `${JSON.stringify({ start: clock(k), duration: 12, status: isOk ? 200 : 503 })}\n`,
    args: LOG_FIELDS,
  },
];

/** @returns the exit code, and all that was printed */
export async function judgedInPieces(text: string, args: readonly string[], pieces: readonly number[]) {
  const io = testIo({ cwd: import.meta.dirname });
  const stdin = Object.assign(Readable.from(inPieces(Buffer.from(text), pieces)), { isTTY: false });
  const code = await run(['judge', '-', ...(args.includes('--slo') ? [] : ['--slo', 'error-rate<=10%']), ...args], {
    ...io,
    stdin,
  });
  return { code, shown: `${io.out()}${io.err()}` };
}

/** As a pipe gives it: lines and characters may be divided anywhere. */
function* inPieces(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let at = 0;
  for (let k = 0; at < bytes.length; k += 1) {
    const size = sizes[k % sizes.length] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
