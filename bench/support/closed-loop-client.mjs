// One run of a client of Node in a closed loop, as a process of its own: prints requests, seconds and CPU time as JSON.
// Usage: node closed-loop-client.mjs MODULE URL SECONDS CONNECTIONS WORKERS; MODULE is ours (our-load.mjs) or autocannon's.
import { createRequire } from 'node:module';
import { measured, openLoad } from './our-load.mjs';

const [module, url, secondsText, connectionsText, workersText] = process.argv.slice(2);
const [seconds, connections, workers] = [secondsText, connectionsText, workersText].map(Number);

async function ours() {
  const { load } = await openLoad(module);
  const { result, cpuUs } = await measured(() => load(url, { plannedSeconds: seconds, connections, workers }));
  return { requests: result.total.response.n, seconds, cpuUs };
}

async function autocannon() {
  const run = createRequire(import.meta.url)(module);
  const options = { url, connections, duration: seconds, ...(workers > 1 ? { workers } : {}) };
  const { result, cpuUs } = await measured(() => run(options));
  return { requests: result.requests.total, seconds: result.duration, cpuUs };
}

console.log(JSON.stringify(await (module.endsWith('load.mjs') ? ours() : autocannon())));
process.exit(0);
