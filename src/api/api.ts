/** Answers the requests of the API: who asks is asked first, whatever they ask for. See docs/api.md. */
import type { Permission } from '../adapters/kube/access-review.ts';
import { Iter8Error, InvalidManifestError, NotFoundError, UnavailableError, messageOf } from '../errors.ts';
import { API_GROUP, keyText, type Experiment, type ObjectKey } from '../experiment/experiment.ts';
import type { ExperimentStore } from '../drive/ports.ts';
import { jsonView } from '../report/json-view.ts';
import { experimentView, type Driven, type ExperimentView } from '../view/experiment-view.ts';
import { bearerToken, type Access, type Caller } from './access.ts';
import { busy, issueText, json, line, RefusedError, type Answer } from './answer.ts';
import { isYes, parseHookCall, type HookCall } from './flagger.ts';
import { ImmediateVerdicts, type VerdictPorts } from './immediate-verdicts.ts';
import { routeOf, type Hook } from './routes.ts';
import type { ApiRequest } from './server.ts';
import { stateOf, type VerdictState } from './verdict-view.ts';
import { isSettled, type Waits } from './wait-until-decided.ts';

export interface ApiPorts extends VerdictPorts {
  readonly store: Pick<ExperimentStore, 'get'>;
  readonly access: Access;
  readonly waits: Waits;
  /** Who drives it, where that is known. */
  readonly driven: (experiment: Experiment, signal: AbortSignal) => Promise<Driven | undefined>;
  /** The only namespace that is looked after; absent: all. */
  readonly namespace?: string | undefined;
  readonly log: (level: 'info' | 'warn', text: string, about: Readonly<Record<string, string>>) => void;
}

const inNamespace = (verb: string, resource: string, namespace: string, name?: string): Permission => ({
  verb,
  group: API_GROUP,
  resource,
  namespace,
  ...(name === undefined ? {} : { name }),
});

/** A metric and an experiment that names it make a controller ask backends, and show what they say. */
const toJudge = (namespace: string): readonly Permission[] => [
  inNamespace('create', 'metrics', namespace),
  inNamespace('create', 'experiments', namespace),
  inNamespace('get', 'experiments', namespace),
];

export class Api {
  readonly #ports: ApiPorts;
  readonly #verdicts: ImmediateVerdicts;

  constructor(ports: ApiPorts) {
    this.#ports = ports;
    this.#verdicts = new ImmediateVerdicts(ports);
  }

  /** @throws RefusedError */
  async answer(request: ApiRequest): Promise<Answer> {
    try {
      return await this.#answer(request);
    } catch (error) {
      throw this.#refusal(error, request);
    }
  }

  async #answer(request: ApiRequest): Promise<Answer> {
    const { access } = this.#ports;
    const { signal } = request;
    const token = () => bearerToken(request.authorization);
    if (request.url.startsWith('/flagger/')) return this.#hook(request);
    // Whoever is nobody learns nothing, not even which paths there are.
    const caller = await access.caller(token, signal);
    const route = routeOf(request.method, request.url);
    switch (route.kind) {
      case 'experiment':
        return json(jsonView(await this.#view(route.key, route.waitMs, caller, signal)));
      case 'verdict':
        await this.#admit(caller, toJudge(route.namespace), route.namespace, signal);
        expectJson(request);
        return json(await this.#loggedVerdict(await request.body(), route.namespace, signal));
      case 'flagger':
        throw new RefusedError(404, 'there is nothing at this path');
    }
  }

  async #admit(
    caller: Caller,
    permissions: readonly Permission[],
    namespace: string,
    signal: AbortSignal,
  ): Promise<void> {
    await caller.must(permissions, signal);
    const { namespace: only } = this.#ports;
    if (only !== undefined && only !== namespace)
      throw new RefusedError(403, `this controller looks after namespace ${only} alone`);
  }

  async #view(key: ObjectKey, waitMs: number, caller: Caller, signal: AbortSignal): Promise<ExperimentView> {
    const { store, waits, driven, clock } = this.#ports;
    const may = () =>
      this.#admit(caller, [inNamespace('get', 'experiments', key.namespace, key.name)], key.namespace, signal);
    await may();
    let experiment = await store.get(key, signal);
    if (waitMs > 0 && !isSettled(experiment)) {
      await waits.until(key, waitMs, signal);
      // Meanwhile a right may have been taken away.
      await may();
      experiment = await store.get(key, signal);
    }
    return experimentView(experiment, clock.now(), await driven(experiment, signal));
  }

