// The load generator at a rate: rate, lateness and CPU at 1,000/s; one, ten and thirty loads of 50/s in one process; and the truth about
// a server that stalls. Usage: node bench/load.mjs [--seconds 5] [--json FILE]. The server is a process of its own.
import { parseArgs } from 'node:util';
import { buildLoad, measured, meanLateness, openLoad } from './support/our-load.mjs';
import { finish, printTable } from './support/report.mjs';
import { withServer } from './support/servers.mjs';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '5' }, json: { type: 'string' } } });
const seconds = Number(values.seconds);
const { load, addTally, EMPTY_TALLY, percentile } = await openLoad(await buildLoad());
const results = [];

console.log('1,000 requests a second');
await withServer('fast', async (url) => {
  const planned = 1000 * seconds;
  const { result, cores } = await measured(() => load(url, { ratePerSec: 1000, plannedRequests: planned, workers: 1 }));
  const { total, elapsedMs } = result;
  const lateness = (q) => percentile(total.response.histogram, q) - percentile(total.service.histogram, q);
  printTable(
    ['what', 'value'],
    [
      ['requests sent', `${total.response.n} of ${planned}`],
      ['rate kept', `${(total.response.n / (Math.max(elapsedMs, planned) / 1000)).toFixed(1)}/s`],
      ['start lateness, median of response less median of service', `${lateness(50).toFixed(3)} ms`],
      ['start lateness, p99 of response less p99 of service', `${lateness(99).toFixed(3)} ms`],
      ['start lateness, mean', `${meanLateness(total).toFixed(3)} ms`],
      ['late by more than 5 ms', `${total.late.bad}`],
      ['cores of the whole process', cores.toFixed(2)],
    ],
  );
  const upTo = (what, value, goal, unit) =>
    results.push({ what, value, unit, goal: `<= ${goal}`, reached: value <= goal });
  upTo('1,000/s: start lateness, median', lateness(50), 0.1, 'ms');
  upTo('1,000/s: start lateness, p99', lateness(99), 1, 'ms');
  upTo('1,000/s: CPU', cores, 0.35, 'cores');
  const kept = total.response.n / (Math.max(elapsedMs, planned) / 1000);
  results.push({
    what: '1,000/s: rate kept',
    value: kept,
    unit: '/s',
    goal: '999 to 1001',
    reached: Math.abs(kept - 1000) <= 1,
  });
});

console.log('\nloads of 50 requests a second each, in one process');
await withServer('fast', async (url) => {
  const rows = [];
  for (const loads of [1, 10, 30]) {
    const one = () => load(url, { ratePerSec: 50, plannedRequests: 50 * seconds });
    const { result, cores, megabytes } = await measured(() => Promise.all(Array.from({ length: loads }, one)));
    const total = result.reduce((sum, run) => addTally(sum, run.total), EMPTY_TALLY);
    rows.push([
      `${loads}`,
      cores.toFixed(2),
      megabytes.toFixed(0),
      `${meanLateness(total).toFixed(3)} ms`,
      `${((100 * total.late.bad) / total.response.n).toFixed(2)} %`,
    ]);
    if (loads !== 10) continue;
    const late = (100 * total.late.bad) / total.response.n;
    results.push(
      { what: 'ten loads of 50/s: late by more than 5 ms', value: late, unit: '%', goal: '<= 1', reached: late <= 1 },
      { what: 'ten loads of 50/s: CPU', value: cores, unit: 'cores', goal: '<= 1', reached: cores <= 1 },
    );
  }
  printTable(['loads', 'cores', 'MB', 'late, mean', 'late by more than 5 ms'], rows);
});

console.log(
  '\na server that stalls 1 s in every 5 s, 200 requests a second for 20 s: true mean 100 ms, true p95 750 ms',
);
await withServer('stall', async (url) => {
  const { total } = await load(url, { ratePerSec: 200, plannedRequests: 4000, workers: 1 });
  printTable(
    ['client', 'mean ms', 'p95 ms'],
    [
      [
        'iter8ctl',
        (total.response.sumMs / total.response.n).toFixed(1),
        percentile(total.response.histogram, 95).toFixed(0),
      ],
    ],
  );
  const mean = total.response.sumMs / total.response.n;
  results.push({
    what: 'a stalling server: mean',
    value: mean,
    unit: 'ms',
    goal: '95 to 105',
    reached: Math.abs(mean - 100) <= 5,
  });
});
finish(results, values.json);
process.exit(0);
