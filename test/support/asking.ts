/** Experiments of which people ask something by annotations, as kubectl and our commands write them. */
import type { Event } from '../../src/drive/events.ts';
import type { ExperimentStore } from '../../src/drive/ports.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import { conformance, driveInMemory, type DriveSetup } from './driving.ts';
import { createMemoryStore } from './memory-store.ts';
import { fakeClock } from './fake-clock.ts';

export const KEY = { namespace: 'default', name: 'hello-experiment' };
export const LOAD = {
  task: 'metrics/collect',
  with: { numQueries: 10, qps: 50, versions: [{ name: 'hello', url: 'http://hello.test/' }] },
};

export function withActions(
  actions: object,
  duration: object = { intervalSeconds: 1, iterationsPerLoop: 1 },
): WrittenExperiment {
  return conformance({ actions, duration, strength: { extend: false } });
}

/** Annotations are written when an event comes that is looked for. */
export async function asking(
  written: WrittenExperiment,
  answers: readonly { readonly on: (event: Event) => boolean; readonly write: Readonly<Record<string, string>> }[],
  setup: DriveSetup = {},
) {
  const clock = fakeClock();
  const store = createMemoryStore({ clock });
  const open = [...answers];
  const done: string[] = [];
  const drive = await driveInMemory(written, {
    store,
    clock,
    tasks: { run: ({ id }) => Promise.resolve(String(done.push(id))) },
    onEvent: (event) => {
      if (open.length === 0 || !open[0]!.on(event)) return;
      void store.patchMetadata(KEY, { annotations: open.shift()!.write });
    },
    ...setup,
  });
  return { drive, done, clock, store, texts: textsOf(drive.events) };
}

export const textsOf = (events: readonly Event[]) =>
  events.flatMap((event) => (event.kind === 'waiting' || event.kind === 'answered' ? [event.text] : []));
export const waits = ({ kind }: Event) => kind === 'waiting';

/** A store that does this before it reads, or stores a status. */
export function storeAfter(store: ExperimentStore, before: () => Promise<void> | void): ExperimentStore {
  return new Proxy(store, {
    get: (target, name: keyof ExperimentStore) => {
      const value: unknown = target[name];
      if (typeof value !== 'function') return value;
      return async (...given: unknown[]) => {
        if (name === 'get' || name === 'patchStatus') await before();
        return value.apply(target, given) as unknown;
      };
    },
  });
}
