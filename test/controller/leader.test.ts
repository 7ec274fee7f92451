/** Standing by and leading, with a lock whose answers the test decides, and a clock that does not wait. */
import { describe, expect, it } from 'vitest';
import { ApiBusyError, ApiUnreachableError } from '../../src/adapters/kube/api-error.ts';
import { whileLeading } from '../../src/controller/leader.ts';
import { Reconciler, type ReconcilePorts } from '../../src/controller/reconcile.ts';
import type { DriverLock, ExperimentStore, HeldLock, StoreEvent } from '../../src/drive/ports.ts';
import { ForbiddenError } from '../../src/errors.ts';
import { fakeClock } from '../support/fake-clock.ts';

const self = { identity: 'me', description: 'me' };
const other = { heldBy: { identity: 'other', description: 'the other' } };
const key = { namespace: 'n', name: 'controller' };
const reset = () => new ApiUnreachableError('read ECONNRESET', { reset: true });

type Answer = Awaited<ReturnType<DriverLock['acquire']>> | Error;

/** Runs until it leads, or until the answers are over. */
async function stand(...answers: readonly Answer[]) {
  const clock = fakeClock();
  const stop = new AbortController();
  const asked: number[] = [];
  const logged: string[] = [];
  let released = 0;
  let led = 0;
  const held: HeldLock = {
    lost: new AbortController().signal,
    release: () => {
      released += 1;
      return Promise.resolve();
    },
  };
  const lock: DriverLock = {
    acquire: () => {
      const answer = answers[asked.length] ?? { held };
      asked.push(clock.monotonicMs());
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    holder: () => Promise.resolve(undefined),
  };
  const log = (_: string, message: string) => void logged.push(message);
  const result = await whileLeading({ lock, key, self, clock, log }, stop.signal, () => {
    led += 1;
    stop.abort();
    return Promise.resolve();
  }).catch((error: unknown) => error);
  return { result, asked, logged, released, led };
}

describe('a controller that stands by', () => {
  it('survives resets and restarts of the API server, with a wait that grows, and leads in the end', async () => {
    const busy = new ApiBusyError('starting', {});
    const { result, led, released, logged, asked } = await stand(other, reset(), busy, reset(), reset(), other);
    expect(result).toBe(false);
    expect([led, released]).toEqual([1, 1]);
    expect(logged).toEqual([
      'standing by',
      ...Array.from({ length: 4 }, () => 'the lease of the leader cannot be read'),
      'leading',
    ]);
    const waits = asked.slice(1).map((time, index) => time - asked[index]!);
    // From half to the whole of 1, 2, 4 and 8 s.
    for (const [index, whole] of [1_000, 2_000, 4_000, 8_000].entries()) {
      expect(waits[index + 1]).toBeGreaterThanOrEqual(whole / 2);
      expect(waits[index + 1]).toBeLessThanOrEqual(whole);
    }
  });

  it('ends when nobody has ever answered, and when it may not', async () => {
    expect((await stand(reset())).result).toBeInstanceOf(ApiUnreachableError);
    expect((await stand(other, new ForbiddenError('may not'))).result).toBeInstanceOf(ForbiddenError);
  });
});

it('a first list that breaks is read again: the controller goes on', async () => {
  const clock = fakeClock();
  const stop = new AbortController();
  const logged: string[] = [];
  let watched = 0;
  const store = {
    watch: async function* (): AsyncGenerator<StoreEvent, void, undefined> {
      watched += 1;
      await Promise.resolve();
      if (watched < 3) throw reset();
      yield { kind: 'synced' };
      stop.abort();
    },
  } as unknown as ExperimentStore;
  const ports = { store, self, clock, log: (_: string, message: string) => void logged.push(message) };
  await new Reconciler(ports as unknown as ReconcilePorts, { stop: stop.signal }).run();
  expect(logged).toEqual(['experiments cannot be listed', 'experiments cannot be listed', 'experiments listed']);
});
