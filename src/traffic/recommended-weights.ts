/**
 * Where traffic should go next: recommended, whether or not something moves it. Pure.
 *
 * For weights, and for nothing else, "best" is by present point values: of the versions that are not violated the one that the
 * pattern prefers (docs/contract.md 6, docs/behavior.md 6). The verdict never uses them.
 */
import type { Experiment, Weight } from '../experiment/experiment.ts';
import { topTwoShares } from './bandit-shares.ts';
import { nextBanditWeights } from './bandit-guard-rails.ts';
import { blueGreenWeights } from './traffic-plan.ts';
import type { Contest } from '../evidence/two-versions/best-version.ts';
import { nextWeights } from './progressive-weights.ts';
import type { LimitAssessment } from '../judge/assessment.ts';
import type { JudgedVersion, Question } from '../judge/question/question.ts';
import type { Iter8Record } from '../judge/record/stored-record.ts';
import type { RewardResult, RewardState } from '../judge/reward/reward-state.ts';
import { versionVerdicts } from '../judge/winner.ts';

export interface WeightFacts {
  readonly assessments: readonly LimitAssessment[];
  readonly reward?: RewardState | undefined;
  readonly rewardResult?: RewardResult | undefined;
  /** Custom metrics as last measured: a value that could not be measured again is kept, but is no data of this iteration. */
  readonly measured?: Iter8Record['measured'];
  /** The split that we made; absent: that of the status. Pods make of it what whole pods allow. */
  readonly present?: readonly Weight[] | undefined;
  /** Makes the bandit repeatable; another one for each iteration. */
  readonly seed: number;
}

export function recommendedWeights(experiment: Experiment, question: Question, facts: WeightFacts): Weight[] {
  const { strategy } = experiment.spec;
  const present = facts.present ?? experiment.status?.currentWeightDistribution ?? [];
  if (strategy.testingPattern === 'Conformance') return [];
  if (strategy.deploymentPattern === 'FixedSplit') return [...present];
  const limits = strategy.weights;
  const verdicts = versionVerdicts(question.versions, facts.assessments);
  if (strategy.deploymentPattern === 'BlueGreen') return blueGreenWeights(experiment, verdicts);
  const needed = neededMetrics(experiment, question);
  const versions = question.versions.map(({ name, role }) => ({
    name,
    role,
    presentPercent: present.find((weight) => weight.name === name)?.value,
    hasData: hasData(name, needed, facts),
    alarm: verdicts.get(name) === 'violated',
    satisfied: verdicts.get(name) === 'satisfied',
  }));
  const contest = facts.reward?.contest;
  const weights =
    question.strength.policy === 'bandit' && contest !== undefined
      ? nextBanditWeights({
          versions,
          limits,
          shares: banditShares(
            contest,
            new Set(versions.filter(({ alarm }) => !alarm).map(({ name }) => name)),
            facts.seed,
          ),
        })
      : nextWeights({ versions, limits, best: new Set(bestOf(question, facts)) });
  return versions.map(({ name }) => ({ name, value: weights.get(name) ?? 0 }));
}

/**
 * Of the versions that may have traffic: one with an alarm gets none, and as an arm it would take the part of the second best. Sums
 * are taken for hits of the cap, the least that can be known of them: the bandit is slower for it, never bolder.
 */
function banditShares({ rules, totals }: Contest, live: ReadonlySet<string>, seed: number): Map<string, number> {
  const cap = rules.reward.kind === 'share' ? 1 : rules.reward.cap;
  const arms = rules.versions.map((name, index) => ({ name, n: totals[index]!.n, sum: totals[index]!.sum / cap }));
  return topTwoShares(
    arms.filter(({ name }) => live.has(name)),
    { reward: 'share', preferred: rules.preferred, seed },
  );
}

/** In this iteration: what is kept from before raises nobody, and what is only reported holds nobody back. */
function hasData(version: string, needed: ReadonlySet<string>, facts: WeightFacts): boolean {
  const { assessments, rewardResult, measured = {} } = facts;
  const values = Object.entries(measured).map(([metric, byVersion]) => ({ metric, ...byVersion[version] }));
  const isMissing = values.some(({ metric, failure }) => failure !== undefined && needed.has(metric));
  const isKnown =
    rewardResult?.values[version] !== undefined ||
    assessments.some((one) => one.version === version && one.estimate !== undefined && one.reason !== 'stale') ||
    // A baseline that candidates are only compared with has no rows of its own.
    values.some(({ n = 0, failure }) => n > 0 && failure === undefined);
  return isKnown && !isMissing;
}

/** Metrics that say something of who may have traffic: what is judged, and whether requests follow their weights. */
function neededMetrics({ spec }: Experiment, { limits, relative, reward }: Question): ReadonlySet<string> {
  const { requestCount } = spec.criteria;
  const judged = [...limits, ...relative, ...(reward === undefined ? [] : [reward])].map(({ metric }) => metric);
  return new Set([...judged, ...(requestCount === undefined ? [] : [requestCount])]);
}

/** The baseline while nobody else is known to be as good. */
function bestOf({ pattern, versions }: Question, facts: WeightFacts): string[] {
  const feasible = versions.filter((version) => isFeasible(version, facts)).map(({ name }) => name);
  if (pattern === 'Canary') {
    const candidate = versions.find(({ role }) => role === 'candidate')?.name;
    return candidate !== undefined && feasible.includes(candidate) ? [candidate] : [];
  }
  return (facts.rewardResult?.best ?? []).filter((name) => feasible.includes(name));
}

/** No objective is violated, and every one that has a value has it on the right side of its limit. */
function isFeasible({ name }: JudgedVersion, { assessments }: WeightFacts): boolean {
  const own = assessments.filter(({ version }) => version === name);
  return own.every(
    ({ verdict, estimate, side, limit }) =>
      verdict !== 'violated' && estimate !== undefined && (side === 'upper' ? estimate <= limit : estimate >= limit),
  );
}
