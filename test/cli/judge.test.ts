/** `judge`: what other tools have measured. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { LimitAssessment } from '../../src/judge/assessment.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { iter8ctl } from '../support/test-io.ts';

const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-judge-'));
const fixture = (name: string) => path.join(import.meta.dirname, '../fixtures/results', name);

interface Answer {
  readonly recommendation: { readonly verdict: string };
  readonly objectives: readonly LimitAssessment[];
  readonly observations: readonly { readonly requests: number; readonly codes: Record<string, number> }[];
  readonly warnings: readonly string[];
}

async function judged(...args: string[]): Promise<Answer & { readonly code: number }> {
  const { code, out, err } = await iter8ctl(['judge', ...args, '-o', 'raw'], { cwd });
  expect(err).toBe('');
  return { code, ...answerOf(out) };
}

function answerOf(raw: string): Answer {
  const record = readRecord(JSON.parse(raw) as Experiment)!;
  return {
    recommendation: record.recommendation!,
    objectives: record.assessments,
    observations: record.scopes.map(({ tally: { response, codes } }) => ({ requests: response.n, codes })),
    warnings: record.warnings,
  };
}

/** Requests of vegeta, evenly over the seconds. */
const vegeta = (n: number, of: (k: number) => { code?: number; ms?: number; attack?: string }, seconds = 10): string =>
  Array.from({ length: n }, (_, k) => {
    const { code = 200, ms = 20, attack = '' } = of(k);
    const timestamp = new Date(1_700_000_000_000 + (k / n) * seconds * 1000).toISOString();
    return `${JSON.stringify({ attack, seq: k, code, timestamp, latency: Math.round(ms * 1e6), bytes_out: 0, bytes_in: 1, error: code === 0 ? 'dial tcp: connect: connection refused' : '' })}\n`;
  }).join('');

function written(name: string, text: string | Buffer): string {
  writeFileSync(path.join(cwd, name), text);
  return name;
}

it('promotes, does not promote or leaves open, with the exit codes of run', async () => {
  const good = await judged(
    written(
      'good.json',
      vegeta(2000, () => ({})),
    ),
    '--slo',
    'p95<=300ms',
    '--slo',
    'error-rate<=1%',
  );
  expect([good.code, good.recommendation.verdict]).toEqual([0, 'promote']);
  const failing = vegeta(2000, (k) => ({ code: k % 10 === 0 ? 503 : 200 }));
  const bad = await judged(written('bad.json', failing), '--slo', 'error-rate<=1%');
  expect([bad.code, bad.recommendation.verdict]).toEqual([1, 'do not promote']);
  const few = await judged(
    written(
      'few.json',
      vegeta(100, () => ({})),
    ),
    '--slo',
    'error-rate<=1%',
  );
  expect([few.code, few.recommendation.verdict]).toEqual([3, 'undecided']);
  const { code } = await iter8ctl(['judge', 'bad.json', '--slo', 'error-rate<=1%', '--no-exit-code'], { cwd });
  expect(code).toBe(0);
});

it('gives the same bytes for the same file, at any time', async () => {
  const ask = () => iter8ctl(['judge', fixture('vegeta.json'), '--slo', 'p95<=300ms'], { cwd });
  expect(await ask()).toEqual(await ask());
});

it('reads the JSON and the CSV of vegeta alike, packed or not, from files and standard input', async () => {
  const slo = ['--slo', 'p95<=300ms', '--slo', 'error-rate<=10%', '--slo', 'mean<=100ms', '--timeout', '30s'];
  const json = await judged(fixture('vegeta.json'), ...slo);
  expect(json.observations).toMatchObject([{ requests: 120, codes: { 200: 116, 503: 4 } }]);
  const csv = await judged(fixture('vegeta.csv'), ...slo);
  expect(csv.objectives).toEqual(json.objectives);
  const text = readFileSync(fixture('vegeta.json'));
  expect((await judged(written('vegeta.json.gz', gzipSync(text)), ...slo)).objectives).toEqual(json.objectives);
  const { out } = await iter8ctl(['judge', '-', ...slo, '-o', 'raw'], { cwd, stdin: text.toString('utf8') });
  expect(answerOf(out).objectives.map(({ verdict }) => verdict)).toEqual(json.objectives.map(({ verdict }) => verdict));
});

