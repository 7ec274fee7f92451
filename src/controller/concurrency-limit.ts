/**
 * At most so many experiments at once: turns on targets, given only while there is room.
 *
 * Whoever waits for a person keeps the target and leaves its place, so that gates hold up nobody else's experiment. One that had its
 * target before this controller started takes it at once, so that nobody moves its traffic meanwhile, and waits for a place then.
 */
import type { HeldTurn, TargetLock } from '../drive/ports.ts';
import { isConditionTrue } from '../experiment/conditions.ts';

export interface LimitedTurns extends TargetLock {
  /** Turns that are taken now: not those who rest for a person. */
  readonly taken: () => number;
}

export function limitedTurns(targets: TargetLock, most: number): LimitedTurns {
  const places = new Places(most);
  return {
    taken: () => places.taken,
    acquire: async (experiment, holder, signal) => {
      const hadIt = isConditionTrue(experiment.status, 'TargetAcquired');
      const place = places.take(); // before the question: others ask meanwhile
      if (place === undefined && !hadIt)
        return { heldBy: { identity: 'controller', description: `the controller's limit of ${most} at once` } };
      try {
        const answer = await targets.acquire(experiment, holder, signal);
        if ('held' in answer) return { held: withPlace(answer.held, place ?? places.none()) };
        place?.leave();
        return answer;
      } catch (error) {
        place?.leave();
        throw error;
      }
    },
  };
}

class Places {
  readonly #most: number;
  #taken = 0;
  /** They have begun, and want to go on. */
  readonly #wanted = new Set<Place>();

  constructor(most: number) {
    this.#most = most;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Undefined while there is no room. */
  take(): Place | undefined {
    if (this.#taken + this.#wanted.size >= this.#most) return undefined;
    const place = this.none();
    place.want();
    return place;
  }

  /** Of who has none yet. */
  none(): Place {
    let isTaken = false;
    const place: Place = {
      want: () => {
        if (isTaken) return true;
        isTaken = this.#taken < this.#most;
        if (!isTaken) this.#wanted.add(place);
        else {
          this.#taken += 1;
          this.#wanted.delete(place);
        }
        return isTaken;
      },
      leave: () => {
        if (isTaken) this.#taken -= 1;
        isTaken = false;
        this.#wanted.delete(place);
      },
    };
    return place;
  }
}

interface Place {
  /** Whether it has one now. */
  want(): boolean;
  leave(): void;
}

function withPlace(held: HeldTurn, place: Place): HeldTurn {
  return {
    lost: held.lost,
    ...(held.confirm === undefined ? {} : { confirm: () => held.confirm!() }),
    rest: () => place.leave(),
    mayWork: () => place.want(),
    release: async () => {
      place.leave();
      await held.release();
    },
  };
}
