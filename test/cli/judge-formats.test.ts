/** `judge`: the formats of JMeter, ghz, Gatling, fortio and Locust. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { iter8ctl } from '../support/test-io.ts';

const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-judge-formats-'));
const fixture = (name: string) => path.join(import.meta.dirname, '../fixtures/results', name);
const slo = ['--slo', 'p95<=300ms', '--slo', 'error-rate<=20%'];

async function judged(...args: string[]) {
  const { out, err, code } = await iter8ctl(['judge', ...args, '-o', 'raw'], { cwd });
  expect(err).toBe('');
  const record = readRecord(JSON.parse(out) as Experiment)!;
  return {
    code,
    rows: record.assessments.map(({ verdict, reason }) => reason ?? verdict),
    assessments: record.assessments,
    codes: record.scopes[0]?.tally.codes,
    tally: record.scopes[0]?.tally,
    warnings: record.warnings,
  };
}

function written(name: string, text: string): string {
  writeFileSync(path.join(cwd, name), text);
  return name;
}

const HEADING =
  'timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect';

it('reads the CSV of JMeter with its quotes and line breaks, without transactions', async () => {
  const row = (k: number, code: string, message: string, success: boolean, failure = '') =>
    `${1_700_000_000_000 + k * 20},12,home,${code},${message},Thread Group 1-1,text,${success},${failure},100,50,1,1,http://a.test/,11,0,1\n`;
  const file = written(
    'a.jtl',
    [
      `${HEADING}\n`,
      ...Array.from({ length: 200 }, (_, k) => row(k, '200', 'OK', true)),
      row(200, '200', 'OK', false, '"Test failed: text expected to contain ""x"",\nbut was ""y"""'),
      row(201, '500', 'Internal Server Error', false),
      row(202, 'Non HTTP response code: java.net.SocketTimeoutException', 'Read timed out', false),
      row(201, '', '"Number of samples in transaction : 2, number of failing samples : 0"', true),
    ].join(''),
  );
  const { rows, codes, tally } = await judged(file, ...slo);
  expect(codes).toEqual({ 200: 201, 500: 1, timeout: 1 });
  expect(tally!.response.errors).toBe(3);
  expect(rows).toEqual(['closed-model', 'satisfied']);
  expect((await judged(file, ...slo, '--model', 'open')).rows).toEqual(['satisfied', 'satisfied']);
});

/** Rows of JMeter: one thread has plain samples and transactions of three, whose samples stand before them or are absent. */
function transactions({ areThere }: { areThere: boolean }): string {
  const row = (at: number, elapsed: number, code: string, message: string, ok = true) =>
    `${1_700_000_000_000 + at},${elapsed},home,${code},"${message}",T 1-1,text,${ok},,1,1,1,1,http://a.test/,1,0,1\n`;
  const total = (n: number) => `Number of samples in transaction : ${n}, number of failing samples : 1`;
  const rows = Array.from({ length: 50 }, (_, k) => {
    const at = k * 1000;
    const parts = [
      row(at + 201, 10, '200', 'OK'),
      row(at + 215, 10, '500', 'No', false),
      row(at + 300, 10, '200', 'OK'),
    ];
    return [
      ...Array.from({ length: 9 }, (_none, plain) => row(at + plain * 20, 20, '200', 'OK')),
      ...(areThere ? parts : []),
      // A transaction around it counts its samples once more, and a pause, which is no sample.
      row(at + 200, 120, '', total(3), false),
      ...(areThere ? [row(at + 199, 200, '', total(4), false)] : []),
    ].join('');
  });
  return `${HEADING}\n${rows.join('')}`;
}

it('refuses columns of one name of which one would be taken by chance', async () => {
  const twice = HEADING.replace('label', 'elapsed');
  const rows = Array.from(
    { length: 300 },
    (_, k) => `${1_700_000_000_000 + k},20,99999,200,OK,T,text,true,,1,1,1,1,u,1,0,1`,
  );
  const { code, err } = await iter8ctl(['judge', written('twice.jtl', `${twice}\n${rows.join('\n')}\n`), ...slo], {
    cwd,
  });
  expect([code, err]).toEqual([2, expect.stringContaining('twice.jtl: its first row has several columns elapsed')]);
  // Of what is not read, it does not matter.
  const other = HEADING.replace('URL', 'grpThreads');
  const { code: fine } = await iter8ctl(['judge', written('fine.jtl', `${other}\n${rows.join('\n')}\n`), ...slo], {
    cwd,
  });
  expect(fine).not.toBe(2);
});

