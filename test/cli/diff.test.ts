/** `diff`: two runs compared. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { readRecord, withRecord } from '../../src/judge/record/stored-record.ts';
import { displayWidth } from '../../src/text/width.ts';
import { iter8ctl } from '../support/test-io.ts';
import { seeded } from '../support/seeded.ts';

const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-diff-'));

interface Row {
  readonly metric: string;
  readonly answer: string;
  readonly reason?: string;
  readonly difference: {
    readonly estimate: number | null;
    readonly lower: number | null;
    readonly upper: number | null;
  };
}
interface Compared {
  readonly headline: string;
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
  readonly a: { readonly requests: number; readonly tool: string | null };
}

/** Lines of vegeta: `slow` times as long as they would be, with a share of errors. */
function vegeta(name: string, n: number, { slow = 1, errors = 0.01, seed = 1, attack = '' } = {}): string {
  const random = seeded(seed);
  const lines = Array.from({ length: n }, (_, k) => {
    const code = random() < errors ? 503 : 200;
    const timestamp = new Date(1_700_000_000_000 + k * 10).toISOString();
    const latency = Math.round(slow * (20 + 20 * random()) * 1e6);
    const which = attack === '' ? '' : k % 2 === 0 ? attack : 'v1';
    return `${JSON.stringify({ attack: which, seq: k, code, timestamp, latency, bytes_out: 0, bytes_in: 1, error: '' })}\n`;
  });
  writeFileSync(path.join(cwd, name), lines.join(''));
  return name;
}

/** As `hey -o csv` writes them: in a closed loop, without what failed. */
function hey(name: string, n: number, slow = 1): string {
  const random = seeded(5);
  const lines = Array.from({ length: n }, (_, k) => {
    const s = ((slow * (20 + 20 * random())) / 1000).toFixed(4);
    return `${s},0.0001,0.0001,0.0001,${s},0.0001,200,${(k * 0.01).toFixed(4)}\n`;
  });
  const head = 'response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n';
  writeFileSync(path.join(cwd, name), head + lines.join(''));
  return name;
}

async function diff(...args: string[]): Promise<Compared & { readonly code: number }> {
  const { code, out, err } = await iter8ctl(['diff', ...args, '-o', 'json'], { cwd });
  expect(err).toBe('');
  return { code, ...(JSON.parse(out) as Compared) };
}
/** Of the rows that are judged. */
const judged = ({ rows }: Compared) => rows.filter(({ answer }) => answer !== 'not-judged');
const answers = (compared: Compared) =>
  Object.fromEntries(judged(compared).map(({ metric, answer }) => [metric, answer]));

const fast = vegeta('fast.json', 1500);
const slow = vegeta('slow.json', 1500, { slow: 1.5, seed: 2 });

it('shows what is worse and what is better, and no difference where there is none', async () => {
  const worse = await diff(fast, slow, '--timeout', '1s', '--fail-on-regression');
  expect(worse.code).toBe(1);
  expect(worse.headline).toBe('B is worse in 5 of 6 rows');
  expect(answers(worse)).toEqual({
    'error-rate': 'none',
    'mean-latency': 'worse',
    p50: 'worse',
    p90: 'worse',
    p95: 'worse',
    p99: 'worse',
  });
  const better = await diff(slow, fast, '--timeout', '1s', '--fail-on-regression');
  expect(better.code).toBe(0);
  expect(answers(better)['p95']).toBe('better');
  for (const [index, { difference }] of judged(worse).entries()) {
    const mirrored = better.rows[index]!.difference;
    expect(mirrored.lower).toBe(difference.upper === null ? null : -difference.upper);
    expect(difference.lower!).toBeLessThan(difference.estimate!);
    expect(difference.upper!).toBeGreaterThan(difference.estimate!);
  }
  const again = vegeta('again.json', 1500, { seed: 3 });
  const same = await diff(fast, again, '--timeout', '1s', '--fail-on-regression', '--percentiles', '50,95');
  expect(same.code).toBe(0);
  expect(new Set(Object.values(answers(same)))).toEqual(new Set(['none']));
  expect(same.notes[0]).toMatch(/at different times, not side by side/);
});

