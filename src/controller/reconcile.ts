/**
 * Drives every experiment that nobody else drives: the same engine, in a loop.
 *
 *   watch ──► key ──► look: is it there, unfinished, and free? ──► lock ──► drive ──► ended
 *                ▲                     │ held by another               │ failed to
 *                └──── look again ◄────┴── later ◄─────────────────────┘
 *
 * Level-based: an event only says that a key is worth a look; what is done depends on the object as it is then. So a missed
 * event, a restart and a driver that died are all the same case.
 */
import { messageOf, NotFoundError } from '../errors.ts';
import type { Clock } from '../io.ts';
import { isTransient } from '../adapters/kube/api-error.ts';
import { backoffMs } from '../adapters/kube/retry.ts';
import { keyText, type Experiment, type ObjectKey } from '../experiment/experiment.ts';
import { hasEnded } from '../experiment/conditions.ts';
import type { DriverLock, ExperimentStore, HeldLock, Holder, StoreEvent } from '../drive/ports.ts';
import type { Log } from './structured-log.ts';

export interface ReconcilePorts {
  readonly store: ExperimentStore;
  readonly lock: DriverLock;
  readonly self: Holder;
  readonly clock: Clock;
  readonly log: Log;
  /** Drives it to its end, or until `stop`. Releases nothing. */
  readonly drive: (experiment: Experiment, held: HeldLock, stop: AbortSignal) => Promise<void>;
  /** Every experiment as it is now, ended or not. */
  readonly seen?: ((experiment: Experiment) => void) | undefined;
  /** An experiment was deleted. */
  readonly gone?: ((key: ObjectKey) => void) | undefined;
}

export interface ReconcileOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  readonly selector?: string | undefined;
  /** Called when the first list is complete. */
  readonly onSynced?: (() => void) | undefined;
  readonly stop: AbortSignal;
}

/** How soon another driver's experiment is looked at again: its lease lasts 15 s. */
const LOOK_AGAIN_MS = 5_000;
const DRIVE_AGAIN = { firstMs: 2_000, longestMs: 120_000 };
const LIST_AGAIN = { firstMs: 1_000, longestMs: 30_000 };

export interface ReconcileState {
  /** Locked by this controller: being driven, or waiting for their turn. */
  readonly locked: number;
  readonly unfinished: number;
  readonly completed: number;
  readonly failedAttempts: number;
}

/** Of one name there may be another object later. */
interface KnownObject extends ObjectKey {
  readonly uid: string | undefined;
}

export class Reconciler {
  readonly #ports: ReconcilePorts;
  readonly #options: ReconcileOptions;
  /** Keys of unfinished experiments. */
  readonly #unfinished = new Map<string, KnownObject>();
  readonly #busy = new Map<string, Promise<void>>();
  /** Those whose lock this controller holds. */
  readonly #driving = new Set<string>();
  /** When a key may be looked at again (monotonic ms). */
  readonly #notBefore = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, AbortController>();
  /** Keys that another driver held when they were last looked at. */
  readonly #drivenByOthers = new Set<string>();
  #completed = 0;
  #failedAttempts = 0;

