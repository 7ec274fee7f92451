/**
 * Follows a kind of object: list, then watch from there, for ever. Our own, since client-node's informer has no backoff: against
 * a server that closes each watch at once it sent 1 751 requests in 1.5 s (docs/libraries.md 0).
 *
 *            ┌────────── 410 Gone ──────────┐
 *            ▼                              │
 *   list in pages ──► watch from version ──►│ ended by the server: watch again from the last version
 *            ▲              ▲               │ broken, refused, silent: `stale`, wait, again; `fresh` once it answers
 *            └── wait ◄─────┴───────────────┘
 *
 * A watch that the server ends after a decent time is normal and goes on at once; anything else waits 1 s, doubled each time
 * up to 30 s, with jitter.
 *
 * A connection that is frozen is noticed after 45 s at most, as by kubectl. kubectl asks each HTTP/2 connection whether it
 * lives; over HTTP/1.1, which also goes through proxies, a watch is asked to be short instead, and one that the server has not
 * ended in time is frozen. A server sends a bookmark before it ends one, so that the next goes on from there.
 * Source: k8s.io/apimachinery pkg/util/net (ping after 30 s of silence, 15 s for its answer).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Iter8Error, messageOf, UnavailableError } from '../../errors.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { nameProblem } from './answer-shape.ts';
import { ApiBusyError, ApiGoneError } from './api-error.ts';
import type { KubeClient } from './api-client.ts';
import { EXPERIMENTS, type Resource } from './resources.ts';
import { linesOf } from './read-lines.ts';
import { backoffMs } from './retry.ts';
import { isObject } from '../../text/check-fields.ts';
import { isText } from './value-types.ts';

export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
}

export type WatchEvent<T> =
  | { readonly kind: 'set'; readonly object: T }
  /** `object` absent: it went while nobody watched. */
  | { readonly kind: 'deleted'; readonly namespace: string; readonly name: string; readonly object: T | undefined }
  | { readonly kind: 'synced' }
  | { readonly kind: 'stale'; readonly reason: string }
  | { readonly kind: 'fresh' };

export interface ListWatchOptions {
  readonly resource?: Resource;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly signal: AbortSignal;
  /** For tests; the values in use are the defaults below. */
  readonly timing?: Partial<WatchTiming>;
}

export interface WatchTiming {
  /** The server ends a watch after so long; some a little sooner, so that many clients do not come back together. */
  readonly watchSeconds: number;
  /** A watch that the server has not ended so long after that is frozen. */
  readonly graceMs: number;
  /** Longest wait for the headers of a watch. */
  readonly openMs: number;
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

export const TIMING: WatchTiming = {
  watchSeconds: 33,
  graceMs: 10_000,
  openMs: 30_000,
  firstWaitMs: 1_000,
  longestWaitMs: 30_000,
};
/**
 * Characters that a page should have: as many objects are asked for as have filled so much before. The text, the JSON parsed from it
 * and the objects made of that are still in memory when the next page comes.
 */
const PAGE_LENGTH = 1_000_000;
const FIRST_PAGE = 20;
const SMALLEST_PAGE = 5;
/** So many of the largest objects that etcd takes still fit into one answer: they may follow a page of small ones. */
const LARGEST_PAGE = 50;
/** A list of more has no end that we could wait for: ten times what we are made for (docs/behavior.md 14). */
const MOST_OBJECTS = 100_000;
/** An event is an object and little more. */
const MAX_LINE = 16 * 1024 * 1024;
/** A watch that ended sooner than this did nothing useful. */
const DECENT_MS = 5_000;

interface List<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly T[] | null;
}

