/**
 * The schema of the Experiment resource, `iter8.tools/v2alpha2`, from which types, validation and the CRD are made. Only for
 * those: making it takes longer than looking at an experiment (`read-shape.ts`).
 *
 * Objects are loose everywhere: a field that we do not know survives reading and writing.
 * Source: docs/contract.md 1; the CRD that Iter8 0.7 installed.
 */
import * as z from 'zod';
import './zod-settings.ts';
import { API_VERSION, DEPLOYMENT_PATTERNS, MAX_INT32, TESTING_PATTERNS } from './contract-words.ts';
import { expectedGot } from './schema-issues.ts';

/** A Kubernetes quantity as written: `"0.01"`, `500`, `150e-9`. Kept as it is; read it with `quantity.ts`. */
export const quantitySchema = z.union([z.string(), z.number()], {
  error: ({ input }) => expectedGot('a quantity such as 500 or "0.01"', input),
});
export type WrittenQuantity = z.infer<typeof quantitySchema>;

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

const taskSchema = z.looseObject({
  task: z.string().optional(),
  run: z.string().optional(),
  if: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
});
export type TaskSpec = z.infer<typeof taskSchema>;

const weightObjRefSchema = z.looseObject({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  name: z.string().optional(),
  namespace: z.string().optional(),
  fieldPath: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
});
export type WeightObjRef = z.infer<typeof weightObjRefSchema>;

const versionSchema = z.looseObject({
  name: z.string(),
  variables: z.array(z.looseObject({ name: z.string(), value: z.string() })).optional(),
  weightObjRef: weightObjRefSchema.optional(),
});
export type Version = z.infer<typeof versionSchema>;

const versionInfoSchema = z.looseObject({
  baseline: versionSchema,
  candidates: z.array(versionSchema).optional(),
});
export type VersionInfo = z.infer<typeof versionInfoSchema>;

const objectiveSchema = z.looseObject({
  metric: z.string(),
  upperLimit: quantitySchema.optional(),
  lowerLimit: quantitySchema.optional(),
  rollback_on_failure: z.boolean().optional(), // snake case on the wire
});
export type Objective = z.infer<typeof objectiveSchema>;

const rewardSchema = z.looseObject({ metric: z.string(), preferredDirection: z.enum(['High', 'Low']) });
export type Reward = z.infer<typeof rewardSchema>;

export const criteriaSchema = z.looseObject({
  requestCount: z.string().optional(),
  objectives: z.array(objectiveSchema).optional(),
  indicators: z.array(z.string()).optional(),
  rewards: z.array(rewardSchema).optional(),
  strength: z.unknown().optional(),
});
export type Criteria = z.infer<typeof criteriaSchema>;

const positive = z.int().min(1).max(MAX_INT32);
const percent = z.int().min(0).max(100);

const durationSchema = z.looseObject({
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

const conditionSchema = z.looseObject({
  type: z.string(),
  status: z.string(),
  lastTransitionTime: z.string().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
});
export type Condition = z.infer<typeof conditionSchema>;

const part = <T extends z.ZodType>(data: T) =>
  z.looseObject({
    data,
    provenance: z.string().optional(),
    timestamp: z.string().optional(),
    message: z.string().optional(),
  });

const weightSchema = z.looseObject({ name: z.string(), value: z.number() });
export type Weight = z.infer<typeof weightSchema>;

const aggregatedValueSchema = z.looseObject({
  value: quantitySchema.optional(),
  min: quantitySchema.optional(),
  max: quantitySchema.optional(),
  sampleSize: z.number().optional(),
});
export type AggregatedValue = z.infer<typeof aggregatedValueSchema>;

const analysisSchema = z.looseObject({
  /** Free JSON: histograms by version in the form of Iter8 0.7, and our own record under the key `iter8ctl` (`record-shape.ts`). */
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

const statusSchema = z.looseObject({
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
