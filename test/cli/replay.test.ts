/** A recorded run judged again. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { iter8ctl } from '../support/test-io.ts';
import { failingEach, testServer } from '../support/test-server.ts';

let cwd: string;
const record = '.iter8/records/default/e.ndjson';
const withoutTime = (text: string) => text.replace(/(now|\d+ (s|ms|minutes?) ago)/g, 'AGE');

beforeAll(async () => {
  cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-replay-'));
  await using server = await testServer(failingEach(50));
  const ran = await iter8ctl(
    [
      'run',
      '--local',
      '--name',
      'e',
      '--url',
      server.url,
      '--slo',
      'error-rate<=10%',
      '--slo',
      'p95<=20s', // on a busy machine, too
      '--qps',
      '200',
      '--requests',
      '400',
      '--no-extend',
    ],
    { cwd },
  );
  expect(ran.code, ran.err).toBe(0);
});

it('comes out as the run did, with the same bytes each time', async () => {
  const described = await iter8ctl(['describe', '--local', 'e'], { cwd });
  const [once, again] = [await iter8ctl(['replay', record], { cwd }), await iter8ctl(['replay', record], { cwd })];
  expect(once.code, once.err).toBe(0);
  expect(again.out).toBe(once.out);
  expect(withoutTime(once.out).replace(/of \d+ iterations/, '')).toBe(
    withoutTime(described.out).replace(/of \d+ iterations/, ''),
  );
});

it('judges by other limits and another confidence, as strictly as the histograms allow', async () => {
  const stricter = await iter8ctl(['replay', record, '--slo', 'error-rate<=1.5%', '--exit-code'], { cwd });
  expect(stricter.code).toBe(3);
  expect(stricter.out).toMatch(/^undecided: .*\n.*error-rate/);
  const hopeless = await iter8ctl(['replay', record, '--slo', 'error-rate<=0.1%', '--exit-code'], { cwd });
  expect(hopeless.code).toBe(1);
  const easy = await iter8ctl(['replay', record, '--slo', 'p99<=15s', '--exit-code'], { cwd });
  expect(easy.code, easy.out).toBe(0);
  const surer = await iter8ctl(['replay', record, '--confidence', '0.999999', '-o', 'json'], { cwd });
  const [first] = (JSON.parse(surer.out) as { objectives: { n: number; upper: number }[] }).objectives;
  const [before] = (
    JSON.parse((await iter8ctl(['replay', record, '-o', 'json'], { cwd })).out) as {
      objectives: { n: number; upper: number }[];
    }
  ).objectives;
  expect(first!.n).toBe(before!.n);
  expect(first!.upper).toBeGreaterThan(before!.upper);
});

it('works from the object alone', async () => {
  const file = path.join(
    '.iter8/experiments/default',
    readdirSync(path.join(cwd, '.iter8/experiments/default')).find((name) => name.endsWith('.yaml'))!,
  );
  const replayed = await iter8ctl(['replay', file, '--slo', 'p90<=15s', '--slo', 'error-rate<=10%', '--exit-code'], {
    cwd,
  });
  expect(replayed.code, replayed.err).toBe(0);
  expect(replayed.out).toMatch(/latency-90th-percentile/);
});

it('skips a line that a killed writer left, and refuses what is no record', async () => {
  const torn = path.join(cwd, 'torn.ndjson');
  const text = readFileSync(path.join(cwd, record), 'utf8');
  writeFileSync(torn, `${text}{"kind":"slice","ta`);
  const whole = await iter8ctl(['replay', record], { cwd });
  const last = text.split('\n').length;
  expect(await iter8ctl(['replay', 'torn.ndjson'], { cwd })).toEqual({
    ...whole,
    err: `torn.ndjson: line ${last} is not whole and left out: what it measured is not judged\n`,
  });
  writeFileSync(path.join(cwd, 'other.ndjson'), '{"a":1}\n5\nnull\n');
  const other = await iter8ctl(['replay', 'other.ndjson'], { cwd });
  expect(other.code).toBe(2);
  expect(other.err).toMatch(/this is no record of a run/);
  writeFileSync(
    path.join(cwd, 'damaged.ndjson'),
    `${text}{"kind":"slice","task":"start/0","version":"v","tally":{"response":7}}\n`,
  );
  const damaged = await iter8ctl(['replay', 'damaged.ndjson'], { cwd });
  expect(damaged.code).toBe(2);
  expect(damaged.err).toMatch(/this record is damaged/);
  const absent = await iter8ctl(['replay', 'absent.ndjson'], { cwd });
  expect(absent.code).toBe(2);
  const wrong = await iter8ctl(['replay', record, '--slo', 'error-rate<=200%'], { cwd });
  expect(wrong.code).toBe(2);
});

it('says which lines of a record it leaves out: what they measured is not judged', async () => {
  const lines = readFileSync(path.join(cwd, record), 'utf8').trimEnd().split('\n');
  const at = lines.findIndex((line) => line.includes('"kind":"slice"'));
  const torn = lines.with(at, lines[at]!.slice(0, 60)).with(at + 1, lines[at + 1]!.slice(1));
  writeFileSync(path.join(cwd, 'torn.ndjson'), `${torn.join('\n')}\n`);
  const whole = await iter8ctl(['replay', record], { cwd });
  expect(whole.err).toBe('');
  const { code, err } = await iter8ctl(['replay', 'torn.ndjson'], { cwd });
  expect(code).toBe(0);
  expect(err).toBe(
    `torn.ndjson: 2 lines, from line ${at + 1} on, are not whole and left out: what they measured is not judged\n`,
  );
});
