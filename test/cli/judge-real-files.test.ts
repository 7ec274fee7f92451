/** `judge` counts in files that real tools wrote what the server had counted (test/fixtures/results/README.md; npm run real-tools). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { iter8ctl } from '../support/test-io.ts';
import { judgedInPieces } from '../support/result-rows.ts';

const folder = path.join(import.meta.dirname, '../fixtures/results');

async function counted(file: string, ...args: string[]) {
  const how = ['--slo', 'error-rate<=20%', '--missing', '0', ...args, '-o', 'raw'];
  const { out, err } = await iter8ctl(['judge', file, ...how], { cwd: folder });
  expect(err).toBe('');
  const { codes, response } = readRecord(JSON.parse(out) as Experiment)!.scopes[0]!.tally;
  return { codes, n: response.n, errors: response.errors };
}

const FLAGS = ['--fields', 'status=response_code,duration=duration:ms,start=start_time,flags=flags'];

it.each([
  // A redirect is one request, whose hops are rows behind it in CSV and stand in it in XML.
  ['jmeter-redirects.csv', [], { codes: { 200: 56, 503: 3, reset: 4, timeout: 1 }, n: 64, errors: 8 }],
  ['jmeter-redirects.xml', [], { codes: { 200: 56, 503: 3, reset: 4, timeout: 1 }, n: 64, errors: 8 }],
  // "Generate parent sample": the samples of a transaction stand behind it.
  ['jmeter-parents.csv', [], { codes: { 200: 61, 503: 3 }, n: 64, errors: 3 }],
  // Users of Envoy who left (DC) and bodies that the server broke off (UPE) have no answer, whatever status was sent.
  ['envoy-access.log', [], { codes: { 200: 67, 302: 2, 503: 6, 504: 1, UPE: 2, DC: 2 }, n: 80, errors: 11 }],
  ['envoy-access.jsonl', FLAGS, { codes: { 200: 67, 302: 2, 503: 6, 504: 1, UPE: 2, DC: 2 }, n: 80, errors: 11 }],
  // Each hop of a redirect is a request of its own; what had no answer has the status 0 and the code of an error.
  ['k6.json', [], { codes: { 200: 35, 302: 1, 503: 2, other: 2, timeout: 1 }, n: 41, errors: 5 }],
  ['k6.csv', [], { codes: { 200: 35, 302: 1, 503: 2, other: 2, timeout: 1 }, n: 41, errors: 5 }],
  ['gatling-simulation.log', [], { codes: { OK: 143, 503: 8, reset: 8, timeout: 5 }, n: 164, errors: 21 }],
] as const)('%s', async (file, args, expected) => {
  expect(await counted(file, ...args)).toEqual(expected);
});

it('finds the hops of a redirect where JMeter wrote rows of other threads between them', async () => {
  const [head, ...rows] = readFileSync(path.join(folder, 'jmeter-redirects.csv'), 'utf8').trim().split('\n');
  const threads = new Map<string, string[]>();
  for (const row of rows) {
    const thread = /users \d+-\d+/.exec(row)![0];
    threads.set(thread, [...(threads.get(thread) ?? []), row]);
  }
  expect(threads.size).toBeGreaterThan(1);
  const turns = Array.from({ length: rows.length }, (_, turn) => [...threads.values()].flatMap((of) => of[turn] ?? []));
  const where = mkdtempSync(path.join(tmpdir(), 'jmeter-'));
  onTestFinished(() => rmSync(where, { recursive: true }));
  const file = path.join(where, 'mixed.csv');
  writeFileSync(file, `${[head, ...turns.flat()].join('\n')}\n`);
  expect(await counted(file)).toEqual(await counted('jmeter-redirects.csv'));
});

it('refuses the CSV of JMeter whose transactions have no samples', async () => {
  const text = readFileSync(path.join(folder, 'jmeter-parents-alone.csv'), 'utf8');
  const { code, shown } = await judgedInPieces(text, [], [1000]);
  expect(code).toBe(2);
  expect(shown).toContain('its transactions stand there without the samples they are made of');
});

it('does not promote by a file of vegeta from whose middle hits are gone, or of Gatling whose users have not ended', async () => {
  const slo = ['--slo', 'error-rate<=30%'];
  const without = async (name: string, isKept: (line: string, at: number) => boolean) => {
    const lines = readFileSync(path.join(folder, name), 'utf8').split('\n');
    return (await judgedInPieces(lines.filter((line, at) => isKept(line, at)).join('\n'), slo, [5000])).shown;
  };
  for (const name of ['vegeta.json', 'vegeta.csv', 'gatling-simulation.log'])
    expect(await without(name, () => true)).toMatch(/^promote/);
  expect(await without('vegeta.json', (_, at) => at !== 50)).toMatch(/^undecided[\s\S]*more of them may be missing/);
  expect(await without('vegeta.csv', (_, at) => at !== 50)).toMatch(/^undecided[\s\S]*more of them may be missing/);
  expect(await without('gatling-simulation.log', (line) => !line.includes('\tEND\t'))).toMatch(
    /^undecided[\s\S]*more of them may be missing/,
  );
});