it('counts what was not answered as an error, beyond every limit', async () => {
  const refused = await judged(fixture('vegeta-refused.json'), '--slo', 'p95<=300ms', '--slo', 'error-rate<=10%');
  expect(refused.observations).toMatchObject([{ requests: 10, codes: { connect: 10 } }]);
  expect(refused.objectives.map(({ count }) => count)).toEqual([
    { n: 10, bad: 10 },
    { n: 10, bad: 10 },
  ]);
});

it('satisfies nothing by hey until it is told how many requests failed', async () => {
  const slo = ['--slo', 'error-rate<=20%', '--slo', 'p95<=300ms'];
  const open = await judged(fixture('hey.csv'), ...slo);
  expect(open.objectives.map(({ reason, upper }) => [reason, upper])).toEqual([
    ['failures-missing', undefined],
    ['failures-missing', undefined],
  ]);
  const told = await judged(fixture('hey.csv'), ...slo, '--missing', '0');
  expect(told.objectives.map(({ verdict, reason }) => reason ?? verdict)).toEqual(['satisfied', 'closed-model']);
  const some = await judged(fixture('hey.csv'), ...slo, '--missing', '2');
  expect(some.objectives[0]!.count).toEqual({ n: 122, bad: 7 });
  const atRate = await judged(fixture('hey.csv'), ...slo, '--missing', '0', '--model', 'open');
  expect(atRate.objectives.map(({ verdict }) => verdict)).toEqual(['satisfied', 'satisfied']);
  // What was seen to be bad is bad, whatever is missing.
  const bad = await judged(fixture('hey.csv'), '--slo', 'p95<=1ms');
  expect(bad.objectives[0]!.verdict).toBe('violated');
});

/** Points of k6 for each request, as its documentation shows them. */
const k6 = (n: number, of: (k: number) => { ms?: number; status?: string; blocked?: number }, stepMs = 100): string =>
  Array.from({ length: n }, (_, k) => {
    const { ms = 20, status = '200', blocked = 0 } = of(k);
    const time = new Date(1_700_000_000_000 + k * stepMs + ms + blocked).toISOString();
    const tags = { expected_response: 'true', group: '', method: 'GET', name: 'x', scenario: 'default', status };
    return ['http_reqs', 'http_req_duration', 'http_req_blocked', 'http_req_waiting']
      .map((metric) => {
        const value = { http_reqs: 1, http_req_duration: ms, http_req_blocked: blocked, http_req_waiting: ms }[metric];
        return `${JSON.stringify({ metric, type: 'Point', data: { time, value, tags } })}\n`;
      })
      .join('');
  }).join('');

it('leaves out the end of what k6 wrote, where slow requests may be missing, and asks for its model', async () => {
  const file = written(
    'k6.json',
    `{"type":"Metric","data":{"name":"http_req_duration"},"metric":"http_req_duration"}\n${k6(3000, () => ({}))}`,
  );
  const slo = ['--slo', 'p95<=300ms', '--slo', 'error-rate<=1%'];
  // Of those that k6 would have waited for after the end none is known.
  expect((await judged(file, ...slo)).objectives[1]!.n).toBeLessThanOrEqual(2700);
  const unknown = await judged(file, ...slo, '--timeout', '10s');
  expect(unknown.objectives.map(({ verdict, reason }) => reason ?? verdict)).toEqual(['unknown-model', 'satisfied']);
  expect(unknown.objectives[1]!.n).toBeGreaterThan(2880);
  expect(unknown.objectives[1]!.n).toBeLessThanOrEqual(2900);
  expect(unknown.warnings.join('\n')).toMatch(/left out at the end/);
  const told = await judged(file, '--slo', 'p95<=300ms', '--model', 'open', '--missing', '0');
  expect([told.code, told.objectives[0]!.n]).toEqual([0, 3000]);
});

it('takes the wait for a connection of k6 for its response time, not against it', async () => {
  const file = written(
    'k6-blocked.json',
    k6(2000, () => ({ ms: 20, blocked: 500 })),
  );
  const asked = ['--slo', 'p95<=300ms', '--missing', '0', '--model', 'open'];
  expect((await judged(file, ...asked)).objectives[0]).toMatchObject({ verdict: 'undecided', count: { bad: 2000 } });
  const slow = written(
    'k6-slow.json',
    k6(2000, () => ({ ms: 520 })),
  );
  expect((await judged(slow, ...asked)).objectives[0]!.verdict).toBe('violated');
});

