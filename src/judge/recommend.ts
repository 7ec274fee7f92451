/** From verdicts to the answer: promote, do not promote, or undecided, each with its reason. Pure. Source: product.md 4. */
import type { TestingPattern } from '../experiment/experiment.ts';
import { formatValue } from '../text/units.ts';
import { lowerBound } from '../evidence/one-sample/rate.ts';
import type { Tally } from '../evidence/request-tally.ts';
import { combineVerdicts, type LimitAssessment } from './assessment.ts';
import type { JudgedVersion } from './question.ts';
import type { Recommendation } from './recommendation.ts';
import {
  codesText,
  confidenceText,
  countText,
  openSentence,
  shortName,
  violatedSentence,
} from './wording/sentences.ts';
import type { RewardResult } from './reward/reward.ts';
import { versionVerdicts, winnerOf } from './winner.ts';

export interface RecommendFacts {
  readonly pattern: TestingPattern;
  readonly versions: readonly JudgedVersion[];
  readonly assessments: readonly LimitAssessment[];
  readonly confidence: number | 'none';
  /** What was counted of each version as a whole. */
  readonly tallyOf: (version: string) => Tally;
  /** Requests a second, for "how long still"; 0 or absent when no load runs. */
  readonly ratePerSec?: number | undefined;
  /** There is at least one reward. */
  readonly hasRewards: boolean;
  /** What is known of it; absent before the first iteration. */
  readonly reward?: RewardResult | undefined;
  readonly noData?: 'undecided' | 'violated' | undefined;
}

/** Above this share of errors and redirects nothing is promoted that has no objective about errors. */
const UNJUDGED_ERRORS = 0.1;

/** The recommendation at this look, with the sentence of its reason first. */
export function recommend(facts: RecommendFacts): Recommendation {
  const { pattern, versions, assessments } = facts;
  const baseline = versions.find((version) => version.role === 'baseline');
  if (baseline === undefined)
    return { verdict: 'undecided', keepsBaseline: false, reasons: ['the experiment names no version'] };
  const keepsBaseline = pattern !== 'Conformance';
  if (assessments.length === 0 && facts.reward === undefined) {
    const why = facts.hasRewards
      ? 'the reward has not been measured yet'
      : 'nothing to judge: the experiment has no objective and no reward';
    return { verdict: 'undecided', version: baseline.name, keepsBaseline, reasons: [why] };
  }
  const verdicts = versionVerdicts(versions, assessments);
  const winner = winnerOf(pattern, versions, verdicts, facts.reward);
  const judged = pattern === 'Conformance' ? versions : versions.filter((version) => version.role === 'candidate');

  if (winner !== undefined && judged.some((version) => version.name === winner)) {
    const hidden = unjudgedErrors(facts, winner);
    if (hidden !== undefined) return { verdict: 'undecided', version: baseline.name, keepsBaseline, reasons: [hidden] };
    return { verdict: 'promote', version: winner, keepsBaseline: false, reasons: satisfiedReasons(facts, winner) };
  }
  if (judged.every((version) => verdicts.get(version.name) === 'violated')) {
    const violated = assessments.filter(
      (one) => one.verdict === 'violated' && judged.some((version) => version.name === one.version),
    );
    return {
      verdict: 'do not promote',
      version: baseline.name,
      keepsBaseline,
      reasons: violated.map(violatedSentence),
    };
  }
  const { reward } = facts;
  if (reward !== undefined && (winner === baseline.name || reward.state === 'tie'))
    return { verdict: 'do not promote', version: baseline.name, keepsBaseline, reasons: [rewardSentence(reward)] };
  return {
    verdict: 'undecided',
    version: baseline.name,
    keepsBaseline,
    reasons: [...(reward === undefined ? [] : [rewardSentence(reward)]), ...openReasons(facts, judged)],
  };
}

/** `clicks of v2 is the highest: v1 0.1, v2 0.15`. */
function rewardSentence(reward: RewardResult): string {
  const values = Object.entries(reward.values).map(
    ([version, { value }]) => `${version} ${formatValue(value, 'plain')}`,
  );
  return `${reward.reason}${values.length === 0 ? '' : `: ${values.join(', ')}`}`;
}

