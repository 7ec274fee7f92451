// Hours of load: the whole program (`run --local`) sends at a rate for as long as is wanted; what it keeps in memory is sampled each
// second, in every thread. Ends with 1 when it grows, or when a request got lost.
// Usage: node bench/soak.mjs [--minutes 60] [--rate 200] [--json FILE]   (after npm run build)
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { finish, median, printTable } from './support/report.mjs';
import { withServer } from './support/servers.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string', default: '200' },
    json: { type: 'string' },
  },
});
const minutes = Number(values.minutes);
const rate = Number(values.rate);
/** More than this between the second quarter of the run and its last is growth; the first quarter is for warming up. */
const GROWTH = { share: 0.1, megabytes: 8 };
const WINDOWS = 4;

const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-soak-'));
const samplesFile = path.join(folder, 'samples');
const program = path.join(import.meta.dirname, '../bin/iter8ctl.js');
const { exit, text } = await withServer('fast', run);
const samples = readFileSync(samplesFile, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));
rmSync(folder, { recursive: true });

function run(url) {
  const args = ['run', '--local', '--dir', path.join(folder, 'store'), '--name', 'soak', '--url', url, '--no-extend'];
  args.push(
    '--slo',
    'p95<=10s',
    '--slo',
    'error-rate<=50%',
    '--qps',
    `${rate}`,
    '--duration',
    `${minutes}m`,
    '-o',
    'json',
  );
  const child = spawn(
    process.execPath,
    ['--require', path.join(import.meta.dirname, 'support/heap-sampler.cjs'), program, ...args],
    { env: { ...process.env, HEAP_SAMPLES: samplesFile }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  let problems = '';
  child.stdout.on('data', (data) => (text += data));
  child.stderr.on('data', (data) => (problems = (problems + data).slice(-2000)));
  return new Promise((resolve) =>
    child.once('close', (code) => {
      if (text === '') console.error(problems);
      resolve({ exit: code, text });
    }),
  );
}

const last = Math.max(...samples.map(({ seconds }) => seconds));
const inWindow =
  (at) =>
  ({ seconds }) =>
    seconds >= (last * at) / WINDOWS && seconds < (last * (at + 1)) / WINDOWS;
const rows = [];
const results = [];

/** Of each quarter one number, and whether the last is much more than the second. */
function judge(name, unit, series, of) {
  const windows = Array.from({ length: WINDOWS }, (_, at) => of(series.filter(inWindow(at)).map(({ value }) => value)));
  rows.push([name, ...windows.map((one) => one.toFixed(1))]);
  const [, before] = windows;
  const growth = windows.at(-1) - before;
  const allowed = Math.max(GROWTH.megabytes, before * GROWTH.share);
  results.push({
    what: `${name}: growth from the second to the last quarter of ${minutes} min at ${rate}/s`,
    value: growth,
    unit,
    goal: `<= ${allowed.toFixed(0)}`,
    reached: growth <= allowed,
    note: `${before.toFixed(1)}, then ${windows.at(-1).toFixed(1)}`,
  });
}

const main = samples.filter(({ rss }) => rss !== undefined);
judge(
  'resident memory',
  'MB',
  main.map(({ seconds, rss }) => ({ seconds, value: rss })),
  median,
);
// What is left after the collector has been there: the lowest of a quarter.
const lowest = (all) => Math.min(...all);
for (const thread of new Set(samples.map((sample) => sample.thread))) {
  const series = samples
    .filter((sample) => sample.thread === thread)
    .map(({ seconds, heap }) => ({ seconds, value: heap }));
  if (Array.from({ length: WINDOWS }, (_, at) => series.some(inWindow(at))).every(Boolean))
    judge(`heap of ${thread}`, 'MB', series, lowest);
}
printTable(['MB', 'first quarter', 'second', 'third', 'last'], rows);

const view = JSON.parse(text);
const [observed] = view.observations ?? [];
const planned = rate * 60 * minutes;
results.push({
  what: 'requests counted',
  value: observed?.requests ?? 0,
  unit: '',
  goal: `${planned}`,
  reached: observed?.requests === planned,
  note: `exit ${exit}; late by our own fault ${observed?.late ?? '?'}`,
});
finish(results, values.json);
process.exit(results.every(({ reached }) => reached) ? 0 : 1);
