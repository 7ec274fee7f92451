/**
 * Who may do what. Four roles, none of them able to do more than its name says:
 *
 * - `iter8ctl-viewer` looks: describe, watch, get, assert, debug. Part of the built-in role `view`.
 * - `iter8ctl-driver` also creates and drives experiments: `run`. Bind it in the namespaces of the experiments.
 * - `iter8ctl-targets` (in iter8-system) locks targets over namespaces. Bind it to drivers.
 * - `iter8ctl-controller` is what the controller is bound to, everywhere: it drives, and creates no experiment. With scripts it
 *   also makes Jobs, with the HTTP API it has tokens and rights of its callers reviewed.
 *
 * `iter8ctl-secrets` reads secrets; it is bound to nobody. Bind it to the controller in the namespaces whose experiments
 * need secrets.
 */
import { API_GROUP } from '../experiment/experiment.ts';
import type { Resource } from '../adapters/kube/resources.ts';
import { SYSTEM_NAMESPACE } from '../experiment/metric-names.ts';
import { LABELS, type InstallObject } from './install-object.ts';

const rbac = (plural: string, { namespaced }: Pick<Resource, 'namespaced'>): Resource => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural,
  namespaced,
});
const CLUSTER_ROLES = rbac('clusterroles', { namespaced: false });
const CLUSTER_ROLE_BINDINGS = rbac('clusterrolebindings', { namespaced: false });
const ROLES = rbac('roles', { namespaced: true });
const ROLE_BINDINGS = rbac('rolebindings', { namespaced: true });
const SERVICE_ACCOUNTS: Resource = { group: '', version: 'v1', plural: 'serviceaccounts', namespaced: true };

export const CONTROLLER = 'iter8ctl-controller';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const LOOK: readonly Rule[] = [
  { apiGroups: [API_GROUP], resources: ['experiments', 'metrics'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['events'], verbs: ['get', 'list', 'watch'] },
];

/** What driving takes, beside looking: status, locks, events, and the objects that common/readiness looks at, or that show which build runs. */
const DRIVE: readonly Rule[] = [
  { apiGroups: [API_GROUP], resources: ['experiments/status'], verbs: ['get', 'patch'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
  { apiGroups: [''], resources: ['events'], verbs: ['create'] },
  { apiGroups: [''], resources: ['services'], verbs: ['get'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
  { apiGroups: ['apps'], resources: ['deployments', 'statefulsets', 'daemonsets'], verbs: ['get'] },
  { apiGroups: ['serving.knative.dev'], resources: ['services'], verbs: ['get'] },
  { apiGroups: ['networking.istio.io'], resources: ['virtualservices'], verbs: ['get'] },
  { apiGroups: ['gateway.networking.k8s.io'], resources: ['httproutes'], verbs: ['get'] },
];

const CREATE: readonly Rule[] = [
  { apiGroups: [API_GROUP], resources: ['experiments'], verbs: ['create', 'patch', 'delete'] },
  { apiGroups: [API_GROUP], resources: ['metrics'], verbs: ['create', 'update'] },
];

/** Scripts that a controller has begun, for whoever goes on by hand. */
const SEE_SCRIPTS: readonly Rule[] = [{ apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'watch'] }];

const SCRIPTS: readonly Rule[] = [
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'watch', 'create', 'delete'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
];

/** Whose token a caller of the HTTP API shows, and what they may do. */
const API: readonly Rule[] = [
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
];

const TARGETS: readonly Rule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
];

export function roles(): InstallObject[] {
  return [
    clusterRole('iter8ctl-viewer', LOOK, { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' }),
    clusterRole('iter8ctl-driver', [...LOOK, ...CREATE, ...DRIVE, ...SEE_SCRIPTS]),
    clusterRole('iter8ctl-secrets', [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]),
    {
      resource: ROLES,
      object: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'iter8ctl-targets', namespace: SYSTEM_NAMESPACE, labels: LABELS },
        rules: TARGETS,
      },
    },
  ];
}

export function controllerAccess(options: {
  readonly allowScripts: boolean;
  readonly api?: object | undefined;
}): InstallObject[] {
  const subject = { kind: 'ServiceAccount', name: CONTROLLER, namespace: SYSTEM_NAMESPACE };
  return [
    {
      resource: SERVICE_ACCOUNTS,
      object: {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: CONTROLLER, namespace: SYSTEM_NAMESPACE, labels: LABELS },
      },
    },
    clusterRole(CONTROLLER, [
      ...LOOK,
      ...DRIVE,
      ...(options.allowScripts ? SCRIPTS : []),
      ...(options.api === undefined ? [] : API),
    ]),
    {
      resource: CLUSTER_ROLE_BINDINGS,
      object: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: CONTROLLER, labels: LABELS },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: CONTROLLER },
        subjects: [subject],
      },
    },
    {
      resource: ROLE_BINDINGS,
      object: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: CONTROLLER, namespace: SYSTEM_NAMESPACE, labels: LABELS },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'iter8ctl-targets' },
        subjects: [subject],
      },
    },
  ];
}

function clusterRole(
  name: string,
  rules: readonly Rule[],
  labels: Readonly<Record<string, string>> = {},
): InstallObject {
  return {
    resource: CLUSTER_ROLES,
    object: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name, labels: { ...LABELS, ...labels } },
      rules,
    },
  };
}
