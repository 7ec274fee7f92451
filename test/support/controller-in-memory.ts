/** A controller whose experiments are in memory, whose clock does not wait, and whose drives and locks a test decides. */
import { Reconciler, type ReconcilePorts } from '../../src/controller/reconcile.ts';
import type { DriverLock, HeldLock, Holder } from '../../src/drive/ports.ts';
import { fakeClock } from './fake-clock.ts';
import { createMemoryStore } from './memory-store.ts';

export const held = (lost: AbortSignal = new AbortController().signal): { readonly held: HeldLock } => ({
  held: { lost, release: () => Promise.resolve() },
});

/** `acquire`: what each attempt gets; absent: the lock. */
export const lockOf = (
  acquire: () => { readonly held: HeldLock } | { readonly heldBy: Holder } = held,
): DriverLock => ({
  acquire: () => Promise.resolve(acquire()),
  holder: () => Promise.resolve(undefined),
});

export function controllerInMemory() {
  // Pauses before another try are no whole numbers, and time since 1970 leaves no room for the rest.
  const still = fakeClock();
  const clock = { ...still, sleep: (ms: number, signal?: AbortSignal) => still.sleep(Math.ceil(ms), signal) };
  const store = createMemoryStore({ clock });
  const stop = new AbortController();
  const controller = (ports: Pick<ReconcilePorts, 'drive'> & Partial<ReconcilePorts>): Reconciler =>
    new Reconciler(
      {
        store,
        clock,
        lock: lockOf(),
        self: { identity: 'test', description: 'test' },
        log: () => undefined,
        ...ports,
      },
      { stop: stop.signal },
    );
  return { clock, store, stop, controller };
}