it('reads the CSV of k6 in every form of its times', async () => {
  const rows = (time: (ms: number) => string) =>
    `metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,scenario,service,status,subproto,tls_version,url,extra_tags,metadata\n${Array.from(
      { length: 500 },
      (_, k) => {
        const at = time(1_700_000_000_000 + k * 100);
        return `http_reqs,${at},1.000000,,,,true,,GET,x,HTTP/1.1,default,,200,,,x,v=a,\nhttp_req_duration,${at},12.500000,,,,true,,GET,x,HTTP/1.1,default,,${k % 50 === 0 ? 0 : 200},,,x,v=a,\n`;
      },
    ).join('')}`;
  const forms = [
    (ms: number) => String(Math.floor(ms / 1000)),
    (ms: number) => String(ms),
    (ms: number) => `${ms}000000`,
    (ms: number) => new Date(ms).toISOString(),
  ];
  for (const form of forms) {
    const file = written('k6.csv', rows(form));
    const answer = await judged(
      file,
      '--slo',
      'error-rate<=10%',
      '--missing',
      '0',
      '--split-by',
      'v=a,b',
      '--min-seconds',
      '40',
    );
    expect(answer.objectives[0]).toMatchObject({ verdict: 'satisfied', count: { n: 500, bad: 10 } });
  }
});

it('reads the access log of nginx as text and as JSON alike, without its ends', async () => {
  const slo = ['--slo', 'p95<=300ms', '--slo', 'error-rate<=20%', '--timeout', '10s'];
  const all = ['--missing', '0'];
  const text = await judged(fixture('nginx-access.log'), ...slo);
  const fields = ['--fields', 'status=status,duration=request_time:s,end=time'];
  // Lines of JSON may be those of a load tool: whose they are is to be said.
  const unknown = await judged(fixture('nginx-access.jsonl'), ...fields, ...slo);
  expect(unknown.objectives[0]).toMatchObject({ verdict: 'undecided', reason: 'unknown-model' });
  fields.push('--model', 'observed');
  expect((await judged(fixture('nginx-access.jsonl'), ...fields, ...slo)).objectives).toEqual(
    text.objectives.map((one) => ({ ...one, version: 'nginx-access' })),
  );
  expect(text.objectives[0]!.n).toBeLessThan(30);
  expect(text.warnings).toHaveLength(2);
  const whole = await judged(fixture('nginx-access.log'), ...slo, ...all);
  expect(whole.objectives.map(({ n, verdict }) => [n, verdict])).toEqual([
    [120, 'satisfied'],
    [120, 'satisfied'],
  ]);
});

/** Lines of nginx, in the order of their ends, each tenth of a second from a second on. */
const nginxLog = (
  [from, to]: readonly [number, number],
  of: (k: number) => { readonly status?: number; readonly seconds?: number } = () => ({}),
): string =>
  Array.from({ length: (to - from) * 10 }, (_, k) => {
    const { status = 200, seconds = 0.02 } = of(k);
    const end = new Date(1_700_000_000_000 + (from + k / 10) * 1000).toISOString();
    const day = `${end.slice(8, 10)}/Nov/2023:${end.slice(11, 19)} +0000`;
    return `10.0.0.1 - - [${day}] "GET / HTTP/1.1" ${status} 15 "-" "a" ${seconds.toFixed(3)}\n`;
  }).join('');

