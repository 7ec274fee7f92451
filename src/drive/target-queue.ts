/** An experiment's turn on its target: taken before anything is done to it, kept to the end, waited for while another has it. */
import { ForbiddenError, messageOf, UnavailableError } from '../errors.ts';
import type { Clock } from '../io.ts';
import type { HeldLock, Holder, TargetLock } from './ports.ts';
import type { Session } from './session.ts';
import { withProgress } from './status-changes.ts';

/** First and longest wait between two questions. */
const ASK_AGAIN_MS = 2_000;
const ASK_SELDOM_MS = 15_000;

export interface TurnOptions {
  readonly driver: Holder;
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
}

export class TargetTurn {
  readonly #session: Session;
  readonly #targets: TargetLock | undefined;
  readonly #options: TurnOptions;
  readonly #clock: Clock;
  #held: HeldLock | undefined;

  constructor(session: Session, targets: TargetLock | undefined, options: TurnOptions) {
    this.#session = session;
    this.#targets = targets;
    this.#options = options;
    this.#clock = session.clock;
  }

  /** Undefined when it is this experiment's turn now. */
  async take(): Promise<'interrupted' | undefined> {
    if (this.#targets === undefined || this.#held !== undefined) return undefined;
    const { driver, stop, kill } = this.#options;
    const either = AbortSignal.any([stop, kill]);
    let toldOf: string | undefined;
    let waitMs = ASK_AGAIN_MS;
    while (!either.aborted) {
      const answer = await this.#ask(driver, either);
      if (answer === undefined) continue;
      if ('held' in answer) {
        this.#held = answer.held;
        return undefined;
      }
      if (toldOf !== answer.heldBy.description) await this.#tellWaiting(answer.heldBy);
      toldOf = answer.heldBy.description;
      await this.#clock.sleep(waitMs, either).catch(() => undefined);
      waitMs = Math.min(ASK_SELDOM_MS, waitMs * 1.5);
    }
    return 'interrupted';
  }

  async release(): Promise<void> {
    await this.#held?.release();
  }

  /** Undefined when the store did not answer, after a while. */
  async #ask(driver: Holder, signal: AbortSignal): Promise<Awaited<ReturnType<TargetLock['acquire']>> | undefined> {
    try {
      return await this.#targets!.acquire(this.#session.experiment, driver, signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      if (error instanceof ForbiddenError || !(error instanceof UnavailableError)) throw error;
      this.#session.warn(`cannot ask for the target yet: ${messageOf(error)}`);
      await this.#clock.sleep(ASK_AGAIN_MS, signal).catch(() => undefined);
      return undefined;
    }
  }

  async #tellWaiting(holder: Holder): Promise<void> {
    const session = this.#session;
    const text = `Waiting for target ${session.experiment.spec.target}, which ${holder.description} has`;
    // An experiment that had its target goes on where it was: its message is left alone.
    if (session.status.stage === 'Waiting')
      session.changeStatus((status, now) => withProgress(status, 'ExperimentInitialized', text, now));
    session.tellCondition('ExperimentInitialized', text);
    await session.save();
  }
}