  /** A caller that asks often may keep only the verdict: its reason is in the log. */
  async #loggedVerdict(body: unknown, namespace: string, signal: AbortSignal) {
    const answer = await this.#verdicts.judge(body, namespace, signal);
    const { version, verdict, reason } = answer;
    this.#ports.log('info', `a verdict is ${verdict}`, { namespace, version: version ?? '', reason });
    return answer;
  }

  async #hook(request: ApiRequest): Promise<Answer> {
    const route = routeOf(request.method, request.url);
    if (route.kind !== 'flagger') throw new RefusedError(404, 'there is nothing at this path');
    const { hook } = route;
    try {
      expectJson(request);
      const call = parseHookCall(await request.body());
      const shown = () => call.token ?? bearerToken(request.authorization);
      const caller = await this.#ports.access.caller(shown, request.signal);
      const { yes, reason } = await this.#reply(hook, call, caller, request.signal);
      // Flagger keeps no reason of a yes, and a rollback is one.
      if (hook !== 'event')
        this.#ports.log('info', `Flagger is answered ${yes ? 'yes' : 'no'}`, {
          hook,
          canary: keyText({ namespace: call.namespace, name: call.canary }),
          reason,
        });
      return line(yes ? 200 : 403, reason);
    } catch (error) {
      const { status, message, details, headers } = this.#refusal(error, request);
      return { ...line(status, [message, ...details].join('; ')), headers };
    }
  }

  async #reply(
    hook: Hook,
    call: HookCall,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<{ readonly yes: boolean; readonly reason: string }> {
    const { namespace, canary, phase, asks } = call;
    if (hook === 'event') {
      await this.#admit(caller, [inNamespace('get', 'experiments', namespace)], namespace, signal);
      this.#ports.log('info', 'event of Flagger', {
        canary: keyText({ namespace, name: canary }),
        phase,
        text: call.event ?? '',
      });
      return { yes: true, reason: 'noted' };
    }
    if (asks.kind === 'verdict') {
      await this.#admit(caller, toJudge(namespace), namespace, signal);
      const { verdict, reason } = await this.#verdicts.judge(asks.body, namespace, signal);
      return reply(hook, verdict, reason);
    }
    const view = await this.#view(asks.key, 0, caller, signal);
    const { ended, changedAt } = view;
    const { verdict, reasons } = view.recommendation;
    const ageMs = this.#ports.clock.now() - Date.parse(changedAt ?? '');
    // Without a time it is not known of which release it is. One that nobody drives any more may have said something, and never end.
    if ((ended || verdict !== 'undecided') && !(ageMs <= asks.maxAgeMs))
      return {
        yes: false,
        reason: `experiment ${keyText(asks.key)} ${ended ? 'ended' : 'was last judged'} ${changedAt ?? 'at an unknown time'}: it may be of an earlier release (metadata.maxAge)`,
      };
    return reply(hook, stateOf(verdict), `${view.headline}: ${reasons[0] ?? ''}`);
  }

  /** What a caller may know of an error. */
  #refusal(error: unknown, { signal }: ApiRequest): RefusedError {
    if (error instanceof RefusedError) return error;
    if (signal.aborted) return new RefusedError(503, 'nobody waits for this any more');
    if (error instanceof NotFoundError) return new RefusedError(404, 'there is no such experiment');
    if (error instanceof InvalidManifestError)
      return new RefusedError(422, 'the experiment cannot be read', { details: error.issues.map(issueText) });
    // Which server, which account: that is for the one who runs the controller.
    if (error instanceof Iter8Error) {
      this.#ports.log('warn', 'a request of the API could not be answered', { reason: messageOf(error) });
      return error instanceof UnavailableError
        ? busy('the Kubernetes API cannot be asked now')
        : new RefusedError(503, 'the Kubernetes API refuses what this takes; the log of the controller says more');
    }
    throw error;
  }
}

function reply(hook: Exclude<Hook, 'event'>, state: VerdictState, reason: string) {
  return { yes: isYes(hook, state), reason: `${state}: ${reason}` };
}

/** A page in somebody's browser cannot send it to another site without being asked. */
function expectJson({ contentType }: ApiRequest): void {
  if (!/^application\/json\s*(;|$)/i.test(contentType))
    throw new RefusedError(415, 'expected Content-Type: application/json');
}
