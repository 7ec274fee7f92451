/**
 * Kubernetes Events about an experiment: what `kubectl describe experiment` and `kubectl get events` show. Written beside the
 * work, one after another; one that cannot be written is no failure of the experiment.
 */
import { randomBytes } from 'node:crypto';
import { ConflictError, messageOf } from '../../errors.ts';
import type { KubeClient } from './api-client.ts';
import { EXPERIMENTS, type Resource } from './resources.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { isObject } from '../../text/check-fields.ts';
import { isText } from './value-types.ts';

const EVENTS: Resource = { group: '', version: 'v1', plural: 'events', namespaced: true };

export interface KubeEvent {
  readonly reason: string;
  /** A whole sentence. */
  readonly message: string;
  readonly warning: boolean;
  /** ms since 1970. */
  readonly timeMs: number;
}

export interface Regarding {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | undefined;
}

/** What the API server takes in a message. */
const LONGEST_MESSAGE = 1_024;
/** Older ones are dropped when the server takes none. */
const MOST_WAITING = 100;

export interface EventWriter {
  write(about: Regarding, event: KubeEvent): void;
  /** Resolves when everything is written, or given up; waits at most so long. */
  flush(waitMs: number): Promise<void>;
}

export function createEventWriter(
  client: KubeClient,
  options: { readonly host: string; readonly onFailure: (text: string) => void },
): EventWriter {
  let waiting: { readonly about: Regarding; readonly event: KubeEvent }[] = [];
  let writing: Promise<void> | undefined;
  let failed = false;
  const drain = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await client.request({
          verb: 'create',
          resource: EVENTS,
          namespace: next.about.namespace,
          body: eventObject(next.about, next.event, options.host),
          timeoutMs: 5_000,
          repeatable: true, // its name is ours alone
        });
      } catch (error) {
        if (error instanceof ConflictError) continue; // an attempt that seemed to fail made it
        if (!failed) options.onFailure(`Kubernetes events cannot be written: ${messageOf(error)}`);
        failed = true;
      }
    }
    writing = undefined;
  };
  return {
    write: (about, event) => {
      waiting = [...waiting, { about, event }].slice(-MOST_WAITING);
      writing ??= drain();
    },
    flush: async (waitMs) => {
      if (writing === undefined) return;
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([
        writing,
        new Promise((resolve) => {
          timer = setTimeout(resolve, waitMs);
        }),
      ]);
      clearTimeout(timer);
    },
  };
}

function eventObject(about: Regarding, event: KubeEvent, host: string): object {
  const time = new Date(event.timeMs).toISOString();
  const seconds = `${time.slice(0, 19)}Z`;
  const involved = {
    apiVersion: `${EXPERIMENTS.group}/${EXPERIMENTS.version}`,
    kind: 'Experiment',
    namespace: about.namespace,
    name: about.name,
    ...(about.uid === undefined ? {} : { uid: about.uid }),
  };
  // Words of whoever wrote the experiment, such as those of a gate, are printed by whatever lists events.
  const message = sanitizeLine(event.message === '' ? event.reason : event.message);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${about.name.slice(0, 200)}.${randomBytes(8).toString('hex')}`, namespace: about.namespace },
    involvedObject: involved,
    reason: event.reason,
    message: message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE - 3)}...` : message,
    type: event.warning ? 'Warning' : 'Normal',
    source: { component: 'iter8', host },
    firstTimestamp: seconds,
    lastTimestamp: seconds,
    count: 1,
  };
}

/** As they are stored: for `debug`. */
export interface StoredEvent {
  readonly involvedObject?: { readonly uid?: string; readonly name?: string };
  readonly reason?: string;
  readonly message?: string;
  readonly type?: string;
  readonly source?: { readonly component?: string };
  readonly reportingComponent?: string;
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly count?: number | null;
}

/** Events about one object, oldest first; those of an earlier object of that name are left out when the uid is known. */
export async function readEvents(client: KubeClient, about: Regarding, signal?: AbortSignal): Promise<StoredEvent[]> {
  const { items } = await client.request<{ readonly items?: readonly unknown[] | null }>({
    verb: 'list',
    resource: EVENTS,
    namespace: about.namespace,
    query: {
      fieldSelector: [
        `involvedObject.name=${about.name}`,
        'involvedObject.kind=Experiment',
        ...(about.uid === undefined ? [] : [`involvedObject.uid=${about.uid}`]),
      ].join(','),
      limit: '500',
    },
    signal,
  });
  return (items ?? []).map(storedEvent).toSorted((a, b) => timeOf(a) - timeOf(b));
}

/** Fields that are not of their type are left out. */
function storedEvent(written: unknown): StoredEvent {
  if (!isObject(written)) return {};
  const text = <K extends string>(from: unknown, key: K): { readonly [name in K]?: string } => {
    const value = isObject(from) ? from[key] : undefined;
    return isText(value) ? ({ [key]: value } as { readonly [name in K]?: string }) : {};
  };
  const { involvedObject, source, count } = written;
  return {
    involvedObject: { ...text(involvedObject, 'uid'), ...text(involvedObject, 'name') },
    source: text(source, 'component'),
    ...text(written, 'reason'),
    ...text(written, 'message'),
    ...text(written, 'type'),
    ...text(written, 'reportingComponent'),
    ...text(written, 'firstTimestamp'),
    ...text(written, 'lastTimestamp'),
    ...text(written, 'eventTime'),
    ...(typeof count === 'number' ? { count } : {}),
  };
}

/** ms since 1970, of its last occurrence; 0 when it has none. */
export function timeOf(event: StoredEvent): number {
  return Date.parse(event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? '') || 0;
}
