/** The looks at the evidence while a load is under way: verdicts each time, bounds, which cost far more, once a second. */
import { assessmentKey, type LimitAssessment } from '../../judge/assessment.ts';
import type { Judgement } from '../../judge/judgement.ts';

const BOUNDS_EVERY_MS = 1_000;

export class Looks {
  readonly #judge: (withBounds: boolean) => Judgement;
  #last: Judgement | undefined;
  #lastBoundsMs = Number.NEGATIVE_INFINITY;

  constructor(judge: (withBounds: boolean) => Judgement) {
    this.#judge = judge;
  }

  look(how: {
    readonly nowMs: number;
    /** This look is stored, or the last one. */
    readonly withBounds: boolean;
    /** What is reported of a verdict has bounds of its own. */
    readonly isNews: (assessments: readonly LimitAssessment[]) => boolean;
  }): Judgement {
    const before = this.#last?.assessments ?? [];
    const isDue = how.withBounds || how.nowMs - this.#lastBoundsMs >= BOUNDS_EVERY_MS;
    if (isDue) this.#lastBoundsMs = how.nowMs;
    let judgement = this.#judge(isDue);
    if (!isDue) {
      judgement = how.isNews(judgement.assessments)
        ? this.#judge(true)
        : { ...judgement, assessments: withOldBounds(judgement.assessments, before) };
    }
    this.#last = judgement;
    return judgement;
  }
}

/** Bounds of an earlier look beside the estimates of this one. */
function withOldBounds(now: readonly LimitAssessment[], before: readonly LimitAssessment[]): LimitAssessment[] {
  return now.map((one, index) => {
    const old = before[index];
    if (old === undefined || assessmentKey(old) !== assessmentKey(one) || old.verdict !== one.verdict) return one;
    return {
      ...one,
      ...(old.lower === undefined ? {} : { lower: old.lower }),
      ...(old.upper === undefined ? {} : { upper: old.upper }),
      ...(old.requestsNeeded === undefined ? {} : { requestsNeeded: old.requestsNeeded }),
    };
  });
}
