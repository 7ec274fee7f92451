/**
 * How much load each version gets: the plan, and more while that can change the recommendation (docs/behavior.md 5).
 * Pure.
 */
import { combineVerdicts, type LimitAssessment, type UndecidedReason } from '../../judge/assessment.ts';
import { isNoValueReason } from '../../judge/no-value-reasons.ts';
import type { Question } from '../../judge/question/question.ts';

/** Reasons that more requests can remove. Exact comparisons wait for the plan, not for more load. */
const CURED_BY_LOAD: ReadonlySet<UndecidedReason> = new Set([
  'no-traffic',
  'too-few-requests',
  'too-early',
  'not-enough-evidence',
]);

export interface ExtensionQuestion {
  readonly question: Pick<Question, 'pattern' | 'versions'>;
  readonly assessments: readonly LimitAssessment[];
  /** Another iteration may show who has the best reward. */
  readonly rewardIsOpen?: boolean | undefined;
  /** Requests of the load in question count for this row; absent: for every row. */
  readonly countsFor?: ((row: LimitAssessment) => boolean) | undefined;
}

/** The versions whose verdict is open, would be helped by more load, and matters for the recommendation. */
export function versionsInNeed({ question, assessments, countsFor }: ExtensionQuestion): Set<string> {
  const { pattern, versions } = question;
  // Time passes with whatever is sent.
  const isHelped = (row: LimitAssessment) =>
    row.backend !== true &&
    row.reason !== undefined &&
    CURED_BY_LOAD.has(row.reason) &&
    (row.reason === 'too-early' || countsFor?.(row) !== false);
  const own = (version: string) => assessments.filter((assessment) => assessment.version === version);
  const verdicts = new Map(versions.map(({ name }) => [name, combineVerdicts(own(name).map((one) => one.verdict))]));
  const candidates = versions.filter((version) => version.role === 'candidate');
  // Once every candidate is violated the baseline is kept, whatever else is measured.
  if (candidates.length > 0 && candidates.every(({ name }) => verdicts.get(name) === 'violated')) return new Set();
  const settled = pattern === 'Canary' && candidates.every(({ name }) => verdicts.get(name) === 'satisfied');
  const inNeed = new Set(
    versions
      .filter(({ name, role }) => {
        if (verdicts.get(name) === 'violated') return false;
        if (role === 'baseline' && settled) return false;
        return own(name).some(isHelped);
      })
      .map(({ name }) => name),
  );
  // What is compared must be seen at the same times: as long as a candidate gets load, so does the baseline.
  const compared = assessments.some(
    ({ relative, version, backend }) => relative !== undefined && backend !== true && inNeed.has(version),
  );
  const baseline = versions.find(({ role }) => role === 'baseline');
  if (compared && baseline !== undefined) inNeed.add(baseline.name);
  return inNeed;
}

/** Reasons that another measurement of a custom metric can remove. */
const CURED_BY_MEASURING: ReadonlySet<UndecidedReason> = new Set([
  ...CURED_BY_LOAD,
  'measuring-not-done',
  'all-under-way',
  'stale',
  'metric-unavailable',
]);

/** A custom metric of a version that is not violated anyway may still be decided by a later iteration. */
function isOpenToMeasuring({ assessments }: ExtensionQuestion): boolean {
  const violated = violatedVersions(assessments);
  return assessments.some(
    ({ backend, reason, version }) =>
      backend === true &&
      !violated.has(version) &&
      reason !== undefined &&
      (CURED_BY_MEASURING.has(reason) || isNoValueReason(reason)),
  );
}

/** Everything that can be decided is decided: nothing undecided is left that time, load or the plan's end could change. */
export function isDecided(question: ExtensionQuestion): boolean {
  if (question.rewardIsOpen === true || isOpenToMeasuring(question)) return false;
  const violated = violatedVersions(question.assessments);
  const waitsForPlan = question.assessments.some(
    ({ version, reason }) => reason === 'plan-not-done' && !violated.has(version),
  );
  return !waitsForPlan && versionsInNeed(question).size === 0;
}

function violatedVersions(assessments: readonly LimitAssessment[]): Set<string> {
  return new Set(assessments.filter(({ verdict }) => verdict === 'violated').map(({ version }) => version));
}

export interface Budget {
  readonly plannedRequests: number;
  /** From the start of the task. */
  readonly maxRequests: number;
  readonly maxSeconds: number;
  readonly extend: boolean;
  readonly stopEarly: boolean;
}

/** How many requests a version gets, as far as can be said now. */
export function capFor(
  version: string,
  { plannedRequests, maxRequests, maxSeconds, extend, stopEarly }: Budget,
  now: { readonly elapsedSeconds: number; readonly inNeed: ReadonlySet<string>; readonly decided: boolean },
): number {
  if (stopEarly && now.decided) return 0;
  const more = extend && now.elapsedSeconds < maxSeconds && now.inNeed.has(version);
  return more ? Math.max(plannedRequests, maxRequests) : plannedRequests;
}
