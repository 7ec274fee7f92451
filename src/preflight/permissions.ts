/** What an account must be allowed to do to drive an experiment in a cluster: for `plan`, which asks for each. Pure. */
import { API_GROUP, qualifiedKey, type Experiment } from '../experiment/experiment.ts';
import { customMetrics } from '../experiment/metric-names.ts';
import { secretsOfTask } from '../experiment/tasks/task-secrets.ts';

export interface NeededPermission {
  readonly verb: string;
  /** Empty: the core group. */
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace: string;
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
    ...[...new Set(customMetrics(experiment).map(({ key }) => key.namespace))].map((at) => ({
      verb: 'get',
      group: API_GROUP,
      resource: 'metrics',
      namespace: at,
    })),
    ...secretNamespaces(experiment).map((at) => ({ verb: 'get', group: '', resource: 'secrets', namespace: at })),
  ];
}

function secretNamespaces({ spec, metadata: { namespace } }: Experiment): string[] {
  const names = Object.values(spec.strategy.actions).flat().flatMap(secretsOfTask);
  return [...new Set(names.map((written) => qualifiedKey(written, namespace).namespace))];
}