/** All objects, page by page. @throws ApiGoneError for a list that changed too much while it was read: see `retryExpired` */
export async function* listPages<T>(
  client: KubeClient,
  options: Omit<ListWatchOptions, 'signal' | 'timing'> & { readonly signal?: AbortSignal | undefined },
): AsyncGenerator<{ readonly items: readonly T[]; readonly resourceVersion: string }, void, undefined> {
  const resource = options.resource ?? EXPERIMENTS;
  let next: string | undefined;
  let limit = FIRST_PAGE;
  let asked = 0;
  do {
    let length = 0;
    const page: List<T> = await client.request({
      verb: 'list',
      resource,
      namespace: options.namespace,
      query: {
        limit: String(limit),
        continue: next,
        labelSelector: options.labelSelector || undefined,
        fieldSelector: options.fieldSelector,
      },
      signal: options.signal,
      onLength: (characters) => (length = characters),
    });
    const items = page.items ?? [];
    asked += items.length === 0 ? LARGEST_PAGE : limit;
    const before = next;
    next = page.metadata?.continue || undefined;
    if (next !== undefined && (next === before || asked >= MOST_OBJECTS)) {
      throw new UnavailableError(
        `the list of ${resource.plural} in ${client.description} does not end: ${next === before ? 'the same part of it comes again and again' : `more than ${MOST_OBJECTS} objects`}`,
        { hint: 'is it a Kubernetes API? A proxy or gateway may answer in its place; or ask for one namespace: -n' },
      );
    }
    limit = nextPage(items.length, length, limit);
    yield { items, resourceVersion: page.metadata?.resourceVersion ?? '' };
  } while (next !== undefined);
}

/** How many objects to ask for after a page of so many, of so many characters. */
function nextPage(items: number, length: number, limit: number): number {
  if (items === 0) return limit;
  return Math.min(LARGEST_PAGE, Math.max(SMALLEST_PAGE, Math.round(PAGE_LENGTH / (length / items))));
}

export async function* listWatch<T extends KubeObject>(
  client: KubeClient,
  options: ListWatchOptions,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const timing = { ...TIMING, ...options.timing };
  const { signal } = options;
  /** What was reported: key to version. */
  const reported = new Map<string, Reported>();
  let version: string | undefined;
  let synced = false;
  let stale = false;
  let failures = 0;
  while (!signal.aborted) {
    try {
      if (version === undefined) {
        version = yield* relist<T>(client, options, reported);
        if (!synced) yield { kind: 'synced' };
        synced = true;
        if (stale) yield { kind: 'fresh' };
        stale = false;
        failures = 0;
      }
      const startedMs = performance.now();
      let eventful = false;
      for await (const event of watchOnce<T>(client, options, version, timing)) {
        if (event.kind === 'opened') {
          if (stale) yield { kind: 'fresh' };
          stale = false;
        } else if (event.kind === 'version') version = event.version;
        else {
          version = event.version;
          eventful = true;
          yield* report(event, reported);
        }
        if (eventful || performance.now() - startedMs >= DECENT_MS) failures = 0;
      }
      if (eventful || performance.now() - startedMs >= DECENT_MS) continue;
      failures += 1; // it was ended at once: not again at once
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiGoneError) {
        version = undefined;
        failures += 1;
        if (failures === 1) continue;
      } else {
        // Before the first answer only waiting for a busy server helps: the account may not, the kind is not there, nobody
        // answers at that address.
        if (!(error instanceof ApiBusyError) && !synced) throw error;
        failures += 1;
        if (!stale) yield { kind: 'stale', reason: messageOf(error) };
        stale = true;
        const asked = error instanceof ApiBusyError ? (error.retryAfterMs ?? 0) : 0;
        if (asked > 0) await pause(Math.min(asked, timing.longestWaitMs), signal);
      }
    }
    await pause(backoffMs(failures, { firstMs: timing.firstWaitMs, longestMs: timing.longestWaitMs }), signal);
  }
}

interface Reported {
  readonly version: string;
  readonly uid: string;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}

/** Lists, reports what differs from what was reported, and returns the version to watch from. */
async function* relist<T extends KubeObject>(
  client: KubeClient,
  options: ListWatchOptions,
  reported: Map<string, Reported>,
): AsyncGenerator<WatchEvent<T>, string, undefined> {
  const seen = new Set<string>();
  let version = '';
  for await (const page of listPages<T>(client, options)) {
    version = page.resourceVersion;
    for (const object of page.items) {
      const key = keyOf(object);
      seen.add(key);
      const before = reported.get(key);
      if (before !== undefined && before.uid === uidOf(object) && before.version === versionOf(object)) continue;
      if (before !== undefined && before.uid !== uidOf(object))
        yield { kind: 'deleted', ...nameOf(key), object: undefined };
      reported.set(key, { version: versionOf(object), uid: uidOf(object) });
      yield { kind: 'set', object };
    }
  }
  for (const key of reported.keys()) {
    if (seen.has(key)) continue;
    reported.delete(key);
    yield { kind: 'deleted', ...nameOf(key), object: undefined };
  }
  return version;
}

