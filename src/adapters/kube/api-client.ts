/** Requests to the API server with the credentials of the kubeconfig: JSON in, JSON out, foreign errors translated once. */
import type { Agent, IncomingMessage } from 'node:http';
import { UnavailableError } from '../../errors.ts';
import { checkList, checkNamed, checkObject } from './answer-shape.ts';
import { apiError, apiText, connectionError, statusOf, thingText, type Asked } from './api-error.ts';
import { Connections } from './connections.ts';
import { openCredentials, type Credentials, type RequestCredentials } from './credentials.ts';
import { listen, NoAnswerError, openAnswer, sendOnce } from './http-request.ts';
import { chooseConfig, type ChosenConfig, type KubeFlags } from './kubeconfig.ts';
import { retryTransient } from './retry.ts';
import { logged } from './request-log.ts';
import type { Resource } from './resources.ts';

export interface KubeClientOptions extends KubeFlags {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Longest wait for one answer; 0: the default. */
  readonly requestTimeoutMs?: number | undefined;
  /** A person can be asked for a password by a credential plugin. */
  readonly interactive: () => boolean;
  /** Wall clock, ms since 1970 UTC. */
  readonly now: () => number;
  /** What passes whatever the clock is set to, ms. */
  readonly monotonicMs: () => number;
  /** `iter8ctl/0.1.0`. */
  readonly userAgent: string;
  /** What names this cluster behind a command of ours, for hints: ` --context prod`. Absent: nothing has to. */
  readonly flagsAsTyped?: string | undefined;
  /** Receives what a credential plugin says to people, lines and parts of lines; absent: nobody looks. */
  readonly onMessage?: ((text: string) => void) | undefined;
  /** Receives a line for each request that was sent: what, its status, how long it took. Nothing secret. Absent: nobody looks. */
  readonly onRequest?: ((line: string) => void) | undefined;
}

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
  /**
   * Doing it twice is like doing it once, so that it is tried again after a 5xx or a reset. Absent: true, but for `create`,
   * which could make two objects, or meet its own.
   */
  readonly repeatable?: boolean;
  /** False: the caller tries again at its own intervals. */
  readonly retry?: boolean;
  /** Receives the length of a good answer, in characters. */
  readonly onLength?: ((characters: number) => void) | undefined;
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
/** A page (list-watch.ts) of the largest objects that etcd takes, and some more. */
const MAX_ANSWER_BYTES = 128 * 1024 * 1024;

