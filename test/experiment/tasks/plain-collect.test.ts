/** What is read without the schema is what the schema makes of it; whatever is unusual, the schema is asked. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { collectSchema } from '../../../src/experiment/tasks/collect-schema.ts';
import { readable } from '../../../src/experiment/tasks/input-fields.ts';
import { plainCollectInputs } from '../../../src/experiment/tasks/plain-collect.ts';
import { runs } from '../../support/search-depth.ts';

const ODD = [null, undefined, '', 'x', true, 0, -1, 0.5, 1e6, 1_000_001, 2 ** 31, 2 ** 53, NaN, Infinity, [], {}];
const odd = fc.constantFrom<unknown>(...ODD);
/** Mostly right: a property that seldom meets what is accepted says little. */
const often = (right: readonly unknown[], wrong: readonly unknown[] = []) =>
  fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...right) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD, ...wrong) },
  );
const some = (fields: Record<string, fc.Arbitrary<unknown>>) => fc.record(fields, { requiredKeys: [] });

const url = often(
  ['http://shop', 'https://shop:8443/a?b=c', 'HTTP://shop/'],
  ['http:shop', 'shop:80', 'http://', 'http:///a', 'ftp://shop'],
);
const whole = often([1, 100, 2 ** 31 - 1]);
const rate = often([0, -0, 8, 0.25, 1e6]);
const duration = often(['10s', '1m30s', '500ms'], ['0s', '-1s', '5', 's']);
const version = fc.oneof(
  { weight: 20, arbitrary: fc.record({ name: often(['a', 'b']), url }) },
  { weight: 1, arbitrary: some({ name: fc.constant('a'), url, qps: rate, headers: odd, endpoints: odd, nme: odd }) },
  { weight: 1, arbitrary: odd },
);
const usual = {
  numQueries: whole,
  connections: whole,
  qps: rate,
  time: duration,
  timeout: duration,
  loadOnly: often([true, false]),
  versions: fc.array(version, { minLength: 1, maxLength: 3 }),
};
const written = fc.oneof(
  { weight: 4, arbitrary: some(usual) },
  { weight: 1, arbitrary: some({ ...usual, warmup: odd, method: odd, payloadStr: odd, headers: odd, unknown: odd }) },
);

it('makes of inputs what the schema does', () => {
  let accepted = 0;
  fc.assert(
    fc.property(written, (inputs) => {
      const plain = plainCollectInputs(inputs);
      if (plain === undefined) return;
      accepted += 1;
      expect(plain).toEqual(readable(collectSchema, inputs));
    }),
    { numRuns: runs(2_000) },
  );
  expect(accepted).toBeGreaterThan(runs(2_000) / 20);
});

it('takes of each field alone what the schema takes, and nothing else', () => {
  const whatever = [...ODD, 'http://shop', 'http:///a', '10s', '0s', -0.5, { name: 'a', url: 'http://a' }];
  const versions = whatever.flatMap((value) => [
    { versions: value },
    { versions: [value] },
    { versions: [{ name: value, url: 'http://a' }] },
    { versions: [{ name: 'a', url: value }] },
    { versions: [{ name: 'a', url: 'http://a', qps: value }] },
  ]);
  const fields = Object.keys(usual).flatMap((field) => whatever.map((value) => ({ [field]: value })));
  for (const inputs of [...fields, ...versions]) {
    const plain = plainCollectInputs(inputs);
    if (plain !== undefined) expect(plain, JSON.stringify(inputs)).toEqual(readable(collectSchema, inputs));
  }
});

it.each([
  ['of a task without any', undefined],
  [
    'of Iter8 0.7',
    { qps: 8, time: '5s', versions: [{ name: 'hello-candidate', url: 'http://hello-candidate.default:8080' }] },
  ],
])('takes the inputs %s as they are', (_, inputs) => {
  expect(plainCollectInputs(inputs)).toEqual(readable(collectSchema, inputs));
});

it.each([
  ['a field that nobody knows', { qps: 8, tiem: '5s' }],
  ['a version that is half right', { versions: [{ name: 'a', url: 'http://a' }, { name: 'b' }] }],
  ['a field of a version that nobody knows', { versions: [{ name: 'a', url: 'http://a', ur: 'x' }] }],
  ['no version', { versions: [] }],
  ['an object that is none of JSON', Object.create({ qps: 8 }) as Record<string, unknown>],
  ['an address without a host', { versions: [{ name: 'a', url: 'http:///a' }] }],
])('leaves %s to the schema', (_, inputs) => {
  expect(plainCollectInputs(inputs)).toBeUndefined();
});
