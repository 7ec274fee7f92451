/** Steers the load of one collect task: how much each version gets, when the plan is done, and when everything ends. */
import type { CollectInputs } from '../../experiment/tasks/collect-inputs.ts';
import type { LimitAssessment } from '../../judge/assessment.ts';
import type { Judgement } from '../../judge/judgement.ts';
import { parseMetricName } from '../../experiment/metric-names.ts';
import { loadedBy, partOf, type LoadedVersions } from '../../judge/question/planned-load.ts';
import type { LoadReport, LoadRun } from '../ports.ts';
import type { Session } from '../session.ts';
import { capFor, isDecided, versionsInNeed, type Budget } from './extension.ts';

/** Differences of times are not exact. */
const CLOCK_ERROR_SECONDS = 1e-6;

export interface SteeringOptions {
  readonly inputs: CollectInputs;
  readonly judged: ReadonlySet<string>;
  /** By earlier drivers of this task. */
  readonly requestsBefore: (version: string) => number;
  /** By this one, in closed slices; undefined where nobody counts. */
  readonly requestsSince: (version: string) => number | undefined;
}

export class Steering {
  readonly budget: Budget;
  readonly #session: Session;
  readonly #options: SteeringOptions;
  readonly #loaded: LoadedVersions;

  constructor(session: Session, options: SteeringOptions) {
    const { inputs, judged } = options;
    this.#session = session;
    this.#options = options;
    this.#loaded = loadedBy(inputs, judged);
    const { strength } = session.question;
    this.budget = {
      plannedRequests: inputs.plannedRequests,
      maxRequests: strength.maxRequests,
      maxSeconds: strength.maxSeconds,
      // A closed loop that is bounded by a time ends with it.
      extend:
        strength.extend && strength.confidence !== 'none' && judged.size > 0 && inputs.plannedSeconds === undefined,
      stopEarly: strength.stopEarly && judged.size > 0,
    };
  }

  /** Planned requests that no driver has sent yet, of the version that has most of them left. */
  get plannedLeft(): number {
    return Math.max(0, ...this.plannedCaps.values());
  }

  /** Planned requests of each version that no driver has sent yet. */
  get plannedCaps(): ReadonlyMap<string, number> {
    const { inputs } = this.#options;
    return new Map(inputs.versions.map(({ name }) => [name, this.#left(name, this.budget.plannedRequests)]));
  }

  /**
   * The planned part has been sent and resolved, and is what is judged: requests of the extension may be answered before it is.
   * `seconds`: of load, over all drivers.
   */
  isPlanDone({ state, progress }: LoadReport, seconds: number): boolean {
    const { requestsSince, inputs } = this.#options;
    const { plannedSeconds } = inputs;
    if (plannedSeconds !== undefined) {
      const isResolved =
        state === 'drained' || (state === 'ended' && progress.every((one) => one.resolved === one.sent));
      return isResolved && seconds >= plannedSeconds - CLOCK_ERROR_SECONDS;
    }
    return progress.every(
      ({ version, resolved }) => (requestsSince(version) ?? resolved) >= this.#plannedLeftOf(version),
    );
  }

  /** Of the requests of a version, the part that counts for a row: of an endpoint, with those of the baseline; 0: none. */
  partFor({ version, metric, relative }: LimitAssessment): number {
    const { endpoint } = parseMetricName(metric, this.#session.experiment.metadata.namespace);
    if (relative === undefined) return partOf(this.#loaded, [version], endpoint);
    return this.#options.inputs.qps === 0 ? 0 : partOf(this.#loaded, [version, relative.to], endpoint);
  }

  /** More load could change the recommendation. */
  wantsMore(judgement: Judgement): boolean {
    return this.budget.extend && this.#inNeed(judgement).size > 0;
  }

  /** Beyond the plan. */
  isExtending(report: LoadReport, judgement: Judgement): boolean {
    return (
      Number.isFinite(this.plannedLeft) &&
      report.progress.every(({ version, sent }) => sent >= this.#plannedLeftOf(version)) &&
      this.wantsMore(judgement)
    );
  }

  /** Gives every version its cap, and ends the load when nobody is to get more; true when this was the last word. */
  steer(run: LoadRun, report: LoadReport, now: { readonly judgement: Judgement; readonly seconds: number }): boolean {
    const caps = this.#caps(now.judgement, now.seconds);
    run.setCaps(caps);
    if (report.state === 'ended') return true;
    if (report.state !== 'drained') return false;
    // The generator drains only when each version has what its cap allowed: whoever is to get more was just given more.
    const goesOn =
      this.#options.inputs.plannedSeconds === undefined &&
      report.progress.some(({ version, sent }) => (caps.get(version) ?? 0) > sent);
    if (!goesOn) run.finish();
    return !goesOn;
  }

  #caps(judgement: Judgement, seconds: number): ReadonlyMap<string, number> {
    const { inputs } = this.#options;
    const question = this.#question(judgement.assessments);
    const now = { elapsedSeconds: seconds, inNeed: this.#inNeed(judgement), decided: isDecided(question) };
    return new Map(
      inputs.versions.map(({ name }) => {
        const maxRequests = this.#left(name, this.budget.maxRequests);
        return [name, capFor(name, { ...this.budget, plannedRequests: this.#plannedLeftOf(name), maxRequests }, now)];
      }),
    );
  }

  /** Of the versions that this task loads: what others need, it cannot give. */
  #inNeed({ assessments }: Judgement): Set<string> {
    const countsFor = (row: LimitAssessment) => this.partFor(row) > 0;
    const inNeed = versionsInNeed({ ...this.#question(assessments), countsFor });
    return new Set([...inNeed].filter((name) => this.#options.judged.has(name)));
  }

  #plannedLeftOf(version: string): number {
    return this.#left(version, this.budget.plannedRequests);
  }

  #left(version: string, requests: number): number {
    return Math.max(0, requests - this.#options.requestsBefore(version));
  }

  #question(assessments: readonly LimitAssessment[]) {
    const { question } = this.#session;
    return { question, assessments, rewardIsOpen: question.reward !== undefined };
  }
}