function satisfiedReasons(facts: RecommendFacts, winner: string): string[] {
  const own = facts.assessments.filter((assessment) => assessment.version === winner);
  const best =
    facts.reward === undefined
      ? []
      : [
          `${rewardSentence(facts.reward)}${facts.confidence === 'none' ? '' : `, with ${confidenceText(facts.confidence)} confidence`}`,
        ];
  if (own.length === 0) return best;
  const objectives = new Set(own.map((assessment) => assessment.objective)).size;
  const which = objectives === 1 ? 'the objective is satisfied' : `all ${objectives} objectives are satisfied`;
  // Backends count requests that are not ours, each metric its own.
  const sent = facts.tallyOf(winner).response.n;
  const requests = sent > 0 ? sent : Math.min(...own.map(({ n }) => n));
  const exact = own.some((assessment) => assessment.method === 'exact');
  const how =
    facts.confidence === 'none'
      ? 'point values compared, no confidence asked for'
      : `each with ${confidenceText(facts.confidence)} confidence`;
  const reasons = [...best, `${which}, ${how}${requests > 0 ? `, after ${countText(requests)} requests` : ''}`];
  if (exact && facts.confidence !== 'none')
    reasons.push('limits on counts and rates of 0 are observed, without a stated confidence');
  return reasons;
}

/** Why it is open: what is violated already, then what needs more, the slowest first. */
function openReasons(facts: RecommendFacts, judged: readonly JudgedVersion[]): string[] {
  const names = new Set(judged.map((version) => version.name));
  const open = facts.assessments
    .filter((assessment) => assessment.verdict === 'undecided' && names.has(assessment.version))
    .toSorted(
      (a, b) => (b.requestsNeeded ?? Number.POSITIVE_INFINITY) - (a.requestsNeeded ?? Number.POSITIVE_INFINITY),
    );
  const sentences = open.map((assessment) =>
    openSentence(assessment, { ratePerSec: facts.ratePerSec, several: facts.versions.length > 1 }),
  );
  const reasons = [...new Set(sentences)];
  return reasons.length > 0 || facts.reward !== undefined ? reasons : ['no candidate satisfies every objective'];
}

/**
 * Where no objective is about errors: the sentence that withholds `promote`, once errors or redirects are shown to exceed
 * 10 %, so that a fast 503 passes no latency objective. Undefined when nothing is hidden.
 */
function unjudgedErrors(facts: RecommendFacts, version: string): string | undefined {
  const aboutErrors = facts.assessments.some((one) => /^error-(rate|count)(\/|$)/.test(shortName(one.metric)));
  if (aboutErrors) return undefined;
  const tally = facts.tallyOf(version);
  const redirects = Object.entries(tally.codes).reduce(
    (sum, [code, count]) => (/^3\d\d$/.test(code) ? sum + count : sum),
    0,
  );
  const count = { n: tally.service.n, bad: Math.min(tally.service.n, tally.service.errors + redirects) };
  const alpha = facts.confidence === 'none' ? 0.05 : 1 - facts.confidence;
  if (count.n === 0 || lowerBound(count, Math.log(1 / alpha)) <= UNJUDGED_ERRORS) return undefined;
  return `no objective is about errors, and ${countText(count.bad)} of ${countText(count.n)} requests to ${version} were errors or redirects (${codesText(tally.codes)}); add an objective on error-rate`;
}

/** Whether every objective of every judged version is satisfied, violated somewhere, or open: for `assert`. */
export function overallVerdict(
  versions: readonly JudgedVersion[],
  pattern: TestingPattern,
  assessments: readonly LimitAssessment[],
) {
  const judged = pattern === 'Conformance' ? versions : versions.filter((version) => version.role === 'candidate');
  return combineVerdicts(
    assessments.filter((one) => judged.some((version) => version.name === one.version)).map((one) => one.verdict),
  );
}
