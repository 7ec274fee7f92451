/** `judge`: what real users sent, as access logs report it. */
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { cwd, fixture, judged, vegeta, written, type Answer } from '../support/judged-files.ts';
import { iter8ctl } from '../support/test-io.ts';

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
  expect(warnings.join('\n')).toContain('name each file by itself, or sort the lines by time');
  const sorted = written('sorted.log', older + nginxLog([300, 600]));
  expect((await judged(sorted, '--slo', 'error-rate<=5%')).objectives[0]!.verdict).toBe('violated');
});

it('calls nothing satisfied where it is not known which line was the last one', async () => {
  // The log of a replica that was killed, behind that of another one; a clock that was wrong for a moment.
  const joined = nginxLog([0, 600]) + nginxLog([0, 200]);
  const lines = nginxLog([0, 600]).split('\n');
  const ahead = [...lines.slice(0, 3000), nginxLog([900, 901]).split('\n')[0], ...lines.slice(3000)].join('\n');
  for (const [name, log] of Object.entries({ joined, ahead })) {
    const { code, objectives } = await judged(written(`${name}.log`, log), '--slo', 'error-rate<=5%');
    expect([name, code, objectives[0]!.reason]).toEqual([name, 3, 'unfinished-missing']);
  }
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

/** Lines of Envoy, a second apart: each fifth with these flags. */
const envoyLog = (flags: string, status = 200): string =>
  Array.from({ length: 900 }, (_, k) => {
    const start = new Date(Date.UTC(2026, 10, 26, 8) + k * 1000).toISOString();
    const outcome = k % 5 === 0 ? `${status} ${flags}` : '200 -';
    return `[${start}] "GET /a HTTP/2" ${outcome} 0 512 35 - "-" "curl" "id" "shop" "10.0.0.1:80"\n`;
  }).join('');

it.each(['UC', 'DR', 'OM'])(
  'takes an answer of Envoy that broke off behind its headers for none: %s',
  async (flags) => {
    const { recommendation, objectives } = await judged(
      written('broken.log', envoyLog(flags)),
      '--slo',
      'error-rate<=5%',
    );
    expect(recommendation.verdict).toBe('do not promote');
    expect(objectives[0]).toMatchObject({ verdict: 'violated' });
  },
);

it.each(['DC', 'DR'])(
  'lets a client that leaves Envoy speak against satisfied, and not for violated: %s',
  async (flags) => {
    const answer = await judged(written('left.log', envoyLog(flags, 0)), '--slo', 'p95<=300ms', '--slo', 'p50<=300ms');
    expect(answer.objectives.map(({ verdict, count }) => [verdict, count!.bad > 0])).toEqual([
      ['undecided', true],
      ['satisfied', true],
    ]);
  },
);

/** Lines of JSON, a tenth of a second apart. */
const jsonLog = (duration: string, status = '200'): string =>
  Array.from({ length: 2000 }, (_, k) => {
    const start = new Date(Date.UTC(2026, 10, 26, 8) + k * 100).toISOString();
    return `{"start":"${start}","duration":${duration},"status":${status}}\n`;
  }).join('');

it.each([
  [':s', '0', 'undecided'],
  [':s', '1', 'undecided'],
  ['', '"1s"', 'undecided'],
  ['', '"0s"', 'undecided'],
  [':s', '0.000', 'satisfied'],
  [':s', '0.299', 'satisfied'],
  [':s', '0.300', 'undecided'],
  ['', '"0.300s"', 'undecided'],
  [':ms', '299', 'satisfied'],
  [':ms', '300', 'undecided'],
  ['', '"300ms"', 'undecided'],
  [':us', '300000', 'undecided'],
  ['', '"300000us"', 'undecided'],
  ['', '"300000\u00b5s"', 'undecided'],
  ['', '"299.9ms"', 'satisfied'],
  ['', '"1m0.5s"', 'violated'],
])('takes durations of lines of JSON for as rounded as they may be: %s %s is %s', async (unit, duration, verdict) => {
  const fields = [
    '--fields',
    `status=status,duration=duration${unit},start=start`,
    '--model',
    'open',
    '--missing',
    '0',
  ];
  const { objectives } = await judged(written('rounded.jsonl', jsonLog(duration)), ...fields, '--slo', 'p95<=300ms');
  expect(objectives[0]!.verdict).toBe(verdict);
});

it.each(['499', '444'])(
  'lets no %s of nginx speak for a latency, whether it is satisfied or violated',
  async (status) => {
    const slo = ['--slo', 'p95<=300ms', '--slo', 'error-rate<=5%'];
    const text = nginxLog([0, 200], (k) => ({ status: k % 5 === 0 ? Number(status) : 200 }));
    const fields = ['--fields', 'status=status,duration=duration:ms,start=start', '--model', 'observed'];
    for (const args of [[written('nginx.log', text)], [written('nginx.jsonl', jsonLog('12', status)), ...fields]])
      expect((await judged(...args, ...slo)).objectives.map(({ verdict }) => verdict)).toEqual([
        'undecided',
        'violated',
      ]);
  },
);

it('takes no number in what a client sent for the time of nginx', async () => {
  for (const [sent, ms] of [
    ['"Mozilla 5.0" 0.020', 20],
    ['"x 0.001" "-" "0.900"', 900],
    ['"-" 0.020', 20],
    ['"curl" "0.020" "0.900"', 20],
    ['"curl" "0.900" "Mobile 0.001 x"', 900],
  ] as const) {
    const log = nginxLog([0, 200]).replaceAll(/ 0\.020$/gm, ` ${sent}`);
    const { objectives } = await judged(written('sent.log', log), '--slo', 'p95<=300ms', '--missing', '0');
    expect([sent, objectives[0]!.verdict]).toEqual([sent, ms > 300 ? 'violated' : 'satisfied']);
  }
});

it('does not take how long a connection lasted for how long its answer took', async () => {
  const slo = ['--slo', 'p95<=300ms', '--missing', '0', '--model', 'observed'];
  const json = jsonLog('45000', '101');
  for (const args of [
    [
      written(
        'sockets.log',
        nginxLog([0, 200], () => ({ status: 101, seconds: 45 })),
      ),
    ],
    [written('sockets.jsonl', json), '--fields', 'status=status,duration=duration:ms,start=start'],
    [written('sockets.envoy', envoyLog('-').replaceAll(' 200 - 0 512 35 ', ' 101 - 0 512 45000 '))],
  ])
    expect((await judged(...args, ...slo)).objectives[0]!.verdict).toBe('undecided');
});

it('takes times without a zone for UTC, wherever it reads them', async () => {
  const fields = [
    '--fields',
    'status=status,duration=duration:ms,start=start',
    '--slo',
    'error-rate<=1%',
    '-o',
    'json',
  ];
  const ask = async (log: string) => (await iter8ctl(['judge', written('zone.jsonl', log), ...fields], { cwd })).out;
  const here = process.env['TZ'];
  process.env['TZ'] = 'America/New_York';
  try {
    // In an hour that New York has twice.
    const log = jsonLog('12.5').replaceAll('-11-26T08', '-11-01T05');
    const answer = await ask(log);
    expect(answer).toContain('2026-11-01T05:03:19');
    expect(await ask(log.replaceAll('Z"', '"'))).toBe(answer);
    expect(await ask(log.replaceAll('Z"', '"').replaceAll(/(\d)T(\d)/g, '$1 $2'))).toBe(answer);
  } finally {
    if (here === undefined) delete process.env['TZ'];
    else process.env['TZ'] = here;
  }
});

it('judges nobody by words in place of HTTP codes', async () => {
  const fields = ['--fields', 'status=status,duration=duration:ms,start=start', '--slo', 'error-rate<=1%'];
  const { code, err } = await iter8ctl(['judge', written('words.jsonl', jsonLog('12.5', '"OK"')), ...fields], { cwd });
  expect(code).toBe(2);
  expect(err).toContain('status is "OK", which is no HTTP code');
  const none = await judged(written('none.jsonl', jsonLog('12.5', '"-"')), ...fields);
  expect(none.objectives[0]!.verdict).toBe('violated');
});
