/** An API server whose answers a test decides, and a client of it as a kubeconfig makes one. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KubeClient, type KubeClientOptions } from '../../src/adapters/kube/api-client.ts';
import { EXPERIMENTS } from '../../src/adapters/kube/resources.ts';
import { testServer } from './test-server.ts';

export interface KubeconfigParts {
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly user?: Readonly<Record<string, unknown>>;
}

/** Path of a kubeconfig with cluster `c`, user `u` and context `x`, in a folder of its own. */
export function writeKubeconfig(server: string, { cluster = {}, user = {} }: KubeconfigParts = {}): string {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'iter8ctl-kubeconfig-')), 'config');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: server.replace(/\/$/, ''), ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

export function openClient(kubeconfig: string, change: Partial<KubeClientOptions> = {}): Promise<KubeClient> {
  return KubeClient.open({
    kubeconfig,
    env: { PATH: process.env['PATH'] },
    cwd: '/',
    interactive: () => false,
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    userAgent: 'iter8ctl/test',
    ...change,
  });
}

/** A request of tests that are not about what is asked, and what it is answered. */
export const GET_ONE = { verb: 'get', resource: EXPERIMENTS, namespace: 'n', name: 'a' } as const;
export const ONE = JSON.stringify({ metadata: { name: 'a' } });

/** An API server that takes these tokens and no others. */
export const tokenServer = (isGood: (token: string) => boolean) =>
  testServer((request, response) => {
    const isTaken = isGood(request.headers.authorization?.replace('Bearer ', '') ?? '');
    response.writeHead(isTaken ? 200 : 401).end(isTaken ? ONE : '{}');
  });
