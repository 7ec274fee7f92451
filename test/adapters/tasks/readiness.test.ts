import { expect, it } from 'vitest';
import { unmetCondition } from '../../../src/adapters/tasks/readiness.ts';

const deployment = (status: string, change: object = {}) => ({
  metadata: { generation: 3 },
  status: {
    observedGeneration: 3,
    phase: 'Active',
    replicas: 2,
    conditions: [{ type: 'Available', status, reason: 'Why' }],
    ...change,
  },
});

it.each([
  [deployment('True'), 'condition=available', undefined],
  [deployment('True'), 'condition=Available=true', undefined],
  [deployment('False'), 'condition=Available=False', undefined],
  [deployment('False'), 'condition=available', 'condition available is False (Why), expected True'],
  [deployment('True'), 'condition=ready', 'it has no condition ready yet'],
  [
    deployment('True', { observedGeneration: 2 }),
    'condition=available',
    'its condition available is of an earlier state',
  ],
  [deployment('True'), 'jsonpath={.status.phase}=Active', undefined],
  [deployment('True'), "jsonpath='{.status.replicas}'=2", undefined],
  [deployment('True'), 'jsonpath={.status.phase}', undefined],
  [deployment('True'), 'jsonpath={.status.phase}=Gone', '.status.phase is Active, expected Gone'],
  [deployment('True'), 'jsonpath={.status.other}', '.status.other is not set'],
  [deployment('True'), 'create', undefined],
  [{}, 'condition=available', 'it has no condition available yet'],
])('%o with %s: %s', (object, waitFor, expected) => {
  expect(unmetCondition(object, waitFor)).toBe(expected);
});

it('shows nothing that a Secret holds', () => {
  const secret = { data: { token: 'Q0FOQVJZ' } };
  const says = (waitFor: string) => unmetCondition(secret, waitFor, true);
  expect(says('jsonpath={.data.token}=x')).toBe('.data.token is not what is expected');
  expect([says('jsonpath={.data.token}'), says('jsonpath={.data.token}=Q0FOQVJZ')]).toEqual([undefined, undefined]);
});

it('says what it cannot read', () => {
  expect(unmetCondition({}, 'sometime')).toMatch(/cannot be read; expected condition=NAME/);
});