it('condemns nothing by successes of JMeter whose codes are not those of HTTP', async () => {
  const rows = (code: (k: number) => string) =>
    `timeStamp,elapsed,label,responseCode,responseMessage,threadName,success\n${Array.from({ length: 400 }, (_, k) => `${1_700_000_000_000 + k * 50},12,unit,${code(k)}\n`).join('')}`;
  const some = await judged(
    written(
      'junit.csv',
      rows((k) => (k % 4 === 0 ? '1000,passed,T,true' : '200,OK,T,true')),
    ),
    ...slo,
  );
  expect(some.rows).toEqual(['not-enough-evidence', 'not-enough-evidence']);
  expect(some.codes).toEqual({ 200: 300, unresolved: 100 });
  const all = await iter8ctl(
    [
      'judge',
      written(
        'junit.csv',
        rows(() => '1000,passed,T,true'),
      ),
      ...slo,
    ],
    { cwd },
  );
  expect(all.code).toBe(2);
  expect(all.err).toContain('a success whose responseCode "1000" is no HTTP code');
  const failed = await judged(
    written(
      'junit.csv',
      rows((k) => (k % 2 === 0 ? '0001,failed,T,false' : '200,OK,T,true')),
    ),
    ...slo,
  );
  expect(failed.rows[1]).toBe('violated');
});

it('refuses the CSV of JMeter where transactions stand for their samples, and says what to do', async () => {
  const there = await judged(written('there.jtl', transactions({ areThere: true })), ...slo);
  expect(there.codes).toEqual({ 200: 550, 500: 50 });
  const refused = async (name: string, text: string) => {
    const { code, err } = await iter8ctl(['judge', written(name, text), ...slo, '--missing', '0'], { cwd });
    expect(code).toBe(2);
    expect(err).toContain(`${name}: its transactions stand there without the samples they are made of`);
    expect(err).toContain('turn "Generate parent sample" of the Transaction Controllers off, or let JMeter write XML');
  };
  // Among many more samples that are there.
  await refused('parents.jtl', transactions({ areThere: false }));
  const alone = transactions({ areThere: false })
    .split('\n')
    .filter((line, k) => k === 0 || line.includes('transaction'))
    .join('\n');
  await refused('alone.jtl', alone);
  const unnamed = alone.replace('threadName,', '').replaceAll('T 1-1,', '');
  await refused('unnamed.jtl', unnamed);
  const xml = (inside: string) =>
    `<testResults version="1.2"><sample t="24" ts="1700000000000" s="false" lb="buy" rc="" rm="Number of samples in transaction : 1, number of failing samples : 1" tn="T">${inside}</sample></testResults>`;
  await refused('parents.xml', xml(''));
  const inside = '<httpSample t="12" ts="1700000000000" s="false" lb="a" rc="500" rm="No" tn="T"/>';
  expect((await judged(written('children.xml', xml(inside)), ...slo)).codes).toEqual({ 500: 1 });
});