/** `experiments.iter8.tools`, `pods`. */
function resourceText(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

function pathOf(request: Pick<ApiRequest, 'resource' | 'namespace' | 'name' | 'subresource' | 'query'>): string {
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
  readonly #connections = new Connections();
  #chosen: ChosenConfig;
  #credentials: Credentials;
  /** The user as the kubeconfig had it: refreshing changes the tokens that we hold. */
  #userAsRead: string;
  #rereading: Promise<boolean> | undefined;
  /** The server's clock at a time of ours that nobody sets, ms; undefined before its first answer. */
  #server: { readonly nowMs: number; readonly monotonicMs: number } | undefined;

  static async open(options: KubeClientOptions): Promise<KubeClient> {
    return new KubeClient(await chooseConfig(options, options.env, options.cwd), options);
  }

  private constructor(chosen: ChosenConfig, options: KubeClientOptions) {
    this.#chosen = chosen;
    this.#options = options;
    this.#userAsRead = JSON.stringify(chosen.user ?? null);
    this.#credentials = this.#open(chosen);
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
    if (this.#server === undefined) return this.#options.now();
    return this.#server.nowMs + (performance.now() - this.#server.monotonicMs);
  }

  /**
   * The parsed answer; lists and objects look like such. Tries again what failed for a moment only.
   *
   * Rejects with NotFoundError, ForbiddenError, ConflictError, InvalidManifestError, UnavailableError ...
   */
  async request<T>(request: ApiRequest): Promise<T> {
    const asked = this.#asked(request);
    const once = async (): Promise<T> => {
      const answer = await this.#send<unknown>(METHODS[request.verb], pathOf(request), asked, request);
      const of = { api: apiText(asked), asked: `${asked.verb} ${thingText(asked)}` };
      if (request.verb === 'list') checkList(answer, of);
      else if (request.name === undefined || request.verb === 'delete') checkObject(answer, of);
      else checkNamed(answer, of);
      return answer as T;
    };
    const { signal, repeatable = request.verb !== 'create' } = request;
    return request.retry === false ? once() : retryTransient(once, { signal, repeatable });
  }

  /** For paths that name no object: discovery, versions. The answer is a map. */
  async raw<T>(path: string): Promise<T> {
    const asked: Asked = { ...this.#about(), verb: 'get', resource: path };
    const once = async (): Promise<T> => {
      const answer = await this.#send<unknown>('GET', path, asked, {});
      checkObject(answer, { api: apiText(asked), asked: `get ${path}` });
      return answer as T;
    };
    return retryTransient(once, { signal: undefined, repeatable: true });
  }

  /** An answer that goes on: a watch, a log. The caller reads it to its end or destroys it. */
  async stream(request: ApiRequest): Promise<IncomingMessage> {
    const asked = this.#asked(request);
    const sent = { line: `${METHODS[request.verb]} ${pathOf(request)}`, signal: request.signal };
    return this.#authorized(asked, sent, async ({ agent, headers }) => {
      const answer = await openAnswer(`${this.server}${pathOf(request)}`, {
        method: METHODS[request.verb],
        headers: { ...headers, Accept: 'application/json', 'User-Agent': this.#options.userAgent },
        agent,
        timeoutMs: request.timeoutMs ?? this.#timeoutMs(),
        signal: request.signal,
      });
      if (answer.statusCode === 200) return { status: 200, use: () => answer };
      const text = await restOf(answer);
      return { status: answer.statusCode ?? 0, use: () => fail(answer.statusCode ?? 0, text, answer.headers, asked) };
    });
  }

  /** A connection fell silent: those that are idle are not trusted either. */
  distrustConnections(): void {
    this.#connections.dropIdle();
  }

  /** Closes all connections. */
  close(): void {
    this.#connections.close();
  }

  async #send<T>(
    method: string,
    path: string,
    asked: Asked,
    request: Pick<ApiRequest, 'body' | 'contentType' | 'signal' | 'timeoutMs' | 'onLength'>,
  ): Promise<T> {
    const sent = { line: `${method} ${path}`, signal: request.signal };
    return this.#authorized(asked, sent, async ({ agent, headers }) => {
      const answer = await sendOnce(`${this.server}${path}`, {
        method,
        headers: {
          ...headers,
          Accept: 'application/json',
          'User-Agent': this.#options.userAgent,
          ...(request.body === undefined ? {} : { 'Content-Type': request.contentType ?? 'application/json' }),
        },
        body: request.body === undefined ? undefined : JSON.stringify(request.body),
        agent,
        timeoutMs: request.timeoutMs ?? this.#timeoutMs(),
        maxBytes: MAX_ANSWER_BYTES,
        signal: request.signal,
      });
      this.#learnTime(answer.headers.date);
      const { status, text } = answer;
      const good = status >= 200 && status <= 299;
      if (good) request.onLength?.(text.length);
      return { status, use: () => (good ? parsed<T>(text, asked) : fail(status, text, answer.headers, asked)) };
    });
  }

  /** Sends with the present credentials, and once more with others when these are refused and others can be had. */
  async #authorized<T>(
    asked: Asked,
    { line, signal }: { readonly line: string; readonly signal: AbortSignal | undefined },
    send: (how: {
      readonly agent: Agent;
      readonly headers: RequestCredentials['headers'];
    }) => Promise<{ readonly status: number; readonly use: () => T }>,
  ): Promise<T> {
    let refused: RequestCredentials | undefined;
    for (;;) {
      const credentials = this.#credentials;
      const present = await abortable(this.#present(refused), signal);
      const agent = await this.#connections.pool(this.#chosen, present.tls);
      let answer: Awaited<ReturnType<typeof send>>;
      try {
        answer = await logged({ ...this.#options, line: `${line} of ${this.server}` }, () =>
          send({ agent, headers: present.headers }),
        );
      } catch (error) {
        if (signal?.aborted === true) throw signal.reason;
        if (error instanceof NoAnswerError) this.#connections.dropIdle();
        throw connectionError(error, asked);
      }
      if (answer.status !== 401 || refused !== undefined) return answer.use();
      // Somebody may have logged in again since the kubeconfig was read, or may do so for us.
      if (!(await this.#reread(credentials)) && !this.#credentials.renewable) return answer.use();
      refused = present;
    }
  }

  /** @throws UnavailableError when none can be got, not from the kubeconfig as it is by now either */
  async #present(refused: RequestCredentials | undefined): Promise<RequestCredentials> {
    const credentials = this.#credentials;
    try {
      return await credentials.now(refused);
    } catch (error) {
      // Another process may have refreshed the token that we tried to.
      if (!(await this.#reread(credentials))) throw error;
      return this.#credentials.now();
    }
  }

  /** True when the kubeconfig holds another user by now, who is used from then on. One reading for all who ask. */
  async #reread(of: Credentials): Promise<boolean> {
    if (this.#credentials !== of) return true;
    if (this.#chosen.files.length === 0) return false;
    this.#rereading ??= this.#readAgain().finally(() => (this.#rereading = undefined));
    return this.#rereading;
  }

  async #readAgain(): Promise<boolean> {
    const before = this.#chosen;
    const now = await chooseConfig(this.#options, this.#options.env, this.#options.cwd);
    const user = JSON.stringify(now.user ?? null);
    const changed = user !== this.#userAsRead && user !== JSON.stringify(before.user ?? null);
    if (!changed || now.cluster.server !== before.cluster.server) return false;
    this.#chosen = now;
    this.#userAsRead = user;
    this.#credentials = this.#open(now);
    return true;
  }

  #open(chosen: ChosenConfig): Credentials {
    const { env, interactive, now, monotonicMs, onMessage = () => undefined } = this.#options;
    return openCredentials(chosen, { env, interactive, now, monotonicMs, onMessage });
  }

  #timeoutMs(): number {
    return this.#options.requestTimeoutMs || DEFAULT_TIMEOUT_MS;
  }

  #about() {
    const { clusterText, proxySource } = this.#chosen;
    return {
      server: this.server,
      description: this.description,
      credential: this.#credentials.loginHint,
      cluster: clusterText,
      proxy: proxySource,
      flags: this.#options.flagsAsTyped ?? '',
    };
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

  #learnTime(date: string | undefined): void {
    const server = Date.parse(date ?? '');
    if (Number.isNaN(server)) return;
    this.#server = { nowMs: server + 500, monotonicMs: performance.now() }; // the header has whole seconds
  }
}

/** Stops waiting when the signal says so; what is waited for goes on for others. */
export function abortable<T>(waited: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return waited;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    listen(signal, onAbort);
    waited.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function fail(status: number, text: string, headers: IncomingMessage['headers'], asked: Asked): never {
  throw apiError(status, statusOf(text), asked, retryAfter(headers['retry-after']));
}

function parsed<T>(text: string, asked: Asked): T {
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new UnavailableError(`${apiText(asked)} answers with something that is not JSON: is it a Kubernetes API?`, {
      hint: `check server of ${asked.cluster} in the kubeconfig`,
      cause: error,
    });
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
    // what came is shown
  }
  answer.destroy();
  return text;
}
