#!/usr/bin/env node
// The sample service: answers like the tutorial's hello application, as fast, slow or broken as its flags say.
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';

const HELP = `usage: server.mjs [--port 8080] [--host 127.0.0.1] [--error-rate 0.05] [--delay 700ms] [--seed 1]

  --port        port to listen on (or PORT)
  --host        address to listen on (or HOST); 0.0.0.0 in a container
  --error-rate  share of requests that are answered with 503
  --delay       added to every answer, e.g. 700ms or 1.5s
  --seed        seeds latencies and errors, which are the same for the same seed
`;

function fail(text) {
  process.stderr.write(`server.mjs: ${text}\n${HELP}`);
  process.exit(2);
}

function flags() {
  try {
    return parseArgs({
      options: {
        port: { type: 'string', default: process.env.PORT ?? '8080' },
        host: { type: 'string', default: process.env.HOST ?? '127.0.0.1' },
        'error-rate': { type: 'string', default: '0' },
        delay: { type: 'string', default: '0ms' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    return fail(error.message);
  }
}

const values = flags();
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535)
  fail(`--port ${values.port}: expected a port from 0 to 65535`);
const errorRate = Number(values['error-rate']);
if (!(errorRate >= 0 && errorRate <= 1)) fail(`--error-rate ${values['error-rate']}: expected a share from 0 to 1`);
const delay = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(values.delay);
if (delay === null) fail(`--delay ${values.delay}: expected a time such as 700ms or 1.5s`);
const delayMs = Number(delay[1]) * (delay[2] === 's' ? 1000 : 1);

// mulberry32: small, seeded, good enough for a demonstration.
let state = Number(values.seed) >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

/** Lognormal around 20 ms, never more than 90 ms: what a small service does. */
function latencyMs() {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(90, 20 * Math.exp(0.4 * normal)) + delayMs;
}

const server = createServer((request, response) => {
  request.resume();
  const fails = random() < errorRate;
  setTimeout(() => {
    response.writeHead(fails ? 503 : 200, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(fails ? 'Service Unavailable\n' : `Hello, world!\nVersion: 2.0.0\nHostname: ${hostname()}\n`);
  }, latencyMs());
});
server.on('error', (error) => {
  process.stderr.write(`server.mjs: cannot listen on ${values.host}:${port}: ${error.message}\n`);
  process.exit(1);
});
server.listen(port, values.host, () => {
  process.stdout.write(`listening on http://${values.host}:${server.address().port}/\n`);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    server.closeAllConnections();
    server.close(() => process.exit(0));
  });
}
