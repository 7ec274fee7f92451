/**
 * Moves the traffic of one experiment, and puts it back. What was there at the start, and what is being written, is saved before
 * anything is changed: whoever goes on after a crash ends what was begun.
 */
import { ConflictError, Iter8Error, messageOf, UnavailableError } from '../errors.ts';
import type { Weight } from '../experiment/experiment.ts';
import { formatPercent } from '../text/units.ts';
import { judgementNow } from '../judge/judgement.ts';
import { isSettledFor, type StoredTraffic } from '../judge/record/stored-traffic.ts';
import { observedRequests, sharesBetween, sharesOutside } from '../traffic/sample-ratio-mismatch.ts';
import { blueGreenWeights, finalWeights, movesTraffic, valuesAhead, withoutRises } from '../traffic/traffic-plan.ts';
import {
  isSameSplit,
  isSameValue,
  splitOf,
  tooFewPods,
  valueIn,
  valuesFor,
  type FieldReading,
  type WeightField,
} from '../traffic/weight-fields.ts';
import type { TrafficObjects } from './ports.ts';
import type { SaveOptions, Session } from './session.ts';
import type { Failure } from './status-changes.ts';
import { noteWeights } from './take-measurement.ts';

export interface TrafficOptions {
  /** Absent: no object says how traffic is split. */
  readonly objects: TrafficObjects | undefined;
  /** `--keep-split`: what is there at the end stays. */
  readonly keepSplit: boolean;
  /** Aborted when somebody else may do the same work: nothing is changed from then on. */
  readonly over: AbortSignal;
  /** What a person types to go on with it. */
  readonly goOn?: string | undefined;
  /** How long the last change waits for an API server that does not answer. */
  readonly patience?: { readonly ms: number; readonly giveUp: AbortSignal } | undefined;
}

const ASK_AGAIN_MS = 1_000;
/** Of the splits that are kept for who looks at it. */
const MOST_STEPS = 40;
/** Of the changes that failed one after another. */
const MOST_BEGUN = 10;

export class Traffic {
  readonly #session: Session;
  readonly #options: TrafficOptions;
  #unsaved: unknown;
  /** What was being written last. */
  #wanted: readonly Weight[] | undefined;
  /** Whether requests were shown to go elsewhere than the weights say, at the last look. */
  #isElsewhere = false;