it('reads the XML of JMeter: single samples and those in a transaction, not what a request is made of', async () => {
  const sample = (k: number, inside = '') =>
    `<httpSample t="12" it="0" lt="11" ct="1" ts="${1_700_000_000_000 + k * 20}" s="true" lb="a &amp; b" rc="200" rm="OK" tn="T 1-1" dt="text" by="1" sby="1" ng="1" na="1">${inside}</httpSample>\n`;
  const transaction = `<sample t="24" ts="1700000000000" s="true" lb="buy" rc="" rm="Number of samples in transaction : 2, number of failing samples : 0" tn="T">${sample(300)}${sample(301)}</sample>\n`;
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<testResults version="1.2">\n${Array.from({ length: 100 }, (_, k) => sample(k)).join('')}${sample(100, sample(100) + sample(100))}${transaction}</testResults>\n`;
  expect((await judged(written('a.xml', text), ...slo, '--model', 'open')).tally!.response.n).toBe(103);
  const torn = await judged(
    written('torn.xml', text.slice(0, text.indexOf('<sample') + 40)),
    ...slo,
    '--split-by',
    'label=a & b,c',
  );
  expect(torn.codes).toEqual({ 200: 101, unresolved: 1 });
  expect(torn.rows).toContain('unfinished-missing');
  const broken = await judged(written('broken.xml', text.replace('<sample', '<<sample')), ...slo);
  expect(broken.codes).toMatchObject({ 200: 101, unresolved: 1 });
});

it('reads every call of ghz', async () => {
  const { codes, rows } = await judged(fixture('ghz.json'), ...slo);
  expect(codes).toEqual({ OK: 60 });
  expect(rows).toEqual(['closed-model', 'satisfied']);
  const pretty = written('pretty.json', JSON.stringify(JSON.parse(readFileSync(fixture('ghz.json'), 'utf8')), null, 2));
  expect((await judged(pretty, ...slo)).codes).toEqual({ OK: 60 });
  const text = readFileSync(fixture('ghz.json'), 'utf8').replace(
    '"error":"","status":"OK"',
    '"error":"gone","status":"Unavailable"',
  );
  expect((await judged(written('failed.json', text), ...slo)).codes).toEqual({ OK: 59, Unavailable: 1 });
  const torn = await judged(written('torn.json', text.slice(0, -150)), ...slo);
  expect(torn.codes).toMatchObject({ unresolved: 1 });
  expect(torn.rows).toEqual(['unfinished-missing', 'unfinished-missing']);
});

it('counts statuses of ghz under whatever name they have', async () => {
  const { details, ...rest } = JSON.parse(readFileSync(fixture('ghz.json'), 'utf8')) as { details: object[] };
  const named = details.map((call, k) => ({ ...call, status: k === 0 ? 'constructor' : 'OK' }));
  const file = written('names.json', JSON.stringify({ ...rest, details: named }));
  expect(await judged(file, ...slo)).toMatchObject({
    codes: { OK: 59, constructor: 1 },
    rows: ['closed-model', 'satisfied'],
  });
});

it('lets a gRPC status that a client may have given itself speak for no violated latency', async () => {
  const { details, ...rest } = JSON.parse(readFileSync(fixture('ghz.json'), 'utf8')) as { details: object[] };
  const calls = (status: string, latency: number) =>
    Array.from({ length: 200 }, (_, k) => ({
      ...details[0],
      latency: k % 4 === 0 ? latency : 5e6,
      ...(k % 4 === 0 ? { status, error: 'x' } : {}),
    }));
  const rows = async (status: string, latency: number) => {
    const file = written('statuses.json', JSON.stringify({ ...rest, details: calls(status, latency) }));
    return (await judged(file, '--slo', 'p90<=300ms', '--slo', 'error-rate<=1%', '--model', 'open')).rows;
  };
  for (const status of ['Canceled', 'Unavailable', 'DeadlineExceeded'])
    expect(await rows(status, 5e6)).toEqual(['not-enough-evidence', 'violated']);
  expect(await rows('DeadlineExceeded', 20e9)).toEqual(['violated', 'violated']);
  expect(await rows('Internal', 5e6)).toEqual(['satisfied', 'violated']);
});

it('does not take what a check of Gatling has read for a failure to connect', async () => {
  const rows = async (message: string) => {
    const line = (k: number) =>
      `REQUEST\t\thome\t${1_700_000_000_000 + k * 20}\t${1_700_000_000_015 + k * 20}\t${k % 4 === 0 ? `KO\t${message}` : 'OK\t '}\n`;
    const file = written(
      'checks.log',
      `RUN\tcom.shop.Basic\tbasic\t1700000000000\t \t3.10.5\n${Array.from({ length: 200 }, (_, k) => line(k)).join('')}`,
    );
    return (await judged(file, '--slo', 'p90<=300ms', '--slo', 'error-rate<=1%')).rows;
  };
  for (const read of [
    'jsonPath($.state).find.is(open), but actually found closed',
    'regex(timeout).find.exists, found nothing',
  ])
    expect(await rows(read)).toEqual(['not-enough-evidence', 'violated']);
  for (const none of [
    'j.n.ConnectException: Connection refused',
    'i.n.c.ConnectTimeoutException: connection timed out',
    'Request timeout after 60000 ms',
    'Premature close',
  ])
    expect(await rows(none)).toEqual(['violated', 'violated']);
});

it('reads the text that Gatling writes', async () => {
  const line = (k: number, end: string) =>
    `REQUEST\t\thome\t${1_700_000_000_000 + k * 20}\t${1_700_000_000_015 + k * 20}\t${end}\n`;
  const file = written(
    'simulation.log',
    [
      'RUN\tcom.shop.Basic\tbasic\t1700000000000\t \t3.10.5\nUSER\tbasic\tSTART\t1700000000000\nUSER\tbasic\tEND\t1700000009000\n',
      ...Array.from({ length: 200 }, (_, k) => line(k, 'OK\t ')),
      line(200, 'KO\tstatus.find.is(200), but actually found 503'),
      line(201, 'KO\tj.n.ConnectException: Connection refused'),
    ].join(''),
  );
  const { codes, rows } = await judged(file, ...slo);
  expect(codes).toEqual({ OK: 200, 503: 1, connect: 1 });
  expect(rows).toEqual(['unknown-model', 'satisfied']);
});

it('says of the bins of fortio what can be said of them', async () => {
  const { codes, assessments, warnings } = await judged(
    fixture('fortio.json'),
    '--slo',
    'p95<=300ms',
    '--slo',
    'p50<=2.5ms',
    '--slo',
    'error-rate<=20%',
  );
  const { RetCodes, DurationHistogram } = JSON.parse(readFileSync(fixture('fortio.json'), 'utf8')) as {
    RetCodes: Record<string, number>;
    DurationHistogram: { Data: { Start: number; End: number; Count: number }[] };
  };
  expect(codes).toEqual(RetCodes);
  // A bin that the limit divides counts against it.
  const above = DurationHistogram.Data.filter(({ End }) => End > 0.0025).reduce((sum, { Count }) => sum + Count, 0);
  expect(assessments[1]!.count).toEqual({ n: 200, bad: above });
  expect(assessments[0]!.reason).toBe('closed-model');
  expect(assessments[2]!.verdict).toBe('satisfied');
  expect(warnings.join()).toContain('keeps bins');
  const wrong = written('wrong.json', readFileSync(fixture('fortio.json'), 'utf8').replace('"200": ', '"200": 1'));
  expect((await iter8ctl(['judge', wrong, ...slo], { cwd })).err).toContain('RetCodes do not add up');
});

it('does not call latencies of fortio satisfied where some requests had no answer', async () => {
  const run = (unanswered: number) =>
    JSON.stringify({
      RunType: 'HTTP',
      StartTime: '2026-11-26T14:00:00Z',
      ActualDuration: 1e10,
      RetCodes: { 200: 1000 - unanswered, '-1': unanswered },
      DurationHistogram: {
        Data: [
          { Start: 0.001, End: 0.002, Count: 900 },
          { Start: 0.4, End: 0.5, Count: 100 },
        ],
      },
    });
  const rows = async (unanswered: number) =>
    (await judged(written('f.json', run(unanswered)), '--slo', 'p80<=300ms', '--model', 'open')).assessments[0]!;
  expect(await rows(0)).toMatchObject({ verdict: 'satisfied', count: { bad: 100 } });
  expect(await rows(300)).toMatchObject({ verdict: 'undecided', count: { bad: 400 } });
  // Nobody waited an hour for them.
  const { out } = await iter8ctl(['judge', 'f.json', ...slo, '-o', 'json'], { cwd });
  expect(out).toMatch(/"changedAt": "2026-11-26T14:00:\d\dZ"/);
});

it('reads what a listener of Locust writes', async () => {
  const fields = ['--fields', 'status=status,duration=duration:ms,start=start'];
  const { tally, rows } = await judged(
    fixture('locust.jsonl'),
    ...fields,
    ...slo,
    '--model',
    'closed',
    '--missing',
    '0',
  );
  expect(tally!.response.n).toBe(100);
  expect(tally!.codes['other']).toBeGreaterThan(0);
  expect(rows[0]).toBe('closed-model');
});
