/** The answer to the one question: may this version be promoted? Source: docs/behavior.md 10. */

/** `promote` names the version to promote; `keep` and `undecided` the one to keep (Conformance: the version judged). */
export type RecommendationKind = 'promote' | 'do not promote' | 'undecided' | 'failed';

export interface Recommendation {
  readonly verdict: RecommendationKind;
  /** The version that the line is about; absent when there is none (no versionInfo). */
  readonly version?: string | undefined;
  /** True when `version` is the baseline to be kept rather than the version judged. */
  readonly keepsBaseline: boolean;
  /** One sentence with its evidence, then what else is worth knowing, most important first. Never empty. */
  readonly reasons: readonly string[];
}

/** The first line of every answer, e.g. `promote hello-v2`, `undecided: keep hello-v1 for now`. */
export function headline(recommendation: Recommendation, experimentName: string): string {
  const { verdict, version, keepsBaseline } = recommendation;
  switch (verdict) {
    case 'promote':
      return `promote ${version ?? ''}`.trimEnd();
    case 'do not promote':
      if (version === undefined) return 'do not promote';
      return keepsBaseline ? `do not promote: keep ${version}` : `do not promote ${version}`;
    case 'undecided':
      if (version === undefined) return 'undecided';
      return keepsBaseline ? `undecided: keep ${version} for now` : `undecided: ${version}`;
    case 'failed':
      return `failed: ${experimentName} could not be judged`;
  }
}