it('counts rotated logs and those of replicas alike in every order of their names', async () => {
  const slo = ['--slo', 'error-rate<=5%', '--slo', 'p95<=300ms', '--timeout', '10s'];
  const failing = (k: number) => ({ status: k % 5 === 0 ? 500 : 200 });
  const newest = written('access.log', nginxLog([300, 600]));
  const older = written('access.log.1', nginxLog([0, 300], failing));
  const oldest = written('access.log.2.gz', gzipSync(nginxLog([-300, 0])));
  const rotated = await judged(newest, older, oldest, ...slo);
  expect([rotated.code, rotated.objectives[0]!.verdict]).toEqual([1, 'violated']);
  // Of each the last ten seconds, and what began before its first line (to the second), are left out.
  expect(rotated.observations[0]!.requests).toBeGreaterThan(3 * 2850);
  const plain = ({ objectives, observations, recommendation, warnings }: Answer) => ({
    objectives: objectives.map((one) => ({ ...one, version: '' })),
    observations,
    verdict: recommendation.verdict,
    warnings,
  });
  expect(plain(await judged(oldest, older, newest, ...slo))).toEqual(plain(rotated));
  expect(plain(await judged(older, newest, oldest, ...slo))).toEqual(plain(rotated));
  // One was killed earlier: its own last ten seconds are left out.
  const alive = written('pod-a.log', nginxLog([0, 600]));
  const killed = written('pod-b.log', nginxLog([2, 200]));
  const replicas = await judged(alive, killed, ...slo);
  expect(plain(await judged(killed, alive, ...slo))).toEqual(plain(replicas));
  const single = await Promise.all([judged(alive, ...slo), judged(killed, ...slo)]);
  expect(replicas.objectives[0]!.n).toBe(single[0].objectives[0]!.n + single[1].objectives[0]!.n);
  expect(single[1].objectives[0]!.n).toBeLessThanOrEqual(1880);
  // Seconds of both count once.
  const long = await judged(alive, killed, ...slo, '--min-seconds', '650');
  expect(long.objectives.map(({ verdict }) => verdict)).toEqual(['undecided', 'undecided']);
});

it('calls nothing satisfied where what was dropped is a whole log, joined in the wrong order', async () => {
  const older = nginxLog([0, 300], (k) => ({ status: k % 5 === 0 ? 500 : 200 }));
  const joined = written('joined.log', nginxLog([300, 600]) + older);
  const { code, objectives, warnings } = await judged(joined, '--slo', 'error-rate<=5%');
  expect([code, objectives[0]!.reason]).toEqual([3, 'unfinished-missing']);
  expect(warnings.join('\n')).toContain('name each log by itself, or sort the lines by time');
  const sorted = written('sorted.log', older + nginxLog([300, 600]));
  expect((await judged(sorted, '--slo', 'error-rate<=5%')).objectives[0]!.verdict).toBe('violated');
});

it('calls nothing satisfied where one of several logs breaks off, in every order', async () => {
  const whole = written('whole.log', nginxLog([300, 600]));
  const torn = written('broken.log', nginxLog([0, 300]).slice(0, -40));
  for (const files of [
    [whole, torn],
    [torn, whole],
  ]) {
    const { code, objectives } = await judged(...files, '--slo', 'error-rate<=5%');
    expect([code, objectives[0]!.reason]).toEqual([3, 'unfinished-missing']);
  }
  const bad = written('bad.log', nginxLog([0, 300], () => ({ status: 500 })).slice(0, -40));
  expect((await judged(whole, bad, '--slo', 'error-rate<=5%')).objectives[0]!.verdict).toBe('violated');
});

it("reads Envoy's default lines, and those of Istio", async () => {
  const line = (k: number, more: string) =>
    `[${new Date(1_700_000_000_000 + k * 100).toISOString()}] "GET /a?b="c" HTTP/2" ${k % 100 === 0 ? 503 : 200} ${more} 154 0 ${k % 100 === 0 ? 226 : 12} 10 "10.0.35.28" "agent" "cc21d9b0" "${k % 2 === 0 ? 'v1' : 'v2'}.shop" "10.0.2.1:80"\n`;
  for (const more of ['-', '- via_upstream - "-"']) {
    const file = written(
      'envoy.log',
      Array.from({ length: 2000 }, (_, k) => line(k, more).replace('?b="c"', '')).join(''),
    );
    const answer = await judged(file, '--slo', 'error-rate<=5%', '--split-by', 'authority=v1.shop,v2.shop');
    expect(answer.objectives.map(({ version, verdict }) => [version, verdict])).toEqual([
      ['v1.shop', 'satisfied'],
      ['v2.shop', 'satisfied'],
    ]);
    expect(answer.objectives[1]!.count!.bad).toBe(0);
  }
});

it('counts a request whose end is a time that there cannot be as one that could not be read', async () => {
  const lines = vegeta(500, () => ({}));
  const file = written('beyond.json', lines.replace(/"latency":\d+/, '"latency":9e300'));
  expect((await judged(file, '--slo', 'error-rate<=5%')).objectives[0]!.count).toEqual({ n: 500, bad: 1 });
});

