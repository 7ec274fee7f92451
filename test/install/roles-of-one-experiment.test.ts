import { expect, it } from 'vitest';
import { bindingHint, experimentRoles } from '../../src/install/roles-of-one-experiment.ts';

it('puts verbs on the same things into one rule, by namespace, with names where only one object is meant', () => {
  const route = { group: 'gateway.networking.k8s.io', resource: 'httproutes', namespace: 'shop', name: 'web' };
  const roles = experimentRoles('move', [
    { verb: 'get', ...route },
    { verb: 'patch', ...route },
    { verb: 'patch', ...route },
    { verb: 'patch', group: 'iter8.tools', resource: 'experiments', subresource: 'status', namespace: 'shop' },
    { verb: 'get', group: 'iter8.tools', resource: 'metrics', namespace: 'shared', name: 'errors' },
  ]);
  expect(roles.map(({ metadata, rules }) => [metadata.namespace, metadata.name, rules])).toEqual([
    [
      'shop',
      'iter8ctl-move',
      [
        {
          apiGroups: ['gateway.networking.k8s.io'],
          resources: ['httproutes'],
          resourceNames: ['web'],
          verbs: ['get', 'patch'],
        },
        { apiGroups: ['iter8.tools'], resources: ['experiments/status'], verbs: ['patch'] },
      ],
    ],
    [
      'shared',
      'iter8ctl-move',
      [{ apiGroups: ['iter8.tools'], resources: ['metrics'], resourceNames: ['errors'], verbs: ['get'] }],
    ],
    [
      'iter8-system',
      'iter8ctl-move',
      [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] }],
    ],
  ]);
  expect(bindingHint(roles)).toContain(
    '#   kubectl create rolebinding iter8ctl-move -n shared --role=iter8ctl-move --serviceaccount=NAMESPACE:NAME\n',
  );
});
