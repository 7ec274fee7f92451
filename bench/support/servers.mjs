// Servers for clients to be measured against, each a process of its own.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** Answers at once; with `stall`, everything that arrives in the first second of every five waits for its end. */
const SERVER = `
  const { createServer } = require('node:http');
  const stall = process.argv[1] === 'stall';
  const started = performance.now();
  const server = createServer((request, response) => {
    const at = (performance.now() - started) % 5000;
    if (stall && at < 1000) setTimeout(() => response.end('ok'), 1000 - at);
    else response.end('ok');
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;

/** A server of node:http; `mode` is `fast` or `stall`. */
export async function withServer(mode, use) {
  const child = spawn(process.execPath, ['-e', SERVER, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise((resolve) => child.stdout.once('data', (data) => resolve(Number(data))));
  try {
    return await use(`http://127.0.0.1:${port}/`);
  } finally {
    child.kill();
  }
}

/** One process of nginx, where it is installed: faster than its clients, so that they are what is measured. */
export async function withFastServer(use) {
  if (spawnSync('nginx', ['-v']).error !== undefined) return withServer('fast', (url) => use(url, 'node:http'));
  const port = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-nginx-'));
  const config = path.join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `worker_processes 1; daemon off; master_process off; pid pid; error_log error.log;
     events { worker_connections 256; }
     http { access_log off; keepalive_requests 1000000000;
       server { listen 127.0.0.1:${port}; location / { return 200 "ok"; } } }`,
  );
  const child = spawn('nginx', ['-p', folder, '-c', config], { stdio: 'inherit' });
  const url = `http://127.0.0.1:${port}/`;
  const answers = () =>
    fetch(url)
      .then((response) => response.ok)
      .catch(() => false);
  try {
    for (let tries = 0; !(await answers()); tries += 1) {
      if (tries === 500) throw new Error('nginx does not answer');
      await setTimeout(20);
    }
    return await use(url, 'nginx');
  } finally {
    child.kill();
    rmSync(folder, { recursive: true });
  }
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
