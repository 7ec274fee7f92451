/** Requests to the API server with the credentials of the kubeconfig: JSON in, JSON out, foreign errors translated once. */
import type { Agent, IncomingMessage } from 'node:http';
import type { AgentOptions } from 'node:https';
import { UnavailableError } from '../../errors.ts';
import { apiError, connectionError, statusOf, type Asked } from './api-error.ts';
import { openCredentials, type Credentials } from './credentials.ts';
import { openAnswer, sendOnce } from './http-request.ts';
import { chooseConfig, type ChosenConfig, type KubeFlags } from './kubeconfig.ts';

export interface KubeClientOptions extends KubeFlags {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Longest wait for one answer; 0: the default. */
  readonly requestTimeoutMs?: number | undefined;
  /** A person can be asked for a password by a credential plugin. */
  readonly interactive: boolean;
  readonly now: () => number;
  /** `iter8ctl/0.1.0`. */
  readonly userAgent: string;
}

/** A kind of object and how its path is made. */
export interface Resource {
  /** Empty: the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export const EXPERIMENTS: Resource = {
  group: 'iter8.tools',
  version: 'v2alpha2',
  plural: 'experiments',
  namespaced: true,
};
export const METRICS: Resource = { group: 'iter8.tools', version: 'v2alpha2', plural: 'metrics', namespaced: true };

export interface ApiRequest {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'patch' | 'update' | 'delete';
  readonly resource: Resource;
  /** Absent for cluster-wide things, and for lists over all namespaces. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

const METHODS = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  patch: 'PATCH',
  update: 'PUT',
  delete: 'DELETE',
} as const;
const DEFAULT_TIMEOUT_MS = 30_000;
/** A page of 250 objects of the largest size that etcd takes would be more; such pages are asked for in smaller parts. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** `experiments.iter8.tools`, `pods`. */
export function resourceText(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

export function pathOf(request: Pick<ApiRequest, 'resource' | 'namespace' | 'name' | 'subresource' | 'query'>): string {
  const { resource, namespace, name, subresource } = request;
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const parts = [
    ...(resource.namespaced && namespace !== undefined ? ['namespaces', namespace] : []),
    resource.plural,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(request.query ?? {})) if (value !== undefined) query.set(key, value);
  const text = query.toString();
  return `${root}/${parts.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}

export class KubeClient {
  readonly #options: KubeClientOptions;
  #chosen: ChosenConfig;
  #credentials: Credentials;
  #agent: { readonly key: string; readonly agent: Agent } | undefined;
  /** Server's clock minus ours, ms; undefined before its first answer. */
  #skewMs: number | undefined;

  static async open(options: KubeClientOptions): Promise<KubeClient> {
    return new KubeClient(await chooseConfig(options, options.env, options.cwd), options);
  }

  private constructor(chosen: ChosenConfig, options: KubeClientOptions) {
    this.#chosen = chosen;
    this.#options = options;
    this.#credentials = openCredentials(chosen, options);
  }

  /** `context kind-dev`. */
  get description(): string {
    return this.#chosen.description;
  }

  get namespace(): string {
    return this.#chosen.namespace;
  }

  get server(): string {
    return this.#chosen.cluster.server;
  }

  get chosen(): ChosenConfig {
    return this.#chosen;
  }

  /** Wall clock as the API server has it, ms since 1970 (to the second): for what drivers on several machines compare. */
  serverNow(): number {
    return this.#options.now() + (this.#skewMs ?? 0);
  }

  /** The parsed answer. Rejects with NotFoundError, ForbiddenError, ConflictError, InvalidManifestError, UnavailableError ... */
  async request<T>(request: ApiRequest): Promise<T> {
    return this.raw<T>(METHODS[request.verb], pathOf(request), this.#asked(request), request);
  }

  /** For paths that name no object: discovery, versions. */
  async raw<T>(
    method: string,
    path: string,
    asked: Asked = { ...this.#about(), verb: 'get', resource: path },
    request: Pick<ApiRequest, 'body' | 'contentType' | 'signal' | 'timeoutMs'> = {},
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const { agent, headers } = await this.#credentialsNow(attempt > 1);
      let answer: Awaited<ReturnType<typeof sendOnce>>;
      try {
        answer = await sendOnce(`${this.server}${path}`, {
          method,
          headers: {
            ...headers,
            Accept: 'application/json',
            'User-Agent': this.#options.userAgent,
            ...(request.body === undefined ? {} : { 'Content-Type': request.contentType ?? 'application/json' }),
          },
          body: request.body === undefined ? undefined : JSON.stringify(request.body),
          agent,
          timeoutMs: request.timeoutMs ?? (this.#options.requestTimeoutMs || DEFAULT_TIMEOUT_MS),
          maxBytes: MAX_ANSWER_BYTES,
          signal: request.signal,
        });
      } catch (error) {
        if (request.signal?.aborted === true) throw request.signal.reason;
        throw connectionError(error, asked);
      }
      this.#learnTime(answer.headers.date);
      if (answer.status === 401 && attempt === 1 && (await this.#renew())) continue;
      if (answer.status < 200 || answer.status > 299) {
        throw apiError(answer.status, statusOf(answer.text), asked, retryAfter(answer.headers['retry-after']));
      }
      return parsed<T>(answer.text, asked);
    }
  }

  /** An answer that goes on: a watch, a log. The caller reads it to its end or destroys it. */
  async stream(request: ApiRequest): Promise<IncomingMessage> {
    const asked = this.#asked(request);
    for (let attempt = 1; ; attempt += 1) {
      const { agent, headers } = await this.#credentialsNow(attempt > 1);
      let answer: IncomingMessage;
      try {
        answer = await openAnswer(`${this.server}${pathOf(request)}`, {
          method: METHODS[request.verb],
          headers: { ...headers, Accept: 'application/json', 'User-Agent': this.#options.userAgent },
          agent,
          timeoutMs: request.timeoutMs ?? (this.#options.requestTimeoutMs || DEFAULT_TIMEOUT_MS),
          signal: request.signal,
        });
      } catch (error) {
        if (request.signal?.aborted === true) throw request.signal.reason;
        throw connectionError(error, asked);
      }
      if (answer.statusCode === 200) return answer;
      const text = await restOf(answer);
      if (answer.statusCode === 401 && attempt === 1 && (await this.#renew())) continue;
      throw apiError(answer.statusCode ?? 0, statusOf(text), asked, retryAfter(answer.headers['retry-after']));
    }
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent?.agent.destroy();
    this.#agent = undefined;
  }

  #about() {
    return { server: this.server, description: this.description, credential: this.#credentials.loginHint };
  }

  #asked(request: ApiRequest): Asked {
    const { verb, resource, namespace, name, subresource } = request;
    const text = resourceText(resource);
    return {
      ...this.#about(),
      verb,
      resource:
        subresource === undefined
          ? text
          : `${resource.plural}/${subresource}${resource.group === '' ? '' : `.${resource.group}`}`,
      namespace: resource.namespaced ? namespace : undefined,
      name,
    };
  }

  /** The server refuses the credentials: somebody may have logged in anew since the kubeconfig was read. */
  async #renew(): Promise<boolean> {
    if (this.#chosen.files.length === 0) return this.#credentials.renewable;
    const now = await chooseConfig(this.#options, this.#options.env, this.#options.cwd);
    const changed = JSON.stringify(now.user) !== JSON.stringify(this.#chosen.user);
    if (now.cluster.server !== this.server || (!changed && !this.#credentials.renewable)) return false;
    this.#chosen = now;
    this.#credentials = openCredentials(now, this.#options);
    return true;
  }

  async #credentialsNow(
    renew: boolean,
  ): Promise<{ readonly agent: Agent; readonly headers: Record<string, string | string[]> }> {
    const { headers, tls, proxyAgent } = await this.#credentials.now(renew);
    const key = JSON.stringify(
      [tls.cert, tls.key, tls.ca].map((part) => (Buffer.isBuffer(part) ? part.toString() : part)),
    );
    if (this.#agent?.key !== key) {
      this.#agent?.agent.destroy();
      this.#agent = { key, agent: proxyAgent ?? directAgent(this.server, tls) };
    }
    return { agent: this.#agent.agent, headers };
  }

  #learnTime(date: string | undefined): void {
    const server = Date.parse(date ?? '');
    if (!Number.isNaN(server)) this.#skewMs = server + 500 - this.#options.now(); // the header has whole seconds
  }
}

function directAgent(server: string, tls: AgentOptions): Agent {
  if (server.startsWith('http:')) return new (process.getBuiltinModule('node:http').Agent)({ keepAlive: true });
  return new (process.getBuiltinModule('node:https').Agent)({ ...tls, keepAlive: true });
}

function parsed<T>(text: string, asked: Asked): T {
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new UnavailableError(
      `${asked.server} (${asked.description}) answers with something that is not JSON: is it a Kubernetes API?`,
      { cause: error },
    );
  }
}

function retryAfter(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return header !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}

/** The body of an answer that is no success: at most 64 KB of it. */
async function restOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  answer.setEncoding('utf8');
  try {
    for await (const chunk of answer as AsyncIterable<string>) {
      text += chunk;
      if (text.length > 65_536) break;
    }
  } catch {
    // what came is told
  }
  answer.destroy();
  return text;
}