  constructor(ports: ReconcilePorts, options: ReconcileOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  get state(): ReconcileState {
    return {
      locked: this.#driving.size,
      unfinished: this.#unfinished.size,
      completed: this.#completed,
      failedAttempts: this.#failedAttempts,
    };
  }

  /** Whether anybody drives it, as far as was last seen. */
  isDriven(key: ObjectKey): boolean {
    const id = keyText(key);
    return this.#driving.has(id) || this.#drivenByOthers.has(id);
  }

  /** Runs until `stop`, and then until every drive has saved and ended. */
  async run(): Promise<void> {
    try {
      await this.#follow();
    } finally {
      for (const timer of this.#timers.values()) timer.abort();
      await Promise.all(this.#busy.values());
    }
  }

  /** A first list that fails for a moment only is tried again; later the store itself does so. */
  async #follow(): Promise<void> {
    const { namespace, selector, stop } = this.#options;
    const { log, clock, store } = this.#ports;
    for (let failures = 1; !stop.aborted; failures += 1) {
      try {
        for await (const event of store.watch({ namespace, selector, signal: stop })) this.#receive(event);
        return;
      } catch (error) {
        if (stop.aborted) return;
        if (!isTransient(error)) throw error;
        const wait = backoffMs(failures, LIST_AGAIN);
        log('warn', 'experiments cannot be listed', { reason: messageOf(error), againInSeconds: wait / 1000 });
        await clock.sleep(wait, stop).catch(() => undefined);
      }
    }
  }

  #receive(event: StoreEvent): void {
    const { log } = this.#ports;
    switch (event.kind) {
      case 'added':
      case 'modified':
        this.#see(event.object);
        break;
      case 'deleted':
        this.#forget(keyText(event.object.metadata));
        this.#ports.gone?.(event.object.metadata);
        break;
      case 'synced':
        log('info', 'experiments listed', { unfinished: this.#unfinished.size });
        this.#options.onSynced?.();
        break;
      case 'stale':
        log('warn', 'the watch is interrupted', { reason: event.reason });
        break;
      case 'fresh':
        log('info', 'the watch goes on');
        break;
    }
  }

  #see(experiment: Experiment): void {
    const { namespace, name, uid } = experiment.metadata;
    const key = { namespace, name, uid };
    const id = keyText(key);
    this.#ports.seen?.(experiment);
    if (hasEnded(experiment)) {
      this.#forget(id);
      return;
    }
    this.#unfinished.set(id, key);
    this.#look(id);
  }

  /** Of the same name there may be another one by now, which was seen while this one was driven. */
  #forgetDriven(id: string, uid: string | undefined): void {
    if (this.#unfinished.get(id)?.uid === uid) this.#forget(id);
  }

  #forget(id: string): void {
    this.#unfinished.delete(id);
    this.#notBefore.delete(id);
    this.#failures.delete(id);
    this.#drivenByOthers.delete(id);
    this.#timers.get(id)?.abort();
    this.#timers.delete(id);
  }

  /** Begins an attempt now, or when its time has come. */
  #look(id: string): void {
    const key = this.#unfinished.get(id);
    if (key === undefined || this.#busy.has(id) || this.#options.stop.aborted) return;
    const wait = (this.#notBefore.get(id) ?? 0) - this.#ports.clock.monotonicMs();
    if (wait > 0) {
      this.#later(id, wait);
      return;
    }
    const attempt = this.#attempt(key)
      .catch((error: unknown) => this.#failed(key, error))
      .finally(() => {
        this.#busy.delete(id);
        this.#look(id);
      });
    this.#busy.set(id, attempt);
  }

  #later(id: string, ms: number): void {
    if (this.#timers.has(id)) return;
    const timer = new AbortController();
    this.#timers.set(id, timer);
    this.#ports.clock
      .sleep(ms, AbortSignal.any([timer.signal, this.#options.stop]))
      .then(
        () => {
          this.#timers.delete(id);
          this.#look(id);
        },
        () => undefined,
      )
      .catch(() => undefined);
  }

  async #attempt(key: KnownObject): Promise<void> {
    const { lock, self, store, log, clock } = this.#ports;
    const { stop } = this.#options;
    const id = keyText(key);
    const taken = await lock.acquire(key, self, stop);
    if ('heldBy' in taken) {
      log('debug', 'driven by another', { experiment: id, driver: taken.heldBy.description });
      this.#notBefore.set(id, clock.monotonicMs() + LOOK_AGAIN_MS);
      this.#drivenByOthers.add(id);
      return;
    }
    this.#drivenByOthers.delete(id);
    this.#driving.add(id);
    try {
      // Between the event and the lock it may have been driven further, or to its end.
      const experiment = await store.get(key, stop);
      if (hasEnded(experiment)) {
        this.#forget(id);
        return;
      }
      await this.#ports.drive(experiment, taken.held, stop);
      this.#failures.delete(id);
      // Whoever took the lock may drop it again without a word: it is looked at until it has ended.
      if (stop.aborted || taken.held.lost.aborted) return;
      this.#completed += 1;
      this.#forgetDriven(id, experiment.metadata.uid);
    } finally {
      this.#driving.delete(id);
      await taken.held.release();
    }
  }

  #failed(key: KnownObject, error: unknown): void {
    const { log, clock } = this.#ports;
    const id = keyText(key);
    if (this.#options.stop.aborted) return;
    if (error instanceof NotFoundError) {
      log('warn', 'gone while it was driven', { experiment: id, reason: messageOf(error) });
      this.#forgetDriven(id, key.uid);
      return;
    }
    const failures = (this.#failures.get(id) ?? 0) + 1;
    this.#failures.set(id, failures);
    this.#failedAttempts += 1;
    const wait = backoffMs(failures, DRIVE_AGAIN);
    this.#notBefore.set(id, clock.monotonicMs() + wait);
    log('error', 'could not be driven', { experiment: id, reason: messageOf(error), againInSeconds: wait / 1000 });
  }
}
