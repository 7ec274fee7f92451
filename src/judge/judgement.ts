/** From an experiment and what was counted to the judge, the recommendation and the fields that Iter8 0.7 wrote. Pure. */
import type { Experiment } from '../experiment/experiment.ts';
import { parseStrength, type StrengthSettings } from '../experiment/strength-settings.ts';
import type { LimitAssessment } from './assessment.ts';
import { Judge, type LookOptions } from './judge.ts';
import { judgedLimits, judgedVersions, judgeSettings } from './question.ts';
import { recommend } from './recommend.ts';
import type { Recommendation } from './recommendation.ts';
import { judgeReward, type RewardResult } from './reward/reward.ts';
import { versionVerdicts } from './winner.ts';
import { relativeObjectives } from './relative/relative-objective.ts';
import { countedPairs, countedScopes, readTally, tallyOf, type Iter8Record } from './record/stored-record.ts';

/** spec.criteria.strength, with what flags of `run` put over it. */
export function strengthOf(experiment: Experiment, record: Iter8Record): StrengthSettings {
  const written = (experiment.spec.criteria.strength ?? {}) as Record<string, unknown>;
  return parseStrength({ ...written, ...record.strength }).settings;
}

/** A judge that knows everything counted so far, of finished tasks and of checkpoints. */
export function judgeOf(experiment: Experiment, record: Iter8Record): Judge {
  const strength = strengthOf(experiment, record);
  const judge = new Judge(
    judgedLimits(experiment),
    judgedVersions(experiment),
    judgeSettings(experiment, strength),
    relativeObjectives(experiment, strength),
  );
  for (const scope of countedScopes(record)) judge.add(scope, readTally(scope.tally));
  for (const [version, pairs] of Object.entries(countedPairs(record))) judge.addPairTally(version, pairs);
  for (const [metric, versions] of Object.entries(record.measured ?? {}))
    for (const [version, measured] of Object.entries(versions)) judge.setMeasured(version, metric, measured);
  return judge;
}

export interface Judgement {
  readonly assessments: readonly LimitAssessment[];
  readonly recommendation: Recommendation;
  readonly reward?: RewardResult | undefined;
}

/** What is known at this look. `ratePerSec` says how long "requests still needed" would take. */
export function judgementAt(
  experiment: Experiment,
  record: Iter8Record,
  judge: Judge,
  look: LookOptions & { readonly ratePerSec?: number | undefined },
): Judgement {
  const assessments = judge.look(look);
  const strength = strengthOf(experiment, record);
  const versions = judgedVersions(experiment);
  const reward =
    record.reward === undefined
      ? undefined
      : judgeReward(experiment, record.reward, {
          verdicts: versionVerdicts(versions, assessments),
          confidence: strength.confidence,
        });
  return {
    assessments,
    ...(reward === undefined ? {} : { reward }),
    recommendation: recommend({
      pattern: experiment.spec.strategy.testingPattern,
      versions,
      reward,
      assessments,
      confidence: strength.confidence,
      tallyOf: (version) => judge.tallyOf(version),
      ratePerSec: look.ratePerSec,
      hasRewards: experiment.spec.criteria.rewards.length > 0,
    }),
  };
}

/** The judgement of everything recorded, when no load is under way. `measuringDone` false: custom metrics will be measured again. */
export function judgementNow(experiment: Experiment, record: Iter8Record, measuringDone = true): Judgement {
  return judgementAt(experiment, record, judgeOf(experiment, record), {
    elapsedSeconds: record.loadSeconds,
    planDone: true,
    bounds: true,
    closedLoop: record.closedLoop,
    measuringDone,
  });
}

export { tallyOf };
