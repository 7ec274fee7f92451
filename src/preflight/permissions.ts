/** What an account must be allowed to do to drive an experiment in a cluster: for `plan`, which asks for each. Pure. */
import { API_GROUP, qualifiedKey, type Experiment, type ObjectKey } from '../experiment/experiment.ts';
import { customMetrics } from '../experiment/metric-names.ts';
import { secretsOfTask } from '../experiment/tasks/task-secrets.ts';

export interface NeededPermission {
  readonly verb: string;
  /** Empty: the core group. */
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace: string;
  /** Absent: of all objects of the kind. */
  readonly name?: string | undefined;
}

/** `create`: the experiment is not there yet. */
export function neededPermissions(experiment: Experiment, options: { readonly create: boolean }): NeededPermission[] {
  const { namespace } = experiment.metadata;
  const iter8 = { group: API_GROUP, namespace };
  return [
    ...(options.create ? [{ ...iter8, verb: 'create', resource: 'experiments' }] : []),
    ...['get', 'list', 'watch'].map((verb) => ({ ...iter8, verb, resource: 'experiments' })),
    { ...iter8, verb: 'patch', resource: 'experiments', subresource: 'status' },
    ...['get', 'create', 'update'].map((verb) => ({
      verb,
      group: 'coordination.k8s.io',
      resource: 'leases',
      namespace,
    })),
    { verb: 'create', group: '', resource: 'events', namespace },
    // Not by name: the metrics of a sampleSize are known only when they are read.
    ...[...new Set(customMetrics(experiment).map(({ key }) => key.namespace))].map((at) => ({
      verb: 'get',
      group: API_GROUP,
      resource: 'metrics',
      namespace: at,
    })),
    ...secrets(experiment).map((key) => ({ verb: 'get', group: '', resource: 'secrets', ...key })),
  ];
}

function secrets({ spec, metadata: { namespace } }: Experiment): ObjectKey[] {
  const names = Object.values(spec.strategy.actions).flat().flatMap(secretsOfTask);
  return unique(names.map((written) => qualifiedKey(written, namespace)));
}

const unique = (keys: readonly ObjectKey[]): ObjectKey[] => [
  ...new Map(keys.map(({ namespace, name }) => [`${namespace}/${name}`, { namespace, name }])).values(),
];