  constructor(session: Session, options: TrafficOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** Whether this experiment moves traffic: then it must be known how it is split. */
  get isMoved(): boolean {
    return this.#options.objects !== undefined && movesTraffic(this.#session.experiment);
  }

  /** How traffic is split now. Where no object says it, all of it is held to be at the baseline. */
  async read(signal?: AbortSignal): Promise<readonly Weight[]> {
    const { experiment, question } = this.#session;
    try {
      const fields = await this.#options.objects?.read(experiment, signal);
      const split = fields === undefined ? undefined : splitOf(experiment, fields);
      if (split !== undefined && 'problem' in split) throw new Iter8Error(split.problem);
      if (split !== undefined) return split.weights;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Iter8Error) || this.isMoved) throw error;
      this.#session.warn(`how traffic is split cannot be read: ${messageOf(error)}`);
    }
    return question.versions.map(({ name, role }) => ({ name, value: role === 'baseline' ? 100 : 0 }));
  }

  /** Why it could not be moved, looked at before anything starts. */
  async problem(signal: AbortSignal): Promise<Failure | undefined> {
    if (!this.isMoved) return undefined;
    return this.#attempt(async () => {
      const weights = await this.read(signal);
      const { experiment } = this.#session;
      const fields = await this.#objects.read(experiment, signal);
      const tooFew = tooFewPods(experiment, fields);
      if (tooFew !== undefined) throw new Iter8Error(tooFew);
      await this.#objects.tryWrite(experiment, valuesAhead(experiment, fields, weights), signal);
    }, signal);
  }

  /** Notes how traffic is split: what is restored unless the end is a promotion. */
  async begin(signal: AbortSignal): Promise<Failure | undefined> {
    return this.#attempt(async () => {
      const weights = await this.read(signal);
      this.#session.changeStatus((status) => ({ ...status, currentWeightDistribution: [...weights] }));
      if (!this.isMoved || this.#stored !== undefined) return;
      const fields = (await this.#objects.read(this.#session.experiment, signal)).map(fieldOf);
      this.#store({ start: fields, fields, weights });
    }, signal);
  }

  /** A drive that broke off put traffic back and could not say so (`rescue`): whoever goes on begins from the start's split. */
  async resume(signal: AbortSignal): Promise<Failure | undefined> {
    const stored = this.#stored;
    if (!this.isMoved || stored === undefined || stored.settled !== undefined) return undefined;
    return this.#attempt(async () => {
      const fields = await this.#objects.read(this.#session.experiment, signal);
      const moved = fields.filter(({ value, version }) => !isSameValue(value, valueIn(stored.fields, version)));
      const isRescued = ({ value, version, mayBeOurs }: FieldReading) =>
        mayBeOurs === true && isSameValue(value, valueIn(stored.start, version));
      if (moved.length > 0 && moved.every(isRescued) && isSameSplit(stored.start, fields)) await this.#restore();
    }, signal);
  }

  /** Back to the split of the start, to measure again from there. */
  async startAgain(signal: AbortSignal): Promise<Failure | undefined> {
    if (!this.isMoved || this.#stored === undefined) return undefined;
    return this.#attempt(() => this.#patiently(() => this.#restore()), signal);
  }

  /** All to the candidate, where that is the pattern, unless it has turned out to be bad since. */
  async switchOver(signal: AbortSignal): Promise<Failure | undefined> {
    const isWanted = this.#session.experiment.spec.strategy.deploymentPattern === 'BlueGreen';
    return isWanted ? this.follow(signal) : undefined;
  }

  /** After an iteration: to the weights that its analysis recommends, if traffic still is where we left it. */
  async follow(signal: AbortSignal): Promise<Failure | undefined> {
    const stored = this.#stored;
    if (!this.isMoved || stored === undefined) return undefined;
    const { experiment, record, status } = this.#session;
    const recommended = status.analysis?.weights?.data ?? blueGreenWeights(experiment); // before the first iteration
    const mismatch = this.#mismatch(stored, observedRequests(experiment, record, { sinceStart: true }));
    // Its numbers change with every iteration: said when it begins, and again when it does so again.
    if (mismatch !== undefined && !this.#isElsewhere) this.#session.warn(`${mismatch}; no weight is raised meanwhile`);
    this.#isElsewhere = mismatch !== undefined;
    const wanted = mismatch === undefined ? recommended : withoutRises(experiment, recommended, stored.weights);
    return this.#attempt(() => this.#move(wanted, signal), signal);
  }

  /**
   * The end: the promoted version has its full weight, or the split of the start is restored. Once more where the answer has changed
   * since, by load among the finish tasks, or at a gate where what was promoted is no longer what was measured.
   */
  async settle(): Promise<Failure | undefined> {
    const { experiment, question, record } = this.#session;
    const stored = this.#stored;
    if (stored === undefined || stored.settled === 'left') return undefined;
    const answer = record.recommendation ?? judgementNow(question, record).recommendation;
    const weights = finalWeights(experiment, answer);
    const promoted = weights === undefined ? undefined : answer.version;
    if (isSettledFor(stored, promoted)) return undefined;
    if (this.#options.keepSplit && weights === undefined) {
      this.#changeStored((present) => ({ ...present, settled: 'kept', promoted }));
      return undefined;
    }
    return this.#attempt(async () => {
      await this.#patiently(() => (weights === undefined ? this.#restore() : this.#move(weights)));
      const end = weights === undefined ? 'restored' : 'promoted';
      this.#changeStored((present) => ({ ...present, settled: end, promoted }));
    });
  }

  /** The experiment has failed: traffic goes back, but never over what somebody else has done with it. */
  async giveBack(failure: Failure): Promise<void> {
    const stored = this.#stored;
    if (stored === undefined || this.#options.objects === undefined) return;
    if (['restored', 'kept', 'left'].includes(stored.settled ?? '')) return;
    if (this.#options.keepSplit || failure.traffic === 'changed by others') {
      this.#changeStored((one) => ({ ...one, settled: failure.traffic === undefined ? 'kept' : 'left' }));
      return;
    }
    const problem = await this.#attempt(async () => {
      await this.#patiently(() => this.#restore());
      this.#changeStored((one) => ({ ...one, settled: 'restored' }));
    });
    if (problem === undefined) return;
    this.#warnNotRestored(problem);
    this.#changeStored((one) => ({ ...one, settled: 'left' }));
  }

  /** A driver is ended from outside: nobody watches the candidate from now on. Whoever goes on begins from the start's split. */
  async pause(): Promise<void> {
    const stored = this.#stored;
    if (stored === undefined || stored.settled !== undefined || this.#options.keepSplit) return;
    if (this.#options.objects === undefined) return;
    try {
      const problem = await this.#attempt(() => this.#restore());
      if (problem !== undefined) this.#warnNotRestored(problem);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      // It is ended all the same, with its own exit code: whoever goes on finds what was being written.
      this.#warnLeft(error);
    }
  }

  get #objects(): TrafficObjects {
    const { objects } = this.#options;
    if (objects === undefined) throw new Error('internal error: traffic is moved without objects');
    return objects;
  }

  get #stored(): StoredTraffic | undefined {
    return this.#session.record.traffic;
  }

  #store(traffic: StoredTraffic): void {
    this.#session.changeRecord((record) => ({ ...record, traffic }));
  }

  #changeStored(change: (stored: StoredTraffic) => StoredTraffic): void {
    if (this.#stored !== undefined) this.#store(change(this.#stored));
  }

  #mismatch(stored: StoredTraffic, observed: ReadonlyMap<string, number> | undefined): string | undefined {
    if (observed === undefined) return undefined;
    const since = new Map([...observed].map(([name, n]) => [name, Math.max(0, n - (stored.requests?.[name] ?? 0))]));
    return sharesOutside(sharesBetween(stored.before ?? stored.weights, stored.weights), since);
  }

  async #move(weights: readonly Weight[], signal?: AbortSignal): Promise<void> {
    const stored = this.#stored;
    if (stored === undefined) return;
    const { experiment } = this.#session;
    const fields = await this.#objects.read(experiment, signal);
    const start = fields.map((field) => ({ ...field, value: valueIn(stored.start, field.version) }));
    const values = valuesFor(weights, start, {
      baseline: this.#session.question.baseline?.name,
      most: experiment.spec.strategy.weights.maxCandidateWeight,
      now: fields,
    });
    await this.#write(values, this.#splitAs(fields, values) ?? weights, signal);
  }

  async #restore(): Promise<void> {
    const stored = this.#stored;
    if (stored === undefined) return;
    const { experiment } = this.#session;
    const fields = await this.#objects.read(experiment);
    await this.#write(stored.start, this.#splitAs(fields, stored.start) ?? stored.weights);
  }

  /** How traffic is split by these values: whole pods make other shares than those that were wanted. */
  #splitAs(fields: readonly FieldReading[], values: readonly WeightField[]): readonly Weight[] | undefined {
    const written = fields.map((field) => ({ ...field, value: valueIn(values, field.version) }));
    const split = splitOf(this.#session.experiment, written);
    return split !== undefined && 'weights' in split ? split.weights : undefined;
  }

  /**
   * Also where nothing is to be changed: then it is only seen whether all is as we left it. What an earlier change was writing when
   * it failed, or its driver was killed, is never written again: only what is wanted now.
   */
  async #write(to: readonly WeightField[], weights: readonly Weight[], signal?: AbortSignal): Promise<void> {
    const session = this.#session;
    const stored = this.#stored!;
    const { moving = [] } = stored;
    const isMove = moving.length > 0 || !isSameSplit(to, stored.fields);
    this.#wanted = weights;
    if (isMove) {
      const begun = [...moving.filter((fields) => !isSameSplit(to, fields)), to];
      this.#store({ ...stored, moving: begun.slice(-MOST_BEGUN) });
      await this.#save({ must: true });
    }
    // Saving makes sure that nobody else drives it by now.
    const { over } = this.#options;
    over.throwIfAborted();
    await this.#objects.write(
      session.experiment,
      { from: beforeIn(stored), to, start: stored.start },
      AbortSignal.any([over, ...(signal === undefined ? [] : [signal])]),
    );
    if (!isMove) return;
    const observed = observedRequests(session.experiment, session.record, { sinceStart: true });
    const { moving: _, ...rest } = stored;
    this.#store({
      ...rest,
      fields: to,
      weights,
      steps: [...(stored.steps ?? [stored.weights]), weights].slice(-MOST_STEPS),
      before: stored.weights,
      ...(observed === undefined ? {} : { requests: Object.fromEntries(observed) }),
    });
    await this.#show(weights, stored.weights);
  }

  /** The drive ends by an error: nobody watches the candidate from now on. Nothing can be relied upon but the objects. */
  async rescue(): Promise<void> {
    const stored = this.#stored;
    const { objects, over, keepSplit } = this.#options;
    if (stored === undefined || stored.settled !== undefined || objects === undefined || keepSplit || over.aborted)
      return;
    try {
      await objects.write(this.#session.experiment, { from: beforeIn(stored), to: stored.start }, over);
      this.#session.warn('traffic was put back as it was before the experiment');
    } catch (error) {
      this.#warnLeft(error);
    }
  }

  /** Where the experiment itself cannot be stored any more, the drive is over, and not the experiment a failure. */
  async #save(options: SaveOptions = {}): Promise<void> {
    try {
      await this.#session.save(options);
    } catch (error) {
      if (!(error instanceof UnavailableError)) this.#unsaved = error;
      throw error;
    }
  }

  async #show(weights: readonly Weight[], before: readonly Weight[]): Promise<void> {
    const session = this.#session;
    noteWeights(session, weights);
    const text = `traffic is split ${percents(weights)} (before: ${percents(before)})`;
    session.emit({ kind: 'weights', now: weights, recommended: weights, text });
    await this.#save();
  }

  /** The last change of an experiment waits for an API server that is away. */
  async #patiently(work: () => Promise<void>): Promise<void> {
    const { clock } = this.#session;
    const { ms, giveUp } = this.#options.patience ?? { ms: 0, giveUp: undefined };
    const deadline = clock.monotonicMs() + ms;
    for (;;) {
      try {
        await work();
        return;
      } catch (error) {
        if (!(error instanceof UnavailableError) || giveUp?.aborted !== false || clock.monotonicMs() >= deadline)
          throw error;
        await clock.sleep(ASK_AGAIN_MS, giveUp).catch(() => undefined);
      }
    }
  }

  /**
   * A failure as the experiment's own, with the weights as they really are. An API server that does not answer is none: traffic stays
   * where it is, and is moved the next time; before it is known how it is split, and at the end, the drive is over.
   */
  async #attempt(work: () => Promise<void>, signal?: AbortSignal): Promise<Failure | undefined> {
    try {
      await work();
      return undefined;
    } catch (error) {
      signal?.throwIfAborted();
      if (this.#options.over.aborted) return undefined; // the drive ends at its next step
      if (!(error instanceof Iter8Error) || error === this.#unsaved) throw error;
      if (error instanceof UnavailableError) {
        if (this.#stored === undefined || signal === undefined) throw error;
        this.#session.warn(`traffic stays where it is for now: ${messageOf(error)}`);
        return undefined;
      }
      await this.#showReal();
      return {
        reason: 'WeightRedistributionFailed',
        message: 'Traffic cannot be moved',
        cause: messageOf(error),
        ...(error instanceof ConflictError ? { traffic: 'changed by others' } : {}),
      };
    }
  }

  async #showReal(): Promise<void> {
    const { experiment } = this.#session;
    const fields = await this.#objects.read(experiment).catch(() => []);
    const split = splitOf(experiment, fields);
    if (split === undefined || !('weights' in split)) return;
    this.#session.changeStatus((status) => ({ ...status, currentWeightDistribution: [...split.weights] }));
  }

  /** Nobody knows how it is split now: the last change may have been made, and not answered. */
  #warnLeft(error: unknown): void {
    const { weights, moving = [], steps = [weights] } = this.#stored!;
    const wanted = moving.length > 0 ? this.#wanted : undefined;
    const may = [weights, ...(wanted === undefined ? [] : [wanted])].map(percents);
    const { goOn } = this.#options;
    this.#session.warn(
      `traffic was not put back: ${messageOf(error)}; it may still be split ${[...new Set(may)].join(', or ')} (before the experiment: ${percents(steps[0]!)}); ${goOn === undefined ? 'whoever drives it next goes on from there' : `when that is mended, go on with: ${goOn}`}, or set the weights by hand`,
    );
  }

  #warnNotRestored({ cause = '' }: Pick<Failure, 'cause'>): void {
    const now = this.#session.status.currentWeightDistribution ?? [];
    this.#session.warn(`traffic was not put back: ${cause}; it is split ${percents(now)} now`);
  }
}

/** What the fields may hold by what we did: whoever was killed saved no more of it. */
const beforeIn = ({ fields, moving = [] }: StoredTraffic): readonly (readonly WeightField[])[] => [fields, ...moving];

const fieldOf = ({ version, value }: WeightField): WeightField => ({ version, value });

function percents(weights: readonly Weight[]): string {
  return weights.map(({ name, value }) => `${name} ${formatPercent(value)}`).join(', ');
}
