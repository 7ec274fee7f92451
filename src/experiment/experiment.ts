/** The Experiment resource, `iter8.tools/v2alpha2`, as everything behind the edge works with it. Its schema: `experiment-schema.ts`. */
import type { DeploymentPattern } from './contract-words.ts';
import type {
  Criteria,
  ExperimentSpec,
  Objective,
  ObjectMeta,
  Reward,
  TaskSpec,
  Version,
  WrittenExperiment,
} from './experiment-schema.ts';

export {
  API_GROUP,
  API_GROUP_VERSION,
  API_VERSION,
  CONDITION_TYPES,
  DEPLOYMENT_PATTERNS,
  STAGES,
  TESTING_PATTERNS,
  type ConditionType,
  type DeploymentPattern,
  type Stage,
  type TestingPattern,
} from './contract-words.ts';
export type {
  WrittenQuantity,
  ObjectMeta,
  TaskSpec,
  WeightObjRef,
  Version,
  VersionInfo,
  Objective,
  Reward,
  Criteria,
  ExperimentSpec,
  Condition,
  Weight,
  AggregatedValue,
  Analysis,
  ExperimentStatus,
  WrittenExperiment,
} from './experiment-schema.ts';

/** An Experiment with a name, a namespace and all defaults (`defaults.ts`): what everything behind the edge works with. */
export interface Experiment extends WrittenExperiment {
  readonly metadata: ObjectMeta & { readonly name: string; readonly namespace: string };
  readonly spec: ExperimentSpec & {
    readonly strategy: ExperimentSpec['strategy'] & {
      readonly deploymentPattern: DeploymentPattern;
      readonly actions: Readonly<Record<string, readonly TaskSpec[]>>;
      readonly weights: { readonly maxCandidateWeight: number; readonly maxCandidateWeightIncrement: number };
    };
    readonly criteria: Criteria & {
      readonly objectives: readonly (Objective & { readonly rollback_on_failure: boolean })[];
      readonly indicators: readonly string[];
      readonly rewards: readonly Reward[];
    };
    readonly duration: {
      readonly intervalSeconds: number;
      readonly iterationsPerLoop: number;
      readonly maxLoops: number;
    };
  };
}

/** Names an experiment or a metric. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** The baseline, then the candidates; none where versionInfo is still to come. */
export function versionsIn({ spec: { versionInfo } }: Pick<Experiment, 'spec'>): readonly Version[] {
  return versionInfo === undefined ? [] : [versionInfo.baseline, ...(versionInfo.candidates ?? [])];
}

/** Reads `namespace/name`, or `name` in that namespace. */
export function qualifiedKey(written: string, namespace: string): ObjectKey {
  const slash = written.indexOf('/');
  return slash < 0
    ? { namespace, name: written }
    : { namespace: written.slice(0, slash), name: written.slice(slash + 1) };
}

/** `namespace/name`, for messages and map keys. */
export function keyText(key: ObjectKey): string {
  return `${key.namespace}/${key.name}`;
}
