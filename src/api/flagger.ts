/**
 * Webhooks of Flagger: what they ask, and when the answer is yes. 200 is yes; the text of any other answer becomes an event of the Canary.
 * Source: Flagger's documentation, "Webhooks": payload, types of hooks, status codes.
 */
import type { ObjectKey } from '../experiment/experiment.ts';
import { parseDurationMs } from '../text/duration.ts';
import { isObject } from '../text/check-fields.ts';
import { RefusedError } from './answer.ts';
import { parseJsonBody } from './json-body.ts';
import { isName, isNamespace, type Hook } from './routes.ts';
import type { VerdictState } from './verdict-view.ts';

/** What a hook names in its `metadata`, whose values are texts. */
export interface HookCall {
  readonly namespace: string;
  readonly canary: string;
  readonly phase: string;
  /** Flagger sends no header of its own: the token stands here. */
  readonly token?: string | undefined;
  /** One of them: an experiment, or a verdict to be made now, as `POST .../verdicts` takes it. */
  readonly asks:
    | { readonly kind: 'experiment'; readonly key: ObjectKey; readonly maxAgeMs: number }
    | { readonly kind: 'verdict'; readonly body: unknown };
  readonly event?: string | undefined;
}

/** The experiment of the release before must not speak for this one. */
const DEFAULT_MAX_AGE = '30m';
const LONGEST_TEXT = 32 * 1024;

/** @throws RefusedError for what is no call of Flagger */
export function parseHookCall(body: unknown): HookCall {
  const wrong = (text: string) => new RefusedError(400, `this is no webhook of Flagger: ${text}`);
  if (!isObject(body)) throw wrong('expected an object');
  const { name, namespace, phase = '', metadata = {} } = body;
  if (typeof name !== 'string' || !isName(name)) throw wrong('name: expected that of a Canary');
  if (typeof namespace !== 'string' || !isNamespace(namespace)) throw wrong('namespace: expected that of the Canary');
  if (typeof phase !== 'string') throw wrong('phase: expected a text');
  if (!isObject(metadata ?? {})) throw wrong('metadata: expected an object of texts');
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries((metadata ?? {}) as Record<string, unknown>)) {
    if (typeof value !== 'string' || value.length > LONGEST_TEXT) throw wrong('metadata: expected texts');
    texts.set(key, value);
  }
  return {
    namespace,
    canary: name,
    phase,
    token: texts.get('token'),
    asks: asked(texts, { name, namespace }),
    event: texts.get('eventMessage'),
  };
}

function asked(texts: ReadonlyMap<string, string>, canary: ObjectKey): HookCall['asks'] {
  const verdict = texts.get('verdict');
  if (verdict === undefined) {
    const name = texts.get('experiment') ?? canary.name;
    if (!isName(name)) throw new RefusedError(400, 'metadata.experiment: expected the name of an experiment');
    const maxAgeMs = parseDurationMs(texts.get('maxAge') ?? DEFAULT_MAX_AGE);
    if (maxAgeMs === undefined || maxAgeMs <= 0)
      throw new RefusedError(400, 'metadata.maxAge: expected a duration such as 30m');
    return { kind: 'experiment', key: { namespace: canary.namespace, name }, maxAgeMs };
  }
  if (texts.has('experiment')) throw new RefusedError(400, 'metadata: give experiment or verdict, not both');
  return { kind: 'verdict', body: parseJsonBody(verdict, 'metadata.verdict') };
}

/**
 * Whether a hook is answered with 200. A rollout goes on while nothing speaks against the version, a promotion takes proof, and a
 * rollback takes proof of the opposite.
 */
export function isYes(hook: Exclude<Hook, 'event'>, state: VerdictState): boolean {
  switch (hook) {
    case 'rollout':
      return state !== 'violated';
    case 'confirm-promotion':
      return state === 'satisfied';
    case 'rollback':
      return state === 'violated';
  }
}
