/**
 * Which changes of verdicts are reported. Nothing that is judged is sticky: near its threshold a verdict may come and go with
 * every answer. A change is reported once it has lasted, and each state once, over all tasks and iterations of an experiment.
 */
import { assessmentKey, type LimitAssessment, type Verdict } from '../judge/assessment.ts';

/** How long a change has to last while load is under way, ms. */
const LASTS_MS = 1_000;

export interface VerdictChange {
  readonly assessment: LimitAssessment;
  readonly before: Verdict;
}

export class VerdictReports {
  readonly #reported: Map<string, Verdict>;
  /** Changes that have not lasted yet. */
  #pending = new Map<string, { readonly verdict: Verdict; readonly sinceMs: number }>();

  /** `reported`: what an earlier driver left. */
  constructor(reported: readonly LimitAssessment[]) {
    this.#reported = new Map(reported.map((one) => [assessmentKey(one), one.verdict]));
  }

  /** Whether one of these is another than was reported. */
  differ(assessments: readonly LimitAssessment[]): boolean {
    return assessments.some((one) => this.#of(assessmentKey(one)) !== one.verdict);
  }

  /** The changes that are to be reported now. `final`: nothing that is under way can take them back. */
  take(
    assessments: readonly LimitAssessment[],
    now: { readonly atMs: number; readonly final: boolean },
  ): VerdictChange[] {
    const pending = this.#pending;
    this.#pending = new Map();
    return assessments.flatMap((assessment) => {
      const key = assessmentKey(assessment);
      const before = this.#of(key);
      const { verdict } = assessment;
      if (before === verdict) return [];
      const known = pending.get(key);
      const sinceMs = known?.verdict === verdict ? known.sinceMs : now.atMs;
      if (!now.final && now.atMs - sinceMs < LASTS_MS) {
        this.#pending.set(key, { verdict, sinceMs });
        return [];
      }
      this.#reported.set(key, verdict);
      return [{ assessment, before }];
    });
  }

  #of(key: string): Verdict {
    return this.#reported.get(key) ?? 'undecided';
  }
}
