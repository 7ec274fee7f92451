/**
 * From verdicts to the answer: promote, do not promote, or undecided, each with its reason. Pure.
 * Source: docs/behavior.md 10.
 */
import { formatCount, formatCounted, formatValue } from '../text/units.ts';
import { inOrderOf } from '../experiment/spec-order.ts';
import { lowerBound } from '../evidence/one-sample/rate-bounds.ts';
import { isRedirect, type Tally } from '../evidence/request-tally.ts';
import { combineVerdicts, type LimitAssessment } from './assessment.ts';
import type { ImportedDoubts } from './unknowns-of-other-tools.ts';
import type { Question } from './question/question.ts';
import type { Recommendation } from './recommendation.ts';
import { codesText, confidenceText, openSentence, violatedSentence } from './wording/sentences.ts';
import type { ChangedBuild } from './record/stored-record.ts';
import { changedSentence } from './record/void-measurements.ts';
import type { RewardResult } from './reward/reward-state.ts';
import { versionVerdicts, winnerOf } from './winner.ts';

export interface RecommendFacts {
  readonly assessments: readonly LimitAssessment[];
  /** What was counted of each version as a whole, or of one of its endpoints. */
  readonly tallyOf: (version: string, endpoint?: string) => Tally;
  /** Requests a second that count for a row, for "how long still"; 0 or absent when none are sent. */
  readonly rateOf?: ((row: LimitAssessment) => number) | undefined;
  /** What is known of the reward; absent before the first iteration. */
  readonly reward?: RewardResult | undefined;
  /** A version became another build. */
  readonly changed?: ChangedBuild | undefined;
  /** Another tool has measured it. */
  readonly imported?: ImportedDoubts | undefined;
}

/** Above this share of redirects, or of errors that no objective is about, nothing is promoted. */
const UNJUDGED_SHARE = 0.1;

const REWARD_TO_COME = 'the reward has not been measured yet';

/** The recommendation at this look, with the sentence of its reason first. */
export function recommend(question: Question, facts: RecommendFacts): Recommendation {
  const { assessments, reward } = facts;
  const { versions, baseline, answered } = question;
  if (baseline === undefined)
    return { verdict: 'undecided', keepsBaseline: false, reasons: ['the experiment names no version'] };
  const keepsBaseline = question.pattern !== 'Conformance';
  const about = { version: baseline.name, keepsBaseline };
  if (facts.changed !== undefined) {
    const hint = 'what was measured is void: run it again on one build (strength.onChange: restart does)';
    return { verdict: 'undecided', ...about, reasons: [changedSentence(question, facts.changed), hint] };
  }
  if (assessments.length === 0 && reward === undefined) {
    const why =
      question.reward !== undefined
        ? REWARD_TO_COME
        : 'nothing to judge: the experiment has no objective and no reward';
    return { verdict: 'undecided', ...about, reasons: [why] };
  }
  const verdicts = versionVerdicts(versions, assessments);
  const winner = winnerOf(question, verdicts, reward);
  const isAnswered = (name: string) => answered.some((version) => version.name === name);
  if (winner !== undefined && isAnswered(winner)) {
    const hidden = unjudgedAnswers(question, facts, winner);
    if (hidden !== undefined) return { verdict: 'undecided', ...about, reasons: [hidden] };
    return {
      verdict: 'promote',
      version: winner,
      keepsBaseline: false,
      reasons: satisfiedReasons(question, facts, winner),
    };
  }
  if (answered.every((version) => verdicts.get(version.name) === 'violated')) {
    const violated = assessments.filter((one) => one.verdict === 'violated' && isAnswered(one.version));
    return { verdict: 'do not promote', ...about, reasons: violated.map(violatedSentence) };
  }
  if (reward !== undefined && (winner === baseline.name || reward.state === 'tie'))
    return { verdict: 'do not promote', ...about, reasons: [rewardSentence(question, reward)] };
  return {
    verdict: 'undecided',
    ...about,
    reasons: [...(reward === undefined ? [] : [rewardSentence(question, reward)]), ...openReasons(question, facts)],
  };
}

/** `clicks of v2 is the highest: v1 0.1, v2 0.15`. */
function rewardSentence({ versions }: Question, reward: RewardResult): string {
  const names = versions.map(({ name }) => name);
  const values = inOrderOf(names, reward.values).map(
    ([version, { value }]) => `${version} ${formatValue(value, 'plain')}`,
  );
  return `${reward.reason}${values.length === 0 ? '' : `: ${values.join(', ')}`}`;
}

