/** `--report FORMAT=FILE`, on real servers and files. */
import { existsSync, mkdtempSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { iter8ctl, testIo, type TestIo } from '../support/test-io.ts';
import { testServer } from '../support/test-server.ts';

const RUN = ['run', '--local', '--slo', 'error-rate<=10%', '--name', 'hello', '--no-extend'];
const folder = () => mkdtempSync(path.join(tmpdir(), 'iter8ctl-report-'));
const read = (cwd: string, file: string) => readFileSync(path.join(cwd, file), 'utf8');

it('writes every format of a run, a description and a replay', async () => {
  await using server = await testServer((_, response) => void response.end('fine'));
  const cwd = folder();
  const reports = ['html', 'markdown', 'junit', 'json', 'yaml'].flatMap((format) => [
    '--report',
    `${format}=r.${format}`,
  ]);
  const load = ['--url', server.url, '--qps', '200', '--duration', '0.3s'];
  const ran = await iter8ctl([...RUN, ...load, ...reports, '--report', 'ndjson=r.ndjson'], { cwd });
  expect(ran.code, ran.err).toBe(0);
  const events = read(cwd, 'r.ndjson')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { kind: string }).kind);
  expect(events).toContain('driving');
  expect(events).toContain('recommendation');
  expect(JSON.parse(read(cwd, 'r.json'))).toMatchObject({ recommendation: { verdict: 'promote' } });
  const written = Object.fromEntries(['html', 'markdown', 'junit'].map((format) => [format, read(cwd, `r.${format}`)]));
  expect(written['html']).toMatch(/^<!DOCTYPE html>[\s\S]*<h1>promote [\s\S]*<\/html>\n$/);
  expect(written['markdown']).toMatch(/^## ✅ promote [^\n]+\n/);
  expect(written['junit']).toMatch(/<testsuites [^>]*failures="0"/);
  expect(readdirSync(cwd).filter((file) => file.endsWith('.part'))).toEqual([]);
  const described = await iter8ctl(['describe', 'hello', '--local', '-o', 'junit', '--report', 'markdown=again.md'], {
    cwd,
  });
  expect(described.out).toBe(written['junit']);
  expect(read(cwd, 'again.md')).toBe(written['markdown']);
  const replayed = await iter8ctl(['replay', '.iter8/records/default/hello.ndjson', '--report', 'markdown=replay.md'], {
    cwd,
  });
  expect(replayed.code, replayed.err).toBe(0);
  expect(read(cwd, 'replay.md')).toMatch(/^## ✅ promote [^\n]+\n/);
  for (const command of [
    ['describe', 'hello', '--local'],
    ['replay', '.iter8/records/default/hello.ndjson'],
  ]) {
    const { out } = await iter8ctl([...command, '-o', 'ndjson', '--report', 'ndjson=known.ndjson'], { cwd });
    expect(read(cwd, 'known.ndjson')).toBe(out);
    const kinds = out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { kind: string; final?: boolean }).kind);
    expect(kinds.at(-1)).toBe('recommendation');
    expect(out).not.toContain('"time":"1970');
    expect(kinds).toContain('verdict');
  }
});

it('writes what was measured when the run is ended by a signal', async () => {
  let io: TestIo | undefined;
  await using server = await testServer((_, response, k) => {
    response.end('fine');
    if (k === 50) io?.send('SIGTERM');
  });
  const cwd = folder();
  io = testIo({ cwd });
  const load = ['--url', server.url, '--qps', '100', '--duration', '10m'];
  const ending = run(
    [...RUN, ...load, '--report', 'json=r.json', '--report', 'ndjson=r.ndjson', '--report', 'html=r.html'],
    io,
  );
  expect(await ending, io.err()).toBe(143);
  expect(JSON.parse(read(cwd, 'r.json'))).toMatchObject({ experiment: { completed: false } });
  expect(read(cwd, 'r.ndjson')).toContain('"kind":"stopping"');
  expect(read(cwd, 'r.html')).toContain('</html>');
});

it('is refused before anything is measured where it cannot be written', async () => {
  let requests = 0;
  await using server = await testServer((_, response) => {
    requests += 1;
    response.end('fine');
  });
  const cwd = folder();
  mkdirSync(path.join(cwd, 'there'));
  const load = ['--url', server.url, '--qps', '200', '--duration', '0.1s'];
  const report = (value: string) => iter8ctl([...RUN, ...load, '--report', 'json=ok.json', '--report', value], { cwd });
  for (const [value, code, message] of [
    ['html=missing/r.html', 7, /the report cannot be written to .*missing\/r\.html: no such file or folder/],
    ['html=there', 7, /the report cannot be written to .*there: is a folder/],
    ['html', 2, /write FORMAT=FILE/],
    ['htm=r.html', 2, /there is no report "htm"; did you mean html\?/],
    ['html=./ok.json', 2, /--report names ok\.json twice/],
  ] as const) {
    const { code: got, err } = await report(value);
    expect(err.replace(/\s+/g, ' ')).toMatch(message);
    expect(got, value).toBe(code);
  }
  expect(requests).toBe(0);
  expect(existsSync(path.join(cwd, '.iter8'))).toBe(false);
  expect(readdirSync(cwd)).toEqual(['there']);
});

it('leaves the report of an earlier run as it was when there is nothing to report', async () => {
  const cwd = folder();
  writeFileSync(path.join(cwd, 'r.html'), 'before');
  const { code } = await iter8ctl(['describe', 'nobody', '--local', '--report', 'html=r.html'], { cwd });
  expect(code).toBe(6);
  expect(readdirSync(cwd)).toEqual(['r.html']);
  expect(read(cwd, 'r.html')).toBe('before');
});

it('has nothing beside the report while it works, for whatever ends it then', async () => {
  const cwd = folder();
  const line = (seq: number) =>
    `${JSON.stringify({ attack: '', seq, code: 200, timestamp: new Date(1.7e12 + seq).toISOString(), latency: 1e6, bytes_out: 0, bytes_in: 1, error: '' })}\n`;
  let meanwhile: string[] | undefined;
  async function* lines() {
    for (let seq = 0; seq < 2_000; seq += 1) yield line(seq);
    meanwhile = readdirSync(cwd);
    for (let seq = 2_000; seq < 4_000; seq += 1) yield line(seq);
  }
  const asked = testIo({ cwd });
  const io = { ...asked, stdin: Object.assign(lines(), { isTTY: false }) };
  const reports = ['html', 'json', 'ndjson'].flatMap((format) => ['--report', `${format}=r.${format}`]);
  expect(await run(['judge', '-', '--slo', 'error-rate<=10%', ...reports], io), asked.err()).toBe(0);
  expect(meanwhile).toEqual([]);
  expect(readdirSync(cwd).toSorted()).toEqual(['r.html', 'r.json', 'r.ndjson']);
});