it('counts lines that cannot be read as failures, and says which', async () => {
  const file = written('torn.json', `${vegeta(500, () => ({}))}{"attack":"","se`);
  const answer = await judged(file, '--slo', 'error-rate<=5%');
  expect(answer.objectives[0]!.count).toEqual({ n: 501, bad: 1 });
  // It breaks off: nobody knows how many are missing.
  expect(answer.objectives[0]!.reason).toBe('unfinished-missing');
  const inside = written('inside.json', `{"attack":"","se\n${vegeta(500, () => ({}))}`);
  expect((await judged(inside, '--slo', 'error-rate<=5%')).objectives[0]).toMatchObject({
    verdict: 'satisfied',
    n: 501,
  });
  expect(answer.warnings.join('\n')).toContain(
    '1 line could not be read, and each counts as a request that failed: torn.json, line 501: not a JSON object',
  );
});

it('judges by the criteria of an experiment, and compares versions by a field', async () => {
  written(
    'two.json',
    vegeta(4000, (k) => ({ attack: k % 2 === 0 ? 'blue' : 'green', code: k % 20 === 1 ? 500 : 200 })),
  );
  written(
    'experiment.yaml',
    `apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata: {name: shop}
spec:
  target: shop
  strategy: {testingPattern: Canary, deploymentPattern: FixedSplit, actions: {start: [{task: metrics/collect, with: {versions: [{name: stable, url: "http://a.test/"}, {name: canary, url: "http://b.test/"}]}}]}}
  criteria: {objectives: [{metric: iter8-system/error-rate, upperLimit: "0.02"}]}
  duration: {intervalSeconds: 1, iterationsPerLoop: 1}
  versionInfo: {baseline: {name: stable}, candidates: [{name: canary}]}
`,
  );
  const asked = ['two.json', '-f', 'experiment.yaml', '--split-by', 'attack=blue,green'];
  const answer = await judged(...asked);
  expect(answer.code).toBe(1);
  expect(answer.objectives.map(({ version, verdict }) => [version, verdict])).toEqual([
    ['stable', 'satisfied'],
    ['canary', 'violated'],
  ]);
  const without = await iter8ctl(['judge', 'two.json', '-f', 'experiment.yaml'], { cwd });
  expect([without.code, without.err]).toEqual([2, expect.stringContaining('--split-by FIELD=VALUE1,VALUE2')]);
});

it('writes reports, and says what is wrong with a file', async () => {
  const { code } = await iter8ctl(
    ['judge', 'good.json', '--slo', 'p95<=300ms', '--report', 'junit=r.xml', '--report', 'html=r.html'],
    { cwd },
  );
  expect(code).toBe(0);
  const failure = async (...args: string[]) => {
    const { code: exit, err } = await iter8ctl(['judge', ...args, '--slo', 'p95<=300ms'], { cwd });
    expect(exit).toBe(2);
    return err;
  };
  expect(await failure('absent.json')).toContain('absent.json cannot be read');
  expect(await failure(written('other.txt', 'hello\n'))).toContain('other.txt is in no format that is known here');
  expect(await failure(written('lines.jsonl', '{"a":1}\n'))).toContain('lines of JSON need --fields');
  const bare = written('bare.jsonl', '{"s":200,"d":0.02,"t":"2026-11-26T08:00:00Z"}\n'.repeat(3));
  const said = await failure(bare, '--fields', 'status=s,duration=d,start=t');
  expect(said).toContain('none of its 3 lines can be read as lines of JSON');
  expect(said).toContain('d is "0.02", a number without a unit: write duration=d:s (or :ms, :us, :ns)');
  expect(await failure('good.json', '--fields', 'status=a')).toContain('status and duration are needed');
  expect(await failure('good.json', '--split-by', 'x=a')).toContain('two different values');
  expect((await iter8ctl(['judge', 'good.json'], { cwd })).err).toContain('objectives are needed');
});

