/** The same requests, as several tools write them. */
import fc from 'fast-check';

export interface Sent {
  /** Since the first one. */
  readonly atMs: number;
  /** Whole, so that every format can hold it. */
  readonly ms: number;
  /** 0: no answer. */
  readonly status: number;
  readonly path: string;
}

const around = (ms: number) => fc.integer({ min: ms - 1, max: ms + 1 });

/** In the order in which they ended. */
export const SENT: fc.Arbitrary<Sent[]> = fc
  .array(
    fc.record({
      atMs: fc.integer({ min: 0, max: 60_000 }),
      ms: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 1, max: 60 }) },
        { weight: 1, arbitrary: fc.oneof(around(40), around(100)) },
        { weight: 1, arbitrary: fc.integer({ min: 50, max: 5000 }) },
      ),
      status: fc.oneof(
        { weight: 20, arbitrary: fc.constant(200) },
        { weight: 1, arbitrary: fc.constantFrom(404, 500, 503, 0) },
      ),
      path: fc.constantFrom('/a', '/b', '/c'),
    }),
    { minLength: 1, maxLength: 400, size: 'max' },
  )
  .map((sent) => sent.toSorted((a, b) => end(a) - end(b)));

/** A day, a month and an hour end while they are sent. */
const BEGIN_MS = Date.UTC(2026, 10, 30, 23, 59, 40);
const start = ({ atMs }: Sent) => BEGIN_MS + atMs;
const end = (one: Sent) => start(one) + one.ms;
const iso = (ms: number) => new Date(ms).toISOString();
const isGood = ({ status }: Sent) => status > 0 && status < 400;
const whyNot = ({ status }: Sent) => (status === 0 ? 'dial tcp: connect: connection refused' : '');
const lines = (sent: readonly Sent[], of: (one: Sent, k: number) => string) =>
  sent.map((one, k) => `${of(one, k)}\n`).join('');

const K6_METRICS = ['http_reqs', 'http_req_duration', 'http_req_blocked', 'http_req_waiting'];
const k6Points = (one: Sent, of: (metric: string, value: number) => string) =>
  K6_METRICS.map((metric, k) => of(metric, [1, one.ms, 0, one.ms][k]!)).join('\n');

const jsonLines = (duration: (ms: number) => string) => (sent: readonly Sent[]) =>
  lines(sent, (one) => `{"start":"${iso(start(one))}","duration":${duration(one.ms)},"status":${one.status}}`);

function nginxLine(one: Sent): string {
  const [, year = '', month = '', day = '', clock = ''] = /(\d+)-(\d+)-(\d+)T([\d:]+)/.exec(iso(end(one)))!;
  const name = ['Nov', 'Dec'][Number(month) - 11]!;
  const status = String(one.status).padStart(3, '0');
  return `127.0.0.1 - - [${day}/${name}/${year}:${clock} +0000] "GET ${one.path} HTTP/1.1" ${status} 12 "-" "curl" ${(one.ms / 1000).toFixed(3)}`;
}

const JMETER_HEAD = 'timeStamp,elapsed,label,responseCode,responseMessage,threadName,success\n';
const NO_CONNECTION = 'Non HTTP response code: java.net.ConnectException';

/** By the name of the format; of lines of JSON with the unit that `--fields` names. */
export const WRITERS: Readonly<Record<string, (sent: readonly Sent[]) => string>> = {
  'vegeta-json': (sent) =>
    lines(sent, (one) =>
      JSON.stringify({
        attack: 'a',
        code: one.status,
        timestamp: iso(start(one)),
        latency: one.ms * 1e6,
        bytes_out: 0,
        bytes_in: 1,
        error: whyNot(one),
      }),
    ),
  'vegeta-csv': (sent) =>
    lines(
      sent,
      (one) => `${start(one)}000000,${one.status},${one.ms * 1e6},0,1,${whyNot(one)},aGk=,a,,GET,http://a.test/,`,
    ),
  'k6-json': (sent) =>
    lines(sent, (one) =>
      k6Points(one, (metric, value) => {
        const data = { time: iso(end(one)), value, tags: { method: 'GET', status: String(one.status) } };
        return JSON.stringify({ metric, type: 'Point', data });
      }),
    ),
  'k6-csv': (sent) =>
    `metric_name,timestamp,metric_value,status,extra_tags\n${lines(sent, (one) =>
      k6Points(one, (metric, value) => `${metric},${Math.floor(end(one) / 1000)},${value},${one.status},`),
    )}`,
  'jmeter-csv': (sent) =>
    `${JMETER_HEAD}${lines(
      sent,
      (one) =>
        `${start(one)},${one.ms},home,${one.status === 0 ? `${NO_CONNECTION},"Refused, ""twice"""` : `${one.status},x`},T,${isGood(one)}`,
    )}`,
  'jmeter-xml': (sent) =>
    `<testResults version="1.2">\n${lines(
      sent,
      (one) =>
        `<httpSample t="${one.ms}" ts="${start(one)}" s="${isGood(one)}" lb="a" rc="${one.status === 0 ? NO_CONNECTION : one.status}" rm="x" tn="T"/>`,
    )}</testResults>\n`,
  gatling: (sent) =>
    `RUN\tBasic\tbasic\t${BEGIN_MS}\t \t3.10.5\n${lines(
      sent,
      (one) =>
        `REQUEST\t\thome\t${start(one)}\t${end(one)}\t${isGood(one) ? 'OK\t ' : one.status === 0 ? 'KO\tj.n.ConnectException: Connection refused' : `KO\tstatus.find.is(200), but actually found ${one.status}`}`,
    )}`,
  ghz: (sent) =>
    `{"options":{"load-schedule":"const","concurrency-schedule":"const"},"details":[\n${sent
      .map((one) => {
        const status = isGood(one) ? 'OK' : one.status === 0 ? 'Unavailable' : 'Internal';
        const error = isGood(one) ? '' : 'rpc error';
        return JSON.stringify({ timestamp: iso(end(one)), latency: one.ms * 1e6, error, status });
      })
      .join(',\n')}]}\n`,
  nginx: (sent) => lines(sent, nginxLine),
  envoy: (sent) =>
    lines(
      sent,
      (one) =>
        `[${iso(start(one))}] "GET ${one.path} HTTP/1.1" ${one.status} - 0 12 ${one.ms} - "-" "curl" "id" "a.test" "10.0.0.1:80"`,
    ),
  'json-lines': jsonLines((ms) => `"${ms}ms"`),
  'json-lines :s': jsonLines((ms) => (ms / 1000).toFixed(3)),
  'json-lines :ms': jsonLines(String),
  'json-lines :us': jsonLines((ms) => String(ms * 1000)),
  'json-lines :ns': jsonLines((ms) => `"${ms * 1_000_000}"`),
};