it('claims nothing that what is not known could have made', async () => {
  const closed = hey('fast.csv', 1000);
  const slower = hey('slow.csv', 1000, 2);
  const open = await diff(closed, slower, '--fail-on-regression');
  expect(open.code).toBe(3);
  expect(new Set(Object.values(answers(open)))).toEqual(new Set(['unknown']));
  expect(open.rows[0]!.reason).toBe('requests that failed without an answer are not in it');
  // Only the user knows that none is missing; both are of a closed loop, and measure the same.
  const given = await diff(closed, slower, '--missing', '0', '--timeout', '2s', '--percentiles', '50');
  expect(answers(given)).toEqual({ 'error-rate': 'none', 'mean-latency': 'worse', p50: 'worse' });
  expect(given.notes.join()).toMatch(/latencies of both count from when a request was sent/);
  // A closed loop hides waits: it may be shown to be slower than an open one, never to be faster.
  const faster = await diff(slow, closed, '--missing', '0', '--percentiles', '50');
  expect(answers(faster)['p50']).toBe('unknown');
  const slowerThan = await diff(fast, slower, '--missing', '0', '--percentiles', '50');
  expect(answers(slowerThan)['p50']).toBe('worse');
});

it('takes numbers of missing requests for each of the two', async () => {
  const closed = hey('fast.csv', 1000);
  const many = await diff(closed, closed, '--missing', '0,400', '--percentiles', '50');
  expect(many.rows[0]!.answer).toBe('none');
  expect(many.rows[0]!.difference.upper).toBeGreaterThan(0.2);
  expect((await iter8ctl(['diff', closed, '--missing', '1,2'], { cwd })).code).toBe(2);
  expect((await iter8ctl(['diff', closed, closed, '--missing', '1,2,3'], { cwd })).code).toBe(2);
  expect((await iter8ctl(['diff', closed, closed, '--missing', 'x'], { cwd })).err).toMatch(/a whole number/);
});

it('compares versions within a file, objects that judge has made, standard input and packed files', async () => {
  const mixed = vegeta('mixed.json', 2000, { attack: 'v2' });
  const split = await diff(mixed, '--split-by', 'attack=v1,v2', '--percentiles', '50');
  expect(split.a.requests).toBe(1000);
  expect(split.notes[0]).toMatch(/of one run/);
  const raw = await iter8ctl(['judge', fast, '--slo', 'p97.5<=900ms', '--timeout', '1s', '-o', 'raw'], { cwd });
  writeFileSync(path.join(cwd, 'object.json'), raw.out);
  const object = await diff('object.json', fast, '--timeout', '1s', '--percentiles', '50');
  expect(judged(object).map(({ metric }) => metric)).toEqual(['error-rate', 'mean-latency', 'p50', 'p97.5']);
  expect(new Set(Object.values(answers(object)))).toEqual(new Set(['none']));
  const stdin = readFileSync(path.join(cwd, 'object.json'), 'utf8');
  const piped = await iter8ctl(['diff', '-', fast, '--percentiles', '50', '-o', 'json'], { cwd, stdin });
  expect((JSON.parse(piped.out) as Compared).headline).toMatch(/no difference/);
  writeFileSync(path.join(cwd, 'packed.gz'), gzipSync(readFileSync(path.join(cwd, fast))));
  expect((await diff('packed.gz', fast, '--percentiles', '50')).a.requests).toBe(1500);
});

it('compares the versions of a stored run, and says that they were sent side by side', async () => {
  const mixed = vegeta('mixed.json', 600, { attack: 'v2' });
  const { out: raw } = await iter8ctl(
    ['judge', mixed, '--split-by', 'attack=v1,v2', '--slo', 'p95<=9s', '--timeout', '10s', '-o', 'raw'],
    { cwd },
  );
  const object = JSON.parse(raw) as Experiment;
  const record = readRecord(object)!;
  const { imported: _, ...own } = record;
  const versions = ['v1', 'v2'].map((name) => ({ name, url: `http://${name}.test/` }));
  const collect = { task: 'metrics/collect', with: { versions } };
  const strategy = { ...object.spec.strategy, actions: { start: [collect] } };
  const stored = {
    ...object,
    metadata: { ...object.metadata, name: 'two' },
    spec: { ...object.spec, strategy },
    status: withRecord(object.status!, own, '2026-01-01T00:00:00Z'),
  };
  mkdirSync(path.join(cwd, '.iter8/experiments/default'), { recursive: true });
  writeFileSync(path.join(cwd, '.iter8/experiments/default/two.yaml'), JSON.stringify(stored));
  const { code, out, err } = await iter8ctl(['diff', 'two', '--local', '-o', 'json', '--percentiles', '50'], { cwd });
  expect([code, err]).toEqual([0, '']);
  const { a, notes } = JSON.parse(out) as Compared;
  expect(a).toMatchObject({ name: 'two', version: 'v1', requests: 300, tool: null });
  expect(notes[0]).toMatch(/side by side, in random order/);
  // However its two versions are named.
  const percentiles = ['--percentiles', '50'];
  const named = await diff('two', 'two', '--version-a', 'v1', '--version-b', 'v2', '--local', ...percentiles);
  expect(named.notes[0]).toBe(notes[0]);
  const split = ['--split-by', 'attack=v1,v2', '--version-b', 'v2'];
  const files = await diff(mixed, `./${mixed}`, ...split, '--version-a', 'v1', ...percentiles);
  expect(files.notes[0]).toMatch(/of one run, but nothing says/);
  const same = await diff(mixed, mixed, ...split, '--version-a', 'v2', ...percentiles);
  expect(same.notes[0]).toMatch(/the same version of the same run/);
  const several = await iter8ctl(['diff', 'two', 'two', '--local'], { cwd });
  expect(several.code).toBe(2);
  expect(several.err).toMatch(/several versions: v1, v2\n {2}say which with --version-a/);
  const other = await iter8ctl(['diff', 'two', '--local', '--version-b', 'v9'], { cwd });
  expect(other.err).toMatch(/no version "v9"\n {2}there are: v1, v2/);
});

