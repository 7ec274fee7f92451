/** The two CustomResourceDefinitions: names, columns and subresources as Iter8 0.7 had them, and ours behind them. */
import { API_GROUP, API_GROUP_VERSION } from '../experiment/experiment.ts';
import { experimentCrdSchema, metricCrdSchema, type CrdSchema } from '../experiment/crd-schema.ts';
import { LABELS, type InstallObject } from './install-object.ts';
import type { Resource } from '../adapters/kube/resources.ts';

export const CRDS: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

interface Column {
  readonly name: string;
  readonly type: 'string' | 'date';
  readonly jsonPath: string;
  /** 1: only with `-o wide`. */
  readonly priority?: 1;
}

/** The first five: the CRDs of Iter8 0.7 (docs/contract.md 1). */
const EXPERIMENT_COLUMNS: readonly Column[] = [
  { name: 'type', type: 'string', jsonPath: '.spec.strategy.testingPattern' },
  { name: 'target', type: 'string', jsonPath: '.spec.target' },
  { name: 'stage', type: 'string', jsonPath: '.status.stage' },
  { name: 'completed iterations', type: 'string', jsonPath: '.status.completedIterations' },
  { name: 'message', type: 'string', jsonPath: '.status.message' },
  {
    name: 'recommendation',
    type: 'string',
    jsonPath: '.status.analysis.aggregatedBuiltinHists.data.iter8ctl.recommendation.verdict',
  },
  { name: 'recommended', type: 'string', jsonPath: '.status.versionRecommendedForPromotion', priority: 1 },
  { name: 'age', type: 'date', jsonPath: '.metadata.creationTimestamp', priority: 1 },
];

const METRIC_COLUMNS: readonly Column[] = [
  { name: 'type', type: 'string', jsonPath: '.spec.type' },
  { name: 'description', type: 'string', jsonPath: '.spec.description' },
];

export function crds(): InstallObject[] {
  return [
    crd('Experiment', experimentCrdSchema(), EXPERIMENT_COLUMNS, { status: {} }),
    crd('Metric', metricCrdSchema(), METRIC_COLUMNS, undefined),
  ];
}

function crd(
  kind: string,
  schema: CrdSchema,
  columns: readonly Column[],
  subresources: object | undefined,
): InstallObject {
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  return {
    resource: CRDS,
    object: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${API_GROUP}`, labels: LABELS },
      spec: {
        group: API_GROUP,
        names: { kind, listKind: `${kind}List`, plural, singular },
        scope: 'Namespaced',
        versions: [
          {
            name: API_GROUP_VERSION,
            served: true,
            storage: true,
            ...(subresources === undefined ? {} : { subresources }),
            additionalPrinterColumns: columns,
            schema: { openAPIV3Schema: schema },
          },
        ],
      },
    },
  };
}
