/**
 * The HTTP API as `iter8ctl install` makes it on the node of the lab: in a pod, behind its Service, with TLS from a Secret; and
 * programs beside the cluster that reach it by the name of that Service, as those in pods do.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { iter8ctlProcess, kubectl } from './cluster.ts';
import { makeImage } from './lab-image.ts';
import { testServer } from './test-server.ts';

/** As samples/ write it. */
export const API_HOST = 'iter8ctl-api.iter8-system';
export const CONTROLLER_IMAGE = 'iter8ctl:test';

/** What the Secret of the controller says. */
export const PUSH_AUTHORIZATION = 'Bearer of the collector';

export interface Counted {
  readonly good: number;
  readonly failed: number;
}

export interface InstalledApi extends AsyncDisposable {
  /** What the API answers over TLS. `token` absent: none is shown. */
  readonly get: (target: string, token?: string) => Promise<{ readonly status: number; readonly text: string }>;
  /** The `Authorization` of the first push of measured values that the controller makes. */
  readonly pushed: Promise<string>;
  /** What the chart takes for the same: `NAME=VALUE`. */
  readonly chartValues: readonly string[];
  /** Both Secrets again, where their namespace went. */
  readonly makeSecrets: () => Promise<void>;
  /** Starts a program that finds the API by its name and trusts its certificate, as Go programs do by `SSL_CERT_FILE`. */
  readonly beside: (
    program: string,
    args: readonly string[],
  ) => { readonly child: ChildProcess; readonly log: () => string };
}

/** Samples of one pod, 15 s apart, as Prometheus answers them. */
const counters = (code: string, grown: number) => ({
  metric: { code, job: 'shop', instance: 'pod-1' },
  values: Array.from({ length: 40 }, (_, k) => [Date.now() / 1000 - 600 + 15 * k, String(100 + (grown * k) / 39)]),
});

/** `counted`: what its Prometheus says that the version in the selector of a query counted in the last ten minutes. */
export async function installApi(counted: (version: string) => Counted): Promise<InstalledApi> {
  let push: (authorization: string) => void;
  const pushed = new Promise<string>((resolve) => (push = resolve));
  const nodeIp = await kubectl([
    'get',
    'nodes',
    '-o',
    'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}',
  ]);
  const prometheus = await testServer(
    ({ url = '', headers }, response) => {
      if (url === '/v1/metrics') {
        push(headers.authorization ?? '');
        response.end();
        return;
      }
      const query = new URL(url, 'http://x').searchParams.get('query') ?? '';
      const { good, failed } = counted(/="([^"]+)"/.exec(query)?.[1] ?? '');
      const result = good + failed === 0 ? [] : [counters('200', good), counters('500', failed)];
      response.end(JSON.stringify({ status: 'success', data: { result } }));
    },
    { host: nodeIp },
  );
  const variables = [`OTEL_EXPORTER_OTLP_ENDPOINT=${prometheus.url}`, 'OTEL_METRIC_EXPORT_INTERVAL=2000'];
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-api-'));
  const [cert, key] = [path.join(folder, 'tls.crt'), path.join(folder, 'tls.key')];
  const certificate = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=iter8ctl-api -addext subjectAltName=DNS:${API_HOST}`;
  execFileSync('openssl', [...certificate.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' });
  await makeImage(CONTROLLER_IMAGE, 'iter8ctl');
  // As docs/api.md says: the Secrets are there before the controller.
  const makeSecrets = async () => {
    if ((await kubectl(['get', 'namespace', 'iter8-system', '--ignore-not-found', '-o', 'name'])) === '')
      await kubectl(['create', 'namespace', 'iter8-system']);
    await kubectl(['delete', 'secret', 'api-tls', 'otel-headers', '-n', 'iter8-system', '--ignore-not-found']);
    const headers = `--from-literal=headers=Authorization=${encodeURIComponent(PUSH_AUTHORIZATION)}`;
    await kubectl(['create', 'secret', 'generic', 'otel-headers', '-n', 'iter8-system', headers]);
    await kubectl(['create', 'secret', 'tls', 'api-tls', '-n', 'iter8-system', `--cert=${cert}`, `--key=${key}`]);
  };
  await makeSecrets();
  const api = ['--api', '--api-tls-secret', 'api-tls', '--api-prometheus', prometheus.url];
  const otel = ['--otel-headers-secret', 'otel-headers', ...variables.flatMap((pair) => ['--otel', pair])];
  const installed = await iter8ctlProcess(['install', '--image', CONTROLLER_IMAGE, ...api, ...otel]);
  expect(installed.code, `${installed.err}${installed.code === 0 ? '' : await whatHappened()}`).toBe(0);
  const address = await kubectl([
    'get',
    'service',
    'iter8ctl-api',
    '-n',
    'iter8-system',
    '-o',
    'jsonpath={.spec.clusterIP}',
  ]);
  await untilServed(address);
  const hosts = path.join(folder, 'hosts');
  writeFileSync(hosts, `127.0.0.1 localhost\n${address} ${API_HOST}\n`);
  const started: ChildProcess[] = [];
  return {
    pushed,
    makeSecrets,
    chartValues: [
      `image=${CONTROLLER_IMAGE}`,
      'api.enabled=true',
      'api.tlsSecret=api-tls',
      `api.prometheus=${prometheus.url}`,
      'otel.headersSecret=otel-headers',
      ...variables.map((pair) => `otel.variables.${pair}`),
    ].map((pair) => `controller.${pair}`),
    get: (target, token) => getOverTls({ address, ca: readFileSync(cert), target, token }),
    beside: (program, args) => {
      const file = path.join(folder, `log-${started.length}`);
      const log = openSync(file, 'w');
      // Names of Services resolve inside pods only: it gets an /etc/hosts of its own.
      const script = 'mount --bind "$1" /etc/hosts && shift && exec "$@"';
      const child = spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', hosts, program, ...args], {
        stdio: ['ignore', log, log],
        env: { ...process.env, SSL_CERT_FILE: cert },
      });
      started.push(child);
      return { child, log: () => readFileSync(file, 'utf8') };
    },
    [Symbol.asyncDispose]: async () => {
      for (const child of started) child.kill();
      await prometheus[Symbol.asyncDispose]();
    },
  };
}

/** A pod may be ready some time before kube-proxy leads its Service to it. */
async function untilServed(address: string): Promise<void> {
  const isServed = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect({ host: address, port: 443 });
      const end = (isThere: boolean) => {
        socket.destroy();
        resolve(isThere);
      };
      socket.once('connect', () => end(true)).once('error', () => end(false));
    });
  while (!(await isServed())) await delay(50);
}

async function whatHappened(): Promise<string> {
  const system = ['-n', 'iter8-system'];
  const events = await kubectl(['get', 'events', ...system, '--sort-by=.lastTimestamp']);
  return `${events}\n${await kubectl(['logs', ...system, 'deployment/iter8ctl-controller'])}`;
}

function getOverTls(how: {
  readonly address: string;
  readonly ca: Buffer;
  readonly target: string;
  readonly token: string | undefined;
}): Promise<{ status: number; text: string }> {
  const { address, ca, target, token } = how;
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    request({ host: address, servername: API_HOST, path: target, ca, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .once('error', reject)
      .end();
  });
}