/** What `judge` stores, with a mean of a backend whose largest value is declared. */
async function withMean(name: string, { value, cap }: { readonly value: number; readonly cap: number }) {
  const { out } = await iter8ctl(['judge', fast, '--slo', 'p95<=900ms', '--timeout', '1s', '-o', 'raw'], { cwd });
  const object = JSON.parse(out) as Experiment;
  const metric = 'backend-latency';
  const criteria = {
    objectives: [{ metric, upperLimit: 400 }],
    strength: { confidence: '0.95', cap: [{ metric, max: cap }] },
  };
  const seen = {
    type: 'Gauge',
    units: 'msec',
    value,
    n: 3000,
    cumulative: false,
    extrapolated: false,
  } as const;
  const measured = { [metric]: { [object.spec.versionInfo!.baseline.name]: { ...seen, query: 'mean', at: AT } } };
  const status = withRecord(object.status!, { ...readRecord(object)!, measured }, AT);
  writeFileSync(path.join(cwd, name), JSON.stringify({ ...object, spec: { ...object.spec, criteria }, status }));
  return name;
}
const AT = '2026-01-01T00:00:00Z';

it('measures means of both runs by the larger of their largest values', async () => {
  const short = await withMean('short.yaml', { value: 100, cap: 500 });
  // One answer in 300 takes 30 s: 7 where 10 were to be expected are no news.
  const long = await withMean('long.yaml', { value: 70, cap: 30_000 });
  for (const files of [
    [short, long],
    [long, short],
  ] as const)
    expect(answers(await diff(...files))['backend-latency']).not.toMatch(/worse|better/);
  expect((await iter8ctl(['diff', short, long], { cwd })).out).toMatch(/backend-latency +100 ms +70 ms/);
});

it('says what is not there', async () => {
  const file = await iter8ctl(['diff', 'nothing.json', fast], { cwd });
  expect([file.code, file.err]).toEqual([2, expect.stringMatching(/there is no file nothing.json/)]);
  const name = await iter8ctl(['diff', 'nothing', fast, '--local'], { cwd });
  expect([name.code, name.err]).toEqual([6, expect.stringMatching(/there is no file nothing, and no experiment/)]);
  const one = await iter8ctl(['diff', fast], { cwd });
  expect([one.code, one.err]).toEqual([2, expect.stringMatching(/one version: there is nothing to compare it with/)]);
  const two = await iter8ctl(['diff', '-', '-'], { cwd });
  expect(two.code).toBe(2);
});

it('compares nothing where one has no requests, and one request with one', async () => {
  writeFileSync(
    path.join(cwd, 'none.csv'),
    'response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n',
  );
  const none = await diff('none.csv', fast, '--missing', '0', '--fail-on-regression');
  expect([none.code, none.headline]).toEqual([3, 'nothing can be compared']);
});

