/** What is known of an experiment at one look: its judge, filled from what was recorded, and what follows from its rows. Pure. */
import type { Experiment } from '../experiment/experiment.ts';
import type { LimitAssessment } from './assessment.ts';
import type { Look } from './finding.ts';
import { Judge } from './judge.ts';
import { compileQuestion, type Question } from './question/question.ts';
import { recommend, type RecommendFacts } from './recommend.ts';
import type { Recommendation } from './recommendation.ts';
import { hasLoadEndedEarly } from './record/load-to-come.ts';
import { countedPairs, countedScopes, readTally, scopeOfPairs, type Iter8Record } from './record/stored-record.ts';
import { judgeReward } from './reward/reward.ts';
import type { RewardResult } from './reward/reward-state.ts';
import { voidedReward, voidedRow } from './record/void-measurements.ts';
import { versionVerdicts } from './winner.ts';

/** What is asked, with the settings that flags of `run` put over those of the spec. */
export function questionOf(experiment: Experiment, record: Pick<Iter8Record, 'strength'>): Question {
  return compileQuestion(experiment, record.strength);
}

/** A judge that knows everything counted so far, of finished tasks and of checkpoints. */
export function judgeOf(question: Question, record: Iter8Record): Judge {
  const judge = new Judge(question);
  for (const scope of countedScopes(record)) judge.add(scope, readTally(scope.tally));
  for (const [key, pairs] of Object.entries(countedPairs(record))) {
    judge.addPairTally(scopeOfPairs(key), pairs);
  }
  for (const [metric, versions] of Object.entries(record.measured ?? {}))
    for (const [version, measured] of Object.entries(versions)) judge.setMeasured(version, metric, measured);
  for (const [version, blocks] of Object.entries(record.liveBlocks ?? {})) judge.setLiveBlocks(version, blocks);
  return judge;
}

export interface Judgement {
  readonly assessments: readonly LimitAssessment[];
  readonly recommendation: Recommendation;
  readonly reward?: RewardResult | undefined;
}

/** What is known at this look. `rateOf` says how long "requests still needed" would take. */
export function judgementAt(
  question: Question,
  record: Iter8Record,
  judge: Judge,
  { rateOf, ...taken }: Look & Pick<RecommendFacts, 'rateOf'>,
): Judgement {
  const look = { ...taken, planDone: taken.planDone && !hasLoadEndedEarly(record) };
  const { changed } = record;
  const found = judge.look(look);
  const assessments = changed === undefined ? found : found.map((row) => voidedRow(question, changed, row));
  const reward = rewardAt(question, record, judge, { assessments, look });
  return {
    assessments,
    ...(reward === undefined ? {} : { reward }),
    recommendation: recommend(question, {
      reward,
      assessments,
      changed,
      imported: record.imported,
      tallyOf: (version, endpoint) => judge.tallyOf(version, endpoint),
      rateOf,
    }),
  };
}

function rewardAt(
  question: Question,
  { reward, changed }: Iter8Record,
  judge: Judge,
  { assessments, look }: { readonly assessments: readonly LimitAssessment[]; readonly look: Look },
): RewardResult | undefined {
  if (reward === undefined) return undefined;
  const result = judgeReward(question, reward, {
    verdicts: versionVerdicts(question.versions, assessments),
    pairs: (a, b) => judge.pairsOf(a, b),
    tallyOf: (version, endpoint) => judge.tallyOf(version, endpoint),
    look,
  });
  return changed === undefined ? result : voidedReward(question, changed, result);
}

/** The judgement of everything recorded, when no load is under way. */
export function judgementNow(
  question: Question,
  record: Iter8Record,
  look: Partial<Pick<Look, 'planDone' | 'loadToCome' | 'measuringDone' | 'runningSeconds'>> = {},
): Judgement {
  return judgementAt(question, record, judgeOf(question, record), {
    elapsedSeconds: record.loadSeconds,
    planDone: true,
    bounds: true,
    closedLoop: record.closedLoop,
    imported: record.imported,
    ...look,
  });
}

/** Verdicts that no latency of our own load gets, whatever its limit (docs/method.md 0.8, docs/behavior.md 5.2). */
export interface BarredVerdicts {
  readonly satisfied: boolean;
  readonly violated: boolean;
}

export function barredForLatencies(experiment: Experiment, record: Iter8Record): BarredVerdicts {
  return {
    satisfied: record.closedLoop === true,
    violated: judgeOf(questionOf(experiment, record), record).saturated,
  };
}

/** As it was last judged, which is what has been said; before that, of what is recorded while nothing is over. */
export function lastJudgement(
  question: Question,
  record: Iter8Record,
): Pick<Judgement, 'assessments' | 'recommendation'> {
  const { recommendation, assessments } = record;
  return recommendation === undefined
    ? judgementNow(question, record, { planDone: false, measuringDone: false })
    : { recommendation, assessments };
}