function satisfiedReasons(question: Question, facts: RecommendFacts, winner: string): string[] {
  const { strength } = question;
  const own = facts.assessments.filter((assessment) => assessment.version === winner);
  const best =
    facts.reward === undefined
      ? []
      : [
          `${rewardSentence(question, facts.reward)}${strength.confidence === 'none' ? '' : `, with ${confidenceText(strength.confidence)} confidence`}`,
        ];
  if (own.length === 0) return best;
  const objectives = new Set(own.map((assessment) => assessment.objective)).size;
  const which =
    objectives === 1 ? 'the objective is satisfied' : `all ${formatCount(objectives)} objectives are satisfied`;
  // Backends count requests that are not ours, each metric its own.
  const sent = facts.tallyOf(winner).response.n;
  const requests = sent > 0 ? sent : Math.min(...own.map(({ n }) => n));
  const confident = new Set(own.filter(({ method }) => method !== 'exact').map(({ objective }) => objective)).size;
  const how =
    strength.confidence === 'none'
      ? 'point values compared, no confidence asked for'
      : howSure(objectives, confident, strength.confidence);
  const reasons = [...best, `${which}, ${how}${requests > 0 ? `, after ${formatCounted(requests, 'request')}` : ''}`];
  if (confident > 0 && own.some(({ method }) => method === 'exact') && strength.confidence !== 'none')
    reasons.push('limits on counts and rates of 0 are observed, without a stated confidence');
  return reasons;
}

/** What is compared exactly carries no guarantee (docs/method.md 0.3). */
function howSure(objectives: number, confident: number, confidence: number): string {
  if (confident === 0) return 'observed without a stated confidence';
  const ofThem = confident === objectives ? '' : `${formatCount(confident)} of them `;
  return `${ofThem}${confident === 1 ? '' : 'each '}with ${confidenceText(confidence)} confidence`;
}

/** Why it is open: what needs most first. */
function openReasons({ answered, versions, reward }: Question, facts: RecommendFacts): string[] {
  const names = new Set(answered.map(({ name }) => name));
  const most = ({ requestsNeeded }: LimitAssessment) =>
    typeof requestsNeeded === 'number' ? requestsNeeded : Number.MAX_VALUE;
  const sentences = facts.assessments
    .filter(({ verdict, version }) => verdict === 'undecided' && names.has(version))
    .toSorted((a, b) => most(b) - most(a))
    .map((one) => openSentence(one, { ratePerSec: facts.rateOf?.(one), several: versions.length > 1 }));
  const reasons = [...new Set(sentences)];
  if (reasons.length > 0 || facts.reward !== undefined) return reasons;
  return [reward === undefined ? 'no candidate satisfies every objective' : REWARD_TO_COME];
}

/**
 * The sentence that withholds `promote` once redirects, which nobody followed, and errors, where no objective is about them, are
 * shown to exceed 10 % together: a fast 503 passes no latency objective, and a redirect is not the answer that was asked for.
 * Undefined when nothing is hidden.
 */
function unjudgedAnswers(question: Question, facts: RecommendFacts, version: string): string | undefined {
  const { alpha = 0.05 } = question;
  const tally = facts.tallyOf(version);
  // Where each hop is a request, and of real traffic, a redirect is followed, and a 304 the answer that was asked for.
  const isCached = (code: string) => facts.imported !== undefined && code === '304';
  const redirects =
    facts.imported?.hops !== true
      ? Object.entries(tally.codes).reduce(
          (sum, [code, count]) => (isRedirect(code) && !isCached(code) ? sum + count : sum),
          0,
        )
      : 0;
  const { n } = tally.service;
  const { errors, isPart } = unlimitedErrors(question, facts, version);
  const bad = Math.min(n, redirects + errors);
  if (n === 0 || lowerBound({ n, bad }, Math.log(1 / alpha)) <= UNJUDGED_SHARE) return undefined;
  const counted = `${formatCount(bad)} of ${formatCounted(n, 'request')} to ${version}`;
  const were = bad === 1 ? 'was' : 'were';
  const codes = codesText(tally.codes);
  if (errors === 0)
    return `${counted} ${were} answered by redirects, which are not followed (${codes}); send the load to where they lead`;
  const about = isPart ? 'no objective is about errors of the other endpoints' : 'no objective is about errors';
  return `${about}, and ${counted} ${were} errors or redirects (${codes}); add an objective on error-rate`;
}

/** Errors that no limit of the version bounds. One on an endpoint is about the errors of that endpoint alone (`isPart`). */
function unlimitedErrors(
  { limits, relative, baseline }: Question,
  { tallyOf }: RecommendFacts,
  version: string,
): { readonly errors: number; readonly isPart: boolean } {
  const absolute = limits.filter(
    ({ quantity: { kind }, side }) => side === 'upper' && (kind === 'error-rate' || kind === 'error-count'),
  );
  const compared = version === baseline?.name ? [] : relative.filter(({ quantity: { kind } }) => kind === 'error-rate');
  const limited = new Set([...absolute, ...compared].map(({ endpoint }) => endpoint));
  const errors = (endpoint?: string) => tallyOf(version, endpoint).service.errors;
  if (limited.has(undefined)) return { errors: 0, isPart: false };
  const bounded = [...limited].reduce((sum, endpoint) => sum + errors(endpoint), 0);
  return { errors: Math.max(0, errors() - bounded), isPart: limited.size > 0 };
}

/** Whether every objective of every version that the answer is about is satisfied, violated somewhere, or open: for `assert`. */
export function overallVerdict(
  answered: readonly { readonly name: string }[],
  assessments: readonly LimitAssessment[],
) {
  return combineVerdicts(
    assessments.filter((one) => answered.some(({ name }) => name === one.version)).map((one) => one.verdict),
  );
}