it('is undecided where so few requests could show no regression, whatever it is', async () => {
  for (const n of [1, 2]) {
    const few = vegeta(`few-${n}.json`, n);
    const compared = await diff(few, few, '--fail-on-regression', '--timeout', '1s');
    expect([compared.code, new Set(Object.values(answers(compared)))]).toEqual([3, new Set(['unknown'])]);
    expect(compared.headline).toBe('not enough requests: no regression would be shown, whatever it is');
    expect(compared.rows[0]!.reason).toMatch(/so few data points that no increase would be shown/);
    expect((await iter8ctl(['diff', few, few], { cwd })).code).toBe(0);
  }
  // Sixty could show that the median is longer, and that all fail: not that one in a hundred is slow.
  const some = vegeta('sixty.json', 60);
  const compared = await diff(some, some, '--fail-on-regression', '--percentiles', '50,99');
  expect([compared.code, answers(compared)]).toEqual([
    0,
    { 'error-rate': 'none', 'mean-latency': 'unknown', p50: 'none', p99: 'unknown' },
  ]);
  const against = await diff(some, vegeta('bad.json', 60, { errors: 1 }), '--fail-on-regression');
  expect([against.code, answers(against)['error-rate']]).toEqual([1, 'worse']);
});

it('shows requests a second without judging them, and says why', async () => {
  const rate = ({ rows }: Compared) => rows.find(({ metric }) => metric === 'requests-per-second');
  const half = vegeta('half.json', 750);
  expect(rate(await diff(fast, half))).toMatchObject({
    answer: 'not-judged',
    reason: expect.stringMatching(/how much was sent was given/),
  });
  const closed = hey('fast.csv', 1000);
  expect(rate(await diff(closed, closed))!.reason).toMatch(/in a closed loop they follow from the number of users/);
  expect(rate(await diff(fast, closed))!.reason).toMatch(/not comparable: what was sent in A was given/);
  // A rate that is not known is left out: what was sent within a second.
  expect(rate(await diff(fast, vegeta('short.json', 50)))).toBeUndefined();
});

it('counts no seconds of requests that are left out at the end: the same load is the same, however long it is', async () => {
  const log = (name: string, seconds: number) => {
    const lines = Array.from({ length: seconds * 10 }, (_, k) => {
      const start = new Date(Date.UTC(2026, 10, 26, 8) + k * 100).toISOString();
      return `[${start}] "GET / HTTP/1.1" 200 - 0 12 12 11 "-" "curl" "id" "a.test" "10.0.0.1:80"\n`;
    });
    writeFileSync(path.join(cwd, name), lines.join(''));
    return name;
  };
  const { rows, notes } = await diff(log('minute.log', 60), log('hour.log', 600));
  const rate = rows.find(({ metric }) => metric === 'requests-per-second');
  expect(Math.abs(rate!.difference.estimate!)).toBeLessThan(0.1);
  expect(notes.join('\n')).not.toContain('the load was not the same');
});

it('fits into every width, and writes reports in which no name is more than text', async () => {
  const hostile = vegeta('a|b](http:x)\u001b[31m<i>.json', 200, { errors: 0.9 });
  for (const columns of [24, 40, 80, 120]) {
    const { out } = await iter8ctl(['diff', fast, hostile], { cwd, columns, env: { NO_COLOR: '1' } });
    expect(out).not.toContain('\u001b');
    if (columns >= 40) for (const line of out.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
  }
  const { out, code } = await iter8ctl(
    ['diff', fast, hostile, '-o', 'markdown'].concat(
      ['html', 'junit', 'json', 'yaml', 'ndjson'].flatMap((format) => ['--report', `${format}=r.${format}`]),
    ),
    { cwd },
  );
  const report = (format: string) => readFileSync(path.join(cwd, `r.${format}`), 'utf8');
  expect(report('html')).toMatch(/^<!DOCTYPE html>[^]*<h1>B is worse in 1 of 6 rows<\/h1>/);
  expect(report('junit')).toContain('<failure type="regression" message="error-rate is worse');
  expect(report('ndjson')).toMatch(/^\{[^\n]*"kind":"RunComparison"[^\n]*\}\n$/);
  expect(JSON.parse(report('ndjson'))).toEqual(JSON.parse(report('json')));
  expect(code).toBe(0);
  expect(out).toContain('## ❌ B is worse in 1 of 6 rows');
  expect(out).toContain('a&#124;b&#93;(http:x)');
  // Once: a mark that is escaped twice is shown as its reference.
  expect(out).toContain('| &#126; |');
  expect(out).not.toContain('&#38;');
  expect(out).not.toContain('<i>');
  expect(out).not.toContain('\u001b');
  expect(JSON.parse(readFileSync(path.join(cwd, 'r.json'), 'utf8'))).toMatchObject({ kind: 'RunComparison' });
  expect(readFileSync(path.join(cwd, 'r.yaml'), 'utf8')).toContain('kind: RunComparison');
});