function* report<T extends KubeObject>(
  event: { readonly kind: 'set' | 'deleted'; readonly object: T },
  reported: Map<string, Reported>,
): Generator<WatchEvent<T>, void, undefined> {
  const { object } = event;
  const key = keyOf(object);
  if (event.kind === 'deleted') {
    if (reported.delete(key)) yield { kind: 'deleted', ...nameOf(key), object };
    return;
  }
  if (reported.get(key)?.version === versionOf(object)) return;
  reported.set(key, { version: versionOf(object), uid: uidOf(object) });
  yield { kind: 'set', object };
}

type Watched<T> =
  /** The server has taken it: what was missed follows at once. */
  | { readonly kind: 'opened' }
  | { readonly kind: 'set' | 'deleted'; readonly object: T; readonly version: string }
  /** A bookmark: nothing happened up to here. */
  | { readonly kind: 'version'; readonly version: string };

/** One watch, until the server ends it. Throws when it breaks, is refused or is frozen. */
async function* watchOnce<T extends KubeObject>(
  client: KubeClient,
  options: ListWatchOptions,
  from: string,
  timing: WatchTiming,
): AsyncGenerator<Watched<T>, void, undefined> {
  const seconds = Math.max(1, Math.floor(timing.watchSeconds * (0.8 + Math.random() * 0.2)));
  const answer = await client.stream({
    verb: 'watch',
    resource: options.resource ?? EXPERIMENTS,
    namespace: options.namespace,
    query: {
      watch: 'true',
      resourceVersion: from,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(seconds),
      labelSelector: options.labelSelector || undefined,
      fieldSelector: options.fieldSelector,
    },
    signal: options.signal,
    timeoutMs: timing.openMs,
  });
  const longestMs = seconds * 1000 + timing.graceMs;
  const frozen = setTimeout(() => {
    client.distrustConnections();
    answer.destroy(new Error(`it was to end after ${seconds} s, and has not: it is frozen`));
  }, longestMs);
  try {
    yield { kind: 'opened' };
    for await (const line of linesOf(answer, MAX_LINE)) yield* watched<T>(line);
  } catch (error) {
    if (error instanceof Iter8Error || options.signal.aborted) throw error;
    throw new UnavailableError(`the connection of the watch broke: ${messageOf(error)}`, { cause: error });
  } finally {
    clearTimeout(frozen);
    answer.destroy();
  }
}

/** What one line of a watch says. @throws UnavailableError when it says nothing that could be understood */
function* watched<T extends KubeObject>(line: string): Generator<Watched<T>, void, undefined> {
  const event = eventIn(line);
  if (event === undefined) throw new UnavailableError('a line of the watch holds no event');
  const { type, object } = event;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED': {
      const problem = nameProblem(object);
      if (problem !== undefined) throw new UnavailableError(`an object of the watch ${problem}`);
      const known = object as unknown as T;
      yield { kind: type === 'DELETED' ? 'deleted' : 'set', object: known, version: versionOf(known) };
      break;
    }
    case 'BOOKMARK': {
      const version = isObject(object['metadata']) ? object['metadata']['resourceVersion'] : undefined;
      if (isText(version) && version !== '') yield { kind: 'version', version };
      break;
    }
    case 'ERROR':
      if (object['code'] === 410) throw new ApiGoneError('the version is too old', { hint: 'try again' });
      throw new ApiBusyError(
        `the watch ended: ${isText(object['message']) ? sanitizeLine(object['message']) : `code ${JSON.stringify(object['code'])}`}`,
        {},
      );
    default:
  }
}

function eventIn(
  line: string,
): { readonly type: unknown; readonly object: Readonly<Record<string, unknown>> } | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return isObject(parsed) && isObject(parsed['object'])
      ? { type: parsed['type'], object: parsed['object'] }
      : undefined;
  } catch {
    return undefined;
  }
}

const keyOf = (object: KubeObject) => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
const versionOf = (object: KubeObject) => object.metadata.resourceVersion ?? '';
const uidOf = (object: KubeObject) => object.metadata.uid ?? '';

function nameOf(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
