/** Parts of a data plane for tests on a node: users, a gateway of nginx that follows an HTTPRoute, Prometheus that scrapes pods. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kubectl, openAdmin } from './cluster.ts';
import { freePort } from './prometheus.ts';

export interface Seen {
  readonly n: number;
  readonly errors: number;
}

/** Users who come at a steady rate, each with a connection of their own, whatever they are answered. */
export class Users implements AsyncDisposable {
  readonly #timer: NodeJS.Timeout;
  readonly #seen = new Map<string, { n: number; errors: number }>();
  /** Requests that nobody answered. */
  unanswered = 0;
  #open = 0;

  constructor(address: () => { readonly host: string; readonly port: number }, ratePerSec: number) {
    const begun = performance.now();
    let sent = 0;
    this.#timer = setInterval(() => {
      for (; sent < ((performance.now() - begun) / 1000) * ratePerSec && this.#open < 200; sent += 1)
        this.#ask(address());
    }, 10);
  }

  seenOf(version: string): Seen {
    return this.#seen.get(version) ?? { n: 0, errors: 0 };
  }

  #ask({ host, port }: { readonly host: string; readonly port: number }): void {
    this.#open += 1;
    const asked = request({ host, port, path: '/', agent: false, timeout: 10_000 }, (response) => {
      const version = String(response.headers['x-version']);
      const seen = this.#seen.get(version) ?? { n: 0, errors: 0 };
      seen.n += 1;
      if (response.statusCode !== 200) seen.errors += 1;
      this.#seen.set(version, seen);
      response.resume().on('close', () => (this.#open -= 1));
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', () => {
      this.unanswered += 1;
      this.#open -= 1;
    });
    asked.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    while (this.#open > 0) await sleep(20);
  }
}

/** Until kube-proxy has learned of a Service: at first its address refuses connections. */
export async function answers(namespace: string, ...services: readonly string[]): Promise<void> {
  for (const service of services) {
    const host = await kubectl(['get', 'service', service, '-n', namespace, '-o', 'jsonpath={.spec.clusterIP}']);
    const isThere = () =>
      fetch(`http://${host}/metrics`).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await isThere())) await sleep(50);
  }
}

/** What the servers of a version have counted themselves, those that are gone among them. */
export function countedBy(folder: string, version: string): Seen {
  const counts = readdirSync(folder)
    .filter((file) => file.startsWith(`${version}_`))
    .map((file) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Readonly<Record<string, number>>);
  const sum = (code: string) => counts.reduce((all, one) => all + (one[code] ?? 0), 0);
  return { n: sum('200') + sum('503'), errors: sum('503') };
}

export interface Gateway extends AsyncDisposable {
  readonly port: number;
  /** Splits that were served, in order: weights of the backends. */
  readonly splits: readonly string[];
}

/** nginx in front of Services, as the first rule of an HTTPRoute says: written and loaded again whenever the route changes. */
export async function startGateway(namespace: string, route: string): Promise<Gateway> {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-nginx-'));
  const port = await freePort();
  const file = path.join(folder, 'nginx.conf');
  const client = await openAdmin();
  const addresses = new Map<string, string>();
  const addressOf = async (service: string): Promise<string> => {
    const known =
      addresses.get(service) ??
      (await kubectl(['get', 'service', service, '-n', namespace, '-o', 'jsonpath={.spec.clusterIP}']));
    addresses.set(service, known);
    return known;
  };
  const splits: string[] = [];
  const write = async (): Promise<boolean> => {
    const object = await client.request<{
      readonly spec: { readonly rules: readonly { readonly backendRefs: readonly Backend[] }[] };
    }>({
      verb: 'get',
      resource: { group: 'gateway.networking.k8s.io', version: 'v1', plural: 'httproutes', namespaced: true },
      namespace,
      name: route,
    });
    const backends = object.spec.rules[0]!.backendRefs;
    const split = backends.map(({ weight }) => weight ?? 1).join(' ');
    if (split === splits.at(-1)) return false;
    const servers = await Promise.all(
      backends.map(async ({ name, port: at, weight = 1 }) =>
        weight === 0 ? '' : `server ${await addressOf(name)}:${at} weight=${weight} max_fails=0;`,
      ),
    );
    writeFileSync(file, configuration(folder, port, servers));
    splits.push(split);
    return true;
  };
  mkdirSync(path.join(folder, 'tmp'));
  await write();
  const nginx = spawn('nginx', ['-c', file, '-p', folder, '-g', 'daemon off;'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(nginx, 'spawn');
  const ended = once(nginx, 'exit');
  const over = new AbortController();
  const following = (async () => {
    while (!over.signal.aborted) {
      if (await write()) nginx.kill('SIGHUP');
      await sleep(100);
    }
  })();
  return {
    port,
    splits,
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await following;
      nginx.kill('SIGTERM');
      await ended;
      client.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Backend {
  readonly name: string;
  readonly port: number;
  readonly weight?: number;
}

const configuration = (folder: string, port: number, servers: readonly string[]): string => `
pid ${folder}/nginx.pid;
error_log stderr error;
worker_processes 1;
user root;
events { worker_connections 1024; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/tmp/${name};`).join(' ')}
  upstream shop { ${servers.join(' ')} }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://shop; proxy_next_upstream off; }
  }
}
`;

/** Prometheus that scrapes every pod of a namespace at port 8080. (Debian's knows no pods: it reads a list of addresses that we keep.) */
export async function scrapePods(namespace: string): Promise<AsyncDisposable & { readonly url: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-prometheus-'));
  const port = await freePort();
  const pods = path.join(folder, 'pods.json');
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    // It is read when it changes, but for changes between the first reading and the watch behind it: those are seen at the next interval.
    scrape_configs: [
      { job_name: 'pods', honor_labels: true, file_sd_configs: [{ files: [pods], refresh_interval: '1s' }] },
    ],
  };
  const file = path.join(folder, 'prometheus.yml');
  writeFileSync(file, JSON.stringify(config));
  writeFileSync(pods, '[]');
  const child = spawn(
    'prometheus',
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const client = await openAdmin();
  const over = new AbortController();
  let known = '';
  const following = (async () => {
    while (!over.signal.aborted) {
      const { items } = await client.request<{ readonly items: readonly Pod[] }>({
        verb: 'list',
        resource: { group: '', version: 'v1', plural: 'pods', namespaced: true },
        namespace,
      });
      const targets = items
        .flatMap(({ status: { podIP } }) => (podIP === undefined ? [] : [`${podIP}:8080`]))
        .toSorted();
      const text = JSON.stringify([{ targets }]);
      if (text !== known) {
        // As a whole: it is read when it changes.
        writeFileSync(`${pods}.new`, text);
        renameSync(`${pods}.new`, pods);
      }
      known = text;
      await sleep(200);
    }
  })();
  const url = `http://127.0.0.1:${port}/`;
  const isReady = () =>
    fetch(`${url}-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isReady())) await sleep(50);
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await following;
      client.close();
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Pod {
  readonly status: { readonly podIP?: string };
}
