/** Connections to the API server, directly or through a proxy: one pool for as long as the certificates stay the same. */
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { messageOf, UnavailableError } from '../../errors.ts';
import { redactUrls } from '../../text/redact.ts';
import type { TlsMaterial } from './credentials.ts';
import type { ChosenConfig } from './kubeconfig.ts';

export class Connections {
  #current:
    | { readonly chosen: ChosenConfig; readonly tls: TlsMaterial; readonly key: string; readonly agent: Agent }
    | undefined;

  /** The pool for these certificates. An older one ends with its last request: renewing cuts none that is under way. */
  async pool(chosen: ChosenConfig, tls: TlsMaterial): Promise<Agent> {
    if (this.#current?.chosen === chosen && this.#current.tls === tls) return this.#current.agent;
    const { cluster } = chosen;
    const key = JSON.stringify([cluster, tls.ca?.toString(), tls.cert?.toString(), tls.key?.toString()]);
    if (this.#current?.key === key) return this.#current.agent;
    const agent = cluster.proxyUrl === undefined ? directAgent(chosen, tls) : await proxyAgent(chosen, tls);
    this.dropIdle();
    retire(this.#current?.agent);
    this.#current = { chosen, tls, key, agent };
    return agent;
  }

  /** Closes those that nobody uses: what has just fallen silent may have taken them with it. */
  dropIdle(): void {
    for (const sockets of Object.values(this.#current?.agent.freeSockets ?? {}))
      for (const socket of sockets ?? []) socket.destroy();
  }

  close(): void {
    this.#current?.agent.destroy();
    this.#current = undefined;
  }
}

/** Its connections close as their requests end. */
function retire(agent: (Agent & { keepAlive?: boolean }) | undefined): void {
  if (agent === undefined) return;
  agent.keepAlive = false;
  agent.maxFreeSockets = 0;
}

function tlsOptions({ cluster }: ChosenConfig, tls: TlsMaterial) {
  return {
    ...(tls.context === undefined ? {} : { secureContext: tls.context }),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(cluster.tlsServerName ? { servername: cluster.tlsServerName } : {}),
    ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
  };
}

function directAgent(chosen: ChosenConfig, tls: TlsMaterial): Agent {
  if (chosen.cluster.server.startsWith('http:'))
    return new (process.getBuiltinModule('node:http').Agent)({ keepAlive: true });
  return new (process.getBuiltinModule('node:https').Agent)({ ...tlsOptions(chosen, tls), keepAlive: true });
}

/** client-node has one for each kind of proxy. */
async function proxyAgent({ cluster, proxySource, description }: ChosenConfig, tls: TlsMaterial): Promise<Agent> {
  const data = (pem: Buffer | undefined) => pem?.toString('base64');
  const config = new KubeConfig();
  const { caFile: _, ...reached } = cluster;
  config.loadFromClusterAndUser(
    {
      ...reached,
      ...(tls.ca === undefined ? {} : { caData: data(tls.ca)! }),
      // client-node refuses plain http (as `kubectl proxy` serves it) unless this is set; there is no TLS to skip then.
      skipTLSVerify: cluster.skipTLSVerify || cluster.server.startsWith('http:'),
    },
    {
      name: cluster.name,
      ...(tls.cert === undefined ? {} : { certData: data(tls.cert)! }),
      ...(tls.key === undefined ? {} : { keyData: data(tls.key)! }),
    },
  );
  const applied: RequestOptions = { headers: {} };
  try {
    await config.applyToHTTPSOptions(applied);
  } catch (error) {
    throw new UnavailableError(
      `the proxy of ${description} cannot be used: ${redactUrls(messageOf(error).split('\n')[0] ?? '')}`,
      { hint: `check ${proxySource}`, cause: error },
    );
  }
  return applied.agent as Agent;
}
