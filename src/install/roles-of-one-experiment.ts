/** The rights that driving one experiment takes, and no more: a Role for each namespace that it reaches. Pure. */
import type { NeededPermission } from '../preflight/permissions.ts';
import { SYSTEM_NAMESPACE } from '../experiment/metric-names.ts';
import { LABELS } from './install-object.ts';

export interface RoleObject {
  readonly apiVersion: 'rbac.authorization.k8s.io/v1';
  readonly kind: 'Role';
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: object };
  readonly rules: readonly RoleRule[];
}

interface RoleRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** Targets are locked over namespaces, in one that all drivers share. */
const TARGET_LOCKS: readonly NeededPermission[] = ['get', 'create', 'update'].map((verb) => ({
  verb,
  group: 'coordination.k8s.io',
  resource: 'leases',
  namespace: SYSTEM_NAMESPACE,
}));

export function experimentRoles(experiment: string, needed: readonly NeededPermission[]): RoleObject[] {
  const all = [...needed, ...TARGET_LOCKS];
  return [...new Set(all.map(({ namespace }) => namespace))].map((namespace) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: `iter8ctl-${experiment}`, namespace, labels: LABELS },
    rules: rulesOf(all.filter((one) => one.namespace === namespace)),
  }));
}

/** Verbs on the same things go together. */
function rulesOf(needed: readonly NeededPermission[]): RoleRule[] {
  const rules = new Map<string, RoleRule>();
  for (const { verb, group, resource, subresource, name } of needed) {
    const about = subresource === undefined ? resource : `${resource}/${subresource}`;
    const key = JSON.stringify([group, about, name]);
    const verbs = rules.get(key)?.verbs ?? [];
    rules.set(key, {
      apiGroups: [group],
      resources: [about],
      ...(name === undefined ? {} : { resourceNames: [name] }),
      verbs: verbs.includes(verb) ? verbs : [...verbs, verb],
    });
  }
  return [...rules.values()];
}

/** How somebody gets them, as comments above the YAML. */
export function bindingHint(roles: readonly RoleObject[]): string {
  const lines = roles.map(
    ({ metadata: { name, namespace } }) =>
      `#   kubectl create rolebinding ${name} -n ${namespace} --role=${name} --serviceaccount=NAMESPACE:NAME`,
  );
  return [
    '# Bind them to whoever drives it (or --user=NAME, --group=NAME in place of --serviceaccount):',
    ...lines,
    '',
  ].join('\n');
}
