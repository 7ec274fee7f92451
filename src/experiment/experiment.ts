/**
 * The Experiment resource, `iter8.tools/v2alpha2`: one schema from which types, validation and the CRD are made.
 *
 * Objects are loose everywhere: a field that we do not know survives reading and writing.
 * Source: docs/contract.md 1; the CRD that Iter8 0.7 installed.
 */
import * as z from 'zod';
import './zod-settings.ts';
import { expectedGot } from './schema-issues.ts';

export const API_GROUP = 'iter8.tools';
export const API_GROUP_VERSION = 'v2alpha2';
export const API_VERSION = `${API_GROUP}/${API_GROUP_VERSION}` as const;

/** A Kubernetes quantity as written: `"0.01"`, `500`, `150e-9`. Kept as it is; read it with `quantity.ts`. */
export const quantitySchema = z.union([z.string(), z.number()], {
  error: ({ input }) => expectedGot('a quantity such as 500 or "0.01"', input),
});
export type WrittenQuantity = z.infer<typeof quantitySchema>;

export const TESTING_PATTERNS = ['Conformance', 'Canary', 'A/B', 'A/B/N'] as const;
export const DEPLOYMENT_PATTERNS = ['FixedSplit', 'Progressive', 'BlueGreen'] as const;
export type TestingPattern = (typeof TESTING_PATTERNS)[number];
export type DeploymentPattern = (typeof DEPLOYMENT_PATTERNS)[number];

export const objectMetaSchema = z.looseObject({
  name: z.string().optional(),
  generateName: z.string().optional(),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: z.number().optional(),
  creationTimestamp: z.string().nullish(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
export type ObjectMeta = z.infer<typeof objectMetaSchema>;

export const taskSchema = z.looseObject({
  task: z.string().optional(),
  run: z.string().optional(),
  if: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
});
export type TaskSpec = z.infer<typeof taskSchema>;

export const weightObjRefSchema = z.looseObject({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  name: z.string().optional(),
  namespace: z.string().optional(),
  fieldPath: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
});
export type WeightObjRef = z.infer<typeof weightObjRefSchema>;

export const versionSchema = z.looseObject({
  name: z.string(),
  variables: z.array(z.looseObject({ name: z.string(), value: z.string() })).optional(),
  weightObjRef: weightObjRefSchema.optional(),
});
export type Version = z.infer<typeof versionSchema>;

export const versionInfoSchema = z.looseObject({
  baseline: versionSchema,
  candidates: z.array(versionSchema).optional(),
});
export type VersionInfo = z.infer<typeof versionInfoSchema>;

export const objectiveSchema = z.looseObject({
  metric: z.string(),
  upperLimit: quantitySchema.optional(),
  lowerLimit: quantitySchema.optional(),
  rollback_on_failure: z.boolean().optional(), // snake case on the wire
});
export type Objective = z.infer<typeof objectiveSchema>;

export const rewardSchema = z.looseObject({ metric: z.string(), preferredDirection: z.enum(['High', 'Low']) });
export type Reward = z.infer<typeof rewardSchema>;

export const criteriaSchema = z.looseObject({
  requestCount: z.string().optional(),
  objectives: z.array(objectiveSchema).optional(),
  indicators: z.array(z.string()).optional(),
  rewards: z.array(rewardSchema).optional(),
  strength: z.unknown().optional(),
});
export type Criteria = z.infer<typeof criteriaSchema>;

/** Largest int32: what the CRDs of 0.7 accept. */
const MAX_INT32 = 2_147_483_647;
const positive = z.int().min(1).max(MAX_INT32);
const percent = z.int().min(0).max(100);

export const durationSchema = z.looseObject({
  intervalSeconds: positive.optional(),
  iterationsPerLoop: positive.optional(),
  maxLoops: positive.optional(),
});

export const specSchema = z.looseObject({
  target: z.string().min(1),
  strategy: z.looseObject({
    testingPattern: z.enum(TESTING_PATTERNS),
    deploymentPattern: z.enum(DEPLOYMENT_PATTERNS).optional(),
    actions: z.record(z.string(), z.array(taskSchema)).optional(),
    weights: z
      .looseObject({
        maxCandidateWeight: percent.optional(),
        maxCandidateWeightIncrement: percent.optional(),
      })
      .optional(),
  }),
  criteria: criteriaSchema.optional(),
  duration: durationSchema.optional(),
  versionInfo: versionInfoSchema.optional(),
});
export type ExperimentSpec = z.infer<typeof specSchema>;

export const CONDITION_TYPES = ['Completed', 'Failed', 'TargetAcquired'] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

export const conditionSchema = z.looseObject({
  type: z.string(),
  status: z.string(),
  lastTransitionTime: z.string().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
});
export type Condition = z.infer<typeof conditionSchema>;

export const STAGES = ['Waiting', 'Initializing', 'Running', 'Finishing', 'Completed'] as const;
export type Stage = (typeof STAGES)[number];

const part = <T extends z.ZodType>(data: T) =>
  z.looseObject({
    data,
    provenance: z.string().optional(),
    timestamp: z.string().optional(),
    message: z.string().optional(),
  });

export const weightSchema = z.looseObject({ name: z.string(), value: z.number() });
export type Weight = z.infer<typeof weightSchema>;

export const aggregatedValueSchema = z.looseObject({
  value: quantitySchema.optional(),
  min: quantitySchema.optional(),
  max: quantitySchema.optional(),
  sampleSize: z.number().optional(),
});
export type AggregatedValue = z.infer<typeof aggregatedValueSchema>;

export const analysisSchema = z.looseObject({
  /** Free JSON: histograms by version in the form of Iter8 0.7, and our own record under the key `iter8ctl` (`record.ts`). */
  aggregatedBuiltinHists: part(z.record(z.string(), z.unknown())).optional(),
  aggregatedMetrics: part(
    z.record(
      z.string(),
      z.looseObject({
        max: quantitySchema.optional(),
        min: quantitySchema.optional(),
        data: z.record(z.string(), aggregatedValueSchema),
      }),
    ),
  ).optional(),
  versionAssessments: part(z.record(z.string(), z.array(z.boolean()))).optional(),
  winnerAssessment: part(z.looseObject({ winnerFound: z.boolean(), winner: z.string().optional() })).optional(),
  weights: part(z.array(weightSchema)).optional(),
});
export type Analysis = z.infer<typeof analysisSchema>;

export const statusSchema = z.looseObject({
  conditions: z.array(conditionSchema).optional(),
  initTime: z.string().optional(),
  startTime: z.string().optional(),
  lastUpdateTime: z.string().optional(),
  stage: z.string().optional(),
  completedIterations: z.number().optional(),
  currentWeightDistribution: z.array(weightSchema).optional(),
  versionRecommendedForPromotion: z.string().optional(),
  message: z.string().optional(),
  metrics: z.array(z.looseObject({ name: z.string(), metricObj: z.looseObject({}) })).optional(),
  analysis: analysisSchema.optional(),
});
export type ExperimentStatus = z.infer<typeof statusSchema>;

/** An Experiment as somebody wrote it: defaults not applied, perhaps without a name yet. */
export const experimentSchema = z.looseObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Experiment'),
  metadata: objectMetaSchema,
  spec: specSchema,
  status: statusSchema.optional(),
});
export type WrittenExperiment = z.infer<typeof experimentSchema>;

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
