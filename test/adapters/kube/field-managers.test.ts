import { expect, it } from 'vitest';
import { lastManagerOf, mayBeBy } from '../../../src/adapters/kube/field-managers.ts';
import { parseFieldPath, type FieldPath } from '../../../src/expressions/field-path.ts';

const object = (...entries: readonly (readonly [manager: string, time: string, fieldsV1: object])[]) => ({
  metadata: {
    managedFields: entries.map(([manager, time, fieldsV1]) => ({ manager, time, operation: 'Update', fieldsV1 })),
  },
});
const by = (from: object, path: string) => lastManagerOf(from, parseFieldPath(path) as FieldPath);

it('names the newest manager of a field, of the list or of the object around it, and nobody else', () => {
  const replicas = { 'f:spec': { 'f:replicas': {} } };
  const deployment = object(
    ['kubectl', '2026-11-24T08:00:00Z', { 'f:spec': { 'f:template': {} } }],
    ['hpa', '2026-11-24T09:00:00Z', replicas],
    ['helm', '2026-11-24T07:00:00Z', replicas],
    ['status', '2026-11-24T10:00:00Z', { 'f:status': { 'f:replicas': {} } }],
  );
  expect(by(deployment, '.spec.replicas')).toBe('hpa at 2026-11-24T09:00:00Z');
  expect(by(deployment, '.spec.paused')).toBeUndefined();
  const weight = '.spec.rules[0].backendRefs[1].weight';
  expect(by(object(['gitops', '2026-11-24T08:00:00Z', { 'f:spec': { 'f:rules': {} } }]), weight)).toMatch(
    /^gitops at /,
  );
  expect(by(object(['gitops', '2026-11-24T08:00:00Z', { 'f:spec': {} }]), weight)).toMatch(/^gitops at /);
  expect(by(object(['labels', '2026-11-24T08:00:00Z', { 'f:metadata': { 'f:labels': {} } }]), weight)).toBeUndefined();
});

it.each([
  undefined,
  null,
  {},
  { metadata: {} },
  { metadata: { managedFields: [null, 1, { manager: 3 }, { manager: 'x' }] } },
])('names nobody where nothing is recorded: %j', (from) => {
  expect(lastManagerOf(from, parseFieldPath('.spec.replicas') as FieldPath)).toBeUndefined();
});

it('knows whether a manager may have changed a field last: also where times are the same, or nothing is recorded', () => {
  const replicas = { 'f:spec': { 'f:replicas': {} } };
  const path = parseFieldPath('.spec.replicas') as FieldPath;
  const [early, late] = ['2026-11-24T08:00:00Z', '2026-11-24T08:00:01Z'];
  expect(mayBeBy('iter8ctl', object(['iter8ctl', late, replicas], ['hpa', early, replicas]), path)).toBe(true);
  expect(mayBeBy('iter8ctl', object(['iter8ctl', early, replicas], ['hpa', early, replicas]), path)).toBe(true);
  expect(mayBeBy('iter8ctl', object(['iter8ctl', early, replicas], ['hpa', late, replicas]), path)).toBe(false);
  expect(mayBeBy('iter8ctl', object(['hpa', late, replicas]), path)).toBe(false);
  expect(mayBeBy('iter8ctl', {}, path)).toBe(true);
});
