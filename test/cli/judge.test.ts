/** `judge`: what other tools have measured. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { answerOf, cwd, fixture, judged, vegeta, written } from '../support/judged-files.ts';
import { iter8ctl } from '../support/test-io.ts';

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

it.each([
  [['error-count<=3'], 'the objective is satisfied, observed without a stated confidence, after 2,000 requests'],
  [['error-rate<=0%'], 'the objective is satisfied, observed without a stated confidence, after 2,000 requests'],
  [
    ['p95<=300ms', 'error-rate<=0%'],
    'all 2 objectives are satisfied, 1 of them with 95 % confidence, after 2,000 requests',
  ],
  [
    ['p95<=300ms', 'error-rate<=1%', 'error-count<=3'],
    'all 3 objectives are satisfied, 2 of them each with 95 % confidence, after 2,000 requests',
  ],
  [['p95<=300ms', 'error-rate<=1%'], 'all 2 objectives are satisfied, each with 95 % confidence, after 2,000 requests'],
])('states a confidence for what is shown with one, not for what is compared exactly: %j', async (slos, reason) => {
  const file = written(
    'exact.json',
    vegeta(2000, () => ({})),
  );
  const { recommendation } = await judged(file, ...slos.flatMap((slo) => ['--slo', slo]));
  expect(recommendation).toMatchObject({ verdict: 'promote', reasons: expect.arrayContaining([reason]) });
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

it('satisfies nothing by hey until --missing says how many requests failed', async () => {
  const slo = ['--slo', 'error-rate<=20%', '--slo', 'p95<=300ms'];
  const open = await judged(fixture('hey.csv'), ...slo);
  expect(open.objectives.map(({ reason, upper }) => [reason, upper])).toEqual([
    ['failures-missing', undefined],
    ['failures-missing', undefined],
  ]);
  const given = await judged(fixture('hey.csv'), ...slo, '--missing', '0');
  expect(given.objectives.map(({ verdict, reason }) => reason ?? verdict)).toEqual(['satisfied', 'closed-model']);
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
  // Nor are the seconds in which those were sent.
  const [, late] = (await judged(file, ...slo, '--timeout', '10s', '--min-seconds', '295')).objectives;
  expect(late).toMatchObject({ verdict: 'undecided', reason: 'too-early' });
  const given = await judged(file, '--slo', 'p95<=300ms', '--model', 'open', '--missing', '0');
  expect([given.code, given.objectives[0]!.n]).toEqual([0, 3000]);
});

it('satisfies nothing where files of k6 are joined, and the last one ended long before', async () => {
  const joined = written('joined.json', k6(3000, () => ({})) + k6(1000, () => ({})));
  const { code, objectives } = await judged(joined, '--slo', 'error-rate<=1%');
  expect([code, objectives[0]!.reason]).toEqual([3, 'unfinished-missing']);
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

it('counts a request whose end is a time that there cannot be as one that could not be read', async () => {
  const lines = vegeta(500, () => ({}));
  const file = written('beyond.json', lines.replace(/"latency":\d+/, '"latency":9e300'));
  expect((await judged(file, '--slo', 'error-rate<=5%')).objectives[0]!.count).toEqual({ n: 500, bad: 1 });
});

it.each([
  ['confidence: none', ['--slo', 'error-rate<=0.1%', '--confidence', 'none']],
  ['confidence: none, of a latency', ['--slo', 'p99.5<=50ms', '--confidence', 'none']],
  ['a limit of 0', ['--slo', 'error-rate<=0']],
  ['a limit on a count', ['--slo', 'error-count<=2']],
])('calls a limit that missing requests decide no fault of our own load: %s', async (_, asked) => {
  const file = written(
    'whole.json',
    vegeta(500, () => ({})),
  );
  const answer = await judged(file, ...asked, '--timeout', '1s', '--missing', '3');
  expect(answer.objectives[0]).toMatchObject({ verdict: 'undecided', reason: 'depends-on-unknown' });
  expect(JSON.stringify(answer.recommendation)).toMatch(/of which not all is known: .*they are missing/);
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

it('reads files that begin with a byte order mark', async () => {
  // Mutation: in src/adapters/results/read-results.ts, `head.equals(UTF8_MARK)` -> `false`
  const marked = written('mark.json', `\uFEFF${vegeta(500, () => ({}))}`);
  expect((await judged(marked, '--slo', 'error-rate<=5%')).objectives[0]!.count).toEqual({ n: 500, bad: 0 });
});

it('finds the hits that are missing of one attack among those of others', async () => {
  const both = vegeta(2000, (k) => ({ attack: k % 2 === 0 ? 'blue' : 'green' }));
  const slo = ['--slo', 'error-rate<=5%', '--model', 'open'];
  expect((await judged(written('both.json', both), ...slo)).objectives[0]!.verdict).toBe('satisfied');
  const some = both.replace(/.*"attack":"green","seq":7\d\d,.*\n/g, '');
  expect(some.split('\n')).toHaveLength(1901);
  expect((await judged(written('some.json', some), ...slo)).objectives[0]!.reason).toBe('unfinished-missing');
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

it('holds a promotion back for redirects that nobody followed', async () => {
  const moved = written(
    'moved.json',
    vegeta(2000, () => ({ code: 302 })),
  );
  expect((await judged(moved, '--slo', 'error-rate<=1%')).recommendation.verdict).toBe('undecided');
  // Neither if another tool, which follows them, measured a few requests more.
  const more = written(
    'few-more.json',
    k6(50, () => ({})),
  );
  const both = await judged(moved, more, '--slo', 'error-rate<=1%', '--missing', '0');
  expect(both.recommendation.verdict).toBe('undecided');
});

it('counts no request twice: the same file by another name is refused', async () => {
  const requests = vegeta(300, () => ({}));
  written('first.json', requests);
  written('second.json', requests);
  const { code, err } = await iter8ctl(['judge', 'first.json', 'second.json', '--slo', 'error-rate<=1%'], { cwd });
  expect(code).toBe(2);
  expect(err).toContain('second.json holds the same as first.json: its requests would count twice');
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

it('prints the answer as events, line by line, in a file too', async () => {
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

it.each(['p95<=20s', 'mean<=20s', 'mean>=10s'])('refuses %s where no request waited so long', async (slo) => {
  // Mutation: in src/judge/question/limits.ts, `isLatency(quantity) && ` -> `quantity.kind === 'percentile' && `
  const file = written(
    'short.json',
    vegeta(400, () => ({})),
  );
  const { code, err } = await iter8ctl(['judge', file, '--slo', slo, '--timeout', '10s'], { cwd });
  expect(code).toBe(2);
  expect(err).toMatch(/the limit of \d+ s is not below --timeout \(10 s\)/);
});
