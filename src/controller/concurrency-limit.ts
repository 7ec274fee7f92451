/** At most so many experiments at once: turns on targets, given only while there is room. */
import type { HeldLock, TargetLock } from '../drive/ports.ts';

export function limitedTurns(targets: TargetLock, most: number): TargetLock {
  let taken = 0;
  return {
    acquire: async (experiment, holder, signal) => {
      if (taken >= most)
        return { heldBy: { identity: 'controller', description: `the controller's limit of ${most} at once` } };
      taken += 1; // before the question: others ask meanwhile
      try {
        const answer = await targets.acquire(experiment, holder, signal);
        if (!('held' in answer)) {
          taken -= 1;
          return answer;
        }
        return { held: counted(answer.held, () => (taken -= 1)) };
      } catch (error) {
        taken -= 1;
        throw error;
      }
    },
  };
}

function counted(held: HeldLock, onRelease: () => void): HeldLock {
  let released = false;
  return {
    lost: held.lost,
    ...(held.confirm === undefined ? {} : { confirm: () => held.confirm!() }),
    release: async () => {
      if (!released) onRelease();
      released = true;
      await held.release();
    },
  };
}
