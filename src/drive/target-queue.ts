/** An experiment's turn on its target: taken before anything is done to it, kept to the end, waited for while another has it. */
import { waitingMessage } from '../experiment/waiting-for-target-message.ts';
import { ForbiddenError, messageOf, UnavailableError } from '../errors.ts';
import type { Clock } from '../io.ts';
import type { Interruption } from './interruption.ts';
import type { HeldTurn, Holder, TargetLock } from './ports.ts';
import type { Session } from './session.ts';
import { withProgress } from './status-changes.ts';

/** First and longest wait between two questions. */
const ASK_AGAIN_MS = 2_000;
const ASK_SELDOM_MS = 15_000;

export interface TurnOptions {
  /** Absent: nobody else works on the same targets. */
  readonly targets?: TargetLock | undefined;
  readonly driver: Holder;
  readonly interruption: Interruption;
  /** Sees what people ask of it meanwhile. @throws NotFoundError when it was deleted */
  readonly look: () => Promise<void>;
}

export class TargetTurn {
  readonly #session: Session;
  readonly #options: TurnOptions;
  readonly #clock: Clock;
  #held: HeldTurn | undefined;

  constructor(session: Session, options: TurnOptions) {
    this.#session = session;
    this.#options = options;
    this.#clock = session.clock;
  }

  /** `done`: it is this experiment's turn now. */
  async take(): Promise<'interrupted' | 'done'> {
    const { targets, driver, interruption } = this.#options;
    if (targets === undefined || this.#held !== undefined) return 'done';
    const { any } = interruption;
    let reported: string | undefined;
    let waitMs = ASK_AGAIN_MS;
    while (!any.aborted) {
      const answer = await this.#ask(targets, driver, any);
      if (answer === undefined) continue;
      if ('held' in answer) {
        this.#held = answer.held;
        interruption.watchTarget(answer.held);
        return 'done';
      }
      if (reported !== answer.heldBy.description) await this.#reportWaiting(answer.heldBy);
      reported = answer.heldBy.description;
      await this.#clock.sleep(waitMs, any).catch(() => undefined);
      await this.#options.look();
      waitMs = Math.min(ASK_SELDOM_MS, waitMs * 1.5);
    }
    return 'interrupted';
  }

  /** It waits for a person from now on, and takes no place among those who work. */
  rest(): void {
    this.#held?.rest?.();
  }

  /** Whether it may work now: see HeldTurn. */
  mayWork(): boolean {
    return this.#held?.mayWork?.() ?? true;
  }

  /** Resolves when it is sure that it is still held, or that it is lost. */
  async confirm(): Promise<void> {
    await this.#held?.confirm?.();
  }

  async release(): Promise<void> {
    await this.#held?.release();
  }

  /** Undefined when the store did not answer, after a while. */
  async #ask(
    targets: TargetLock,
    driver: Holder,
    signal: AbortSignal,
  ): Promise<Awaited<ReturnType<TargetLock['acquire']>> | undefined> {
    try {
      return await targets.acquire(this.#session.experiment, driver, signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      if (error instanceof ForbiddenError || !(error instanceof UnavailableError)) throw error;
      this.#session.warn(`cannot ask for the target yet: ${messageOf(error)}`);
      await this.#clock.sleep(ASK_AGAIN_MS, signal).catch(() => undefined);
      return undefined;
    }
  }

  async #reportWaiting(holder: Holder): Promise<void> {
    const session = this.#session;
    const text = waitingMessage(session.experiment.spec.target, holder.description);
    // An experiment that had its target goes on where it was: its message is left alone.
    if (session.status.stage === 'Waiting')
      session.changeStatus((status, now) => withProgress(status, 'ExperimentInitialized', text, now));
    session.emitCondition('ExperimentInitialized', text);
    await session.save();
  }
}