it('takes redirects of real traffic for answers, and holds a promotion back for errors that no objective is about', async () => {
  const cached = written(
    'cached.json',
    vegeta(2000, (k) => ({ code: k % 3 === 0 ? 304 : 200 })),
  );
  expect((await judged(cached, '--slo', 'p95<=300ms')).recommendation.verdict).toBe('promote');
  const failing = written(
    'failing.json',
    vegeta(2000, (k) => ({ code: k % 3 === 0 ? 503 : 200 })),
  );
  expect((await judged(failing, '--slo', 'p95<=300ms')).recommendation.verdict).toBe('undecided');
});

it('holds a promotion back for redirects that nobody followed', async () => {
  const moved = written(
    'moved.json',
    vegeta(2000, () => ({ code: 302 })),
  );
  expect((await judged(moved, '--slo', 'error-rate<=1%')).recommendation.verdict).toBe('undecided');
});

it('counts no request twice: the same file by another name is refused', async () => {
  const requests = vegeta(300, () => ({}));
  written('first.json', requests);
  written('second.json', requests);
  const { code, err } = await iter8ctl(['judge', 'first.json', 'second.json', '--slo', 'error-rate<=1%'], { cwd });
  expect(code).toBe(2);
  expect(err).toContain('second.json holds the same as first.json: its requests would count twice');
});

it('takes an answer of Envoy that broke off behind its headers for none', async () => {
  const line = (k: number, flags: string) =>
    `[2026-11-26T08:${String(Math.floor(k / 60) % 60).padStart(2, '0')}:${String(k % 60).padStart(2, '0')}.000Z] "GET /a HTTP/1.1" 200 ${flags} 0 512 35 34 "-" "curl" "id" "shop" "10.0.0.1:80"\n`;
  const broken = written(
    'broken.log',
    Array.from({ length: 900 }, (_, k) => line(k, k % 5 === 0 ? 'UC' : '-')).join(''),
  );
  const { recommendation, objectives } = await judged(broken, '--slo', 'error-rate<=5%');
  expect(recommendation.verdict).toBe('do not promote');
  expect(objectives[0]).toMatchObject({ verdict: 'violated' });
});

it('promotes nothing by rows that break off: more of them is missing', async () => {
  const row = (k: number) =>
    `${1_764_000_000_000_000_000n + BigInt(k) * 10_000_000n},200,5000000,0,2,,b2s=,a,${k},GET,http://a/,\n`;
  const rows = Array.from({ length: 3000 }, (_, k) => row(k)).join('');
  const verdictOf = async (name: string, text: string) =>
    (await judged(written(name, text), '--slo', 'error-rate<=1%')).objectives[0]!.verdict;
  expect(await verdictOf('whole.csv', rows)).toBe('satisfied');
  expect(await verdictOf('torn.csv', `${rows}1764000030000000000,20`)).toBe('undecided');
  expect(await verdictOf('quote.csv', rows.replace(`,1500,GET`, ',1500,"GET'))).toBe('undecided');
});

it('leaves a relative objective open: these requests are no pairs of one schedule', async () => {
  const text = readFileSync(path.join(cwd, 'experiment.yaml'), 'utf8').replace(
    'criteria: {',
    'criteria: {strength: {relative: [{metric: iter8-system/error-rate, maxIncreasePercent: 10}]}, ',
  );
  written('relative.yaml', text);
  const answer = await judged('two.json', '-f', 'relative.yaml', '--split-by', 'attack=blue,green');
  expect(answer.objectives.map(({ verdict, reason }) => reason ?? verdict)).toEqual([
    'satisfied',
    'violated',
    'not-paired',
  ]);
});

it('tells the answer as events, line by line, in a file too', async () => {
  const file = written(
    'events.json',
    vegeta(800, () => ({})),
  );
  const asked = ['judge', file, '--slo', 'error-rate<=2%', '--slo', 'p95<=300ms'];
  const { code, out } = await iter8ctl([...asked, '-o', 'ndjson', '--report', 'ndjson=events.ndjson'], { cwd });
  expect(code).toBe(0);
  expect(readFileSync(path.join(cwd, 'events.ndjson'), 'utf8')).toBe(out);
  const events = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly kind: string; readonly assessment?: { readonly verdict: string } });
  expect(events.map(({ kind }) => kind)).toEqual(['warning', 'verdict', 'verdict', 'recommendation']);
  expect(events[1]!.assessment!.verdict).toBe('satisfied');
});
