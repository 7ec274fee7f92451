import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fillMetricTemplate } from '../../src/expressions/metric-template.ts';

it.each([
  ['$name', 'v1'],
  ['${name}', 'v1'],
  ['${name}x', 'v1x'],
  ['$namex', '$namex'],
  ['a$name-b', 'av1-b'],
  ['$$name', '$name'],
  ['$$$name', '$v1'],
  ['$unknown ${unknown}', '$unknown ${unknown}'],
  ['$5 $ ${ ${}', '$5 $ ${ ${}'],
  ['$constructor ${__proto__}', '$constructor ${__proto__}'],
])('%s becomes %s', (text, expected) => {
  expect(fillMetricTemplate(text, { name: 'v1' })).toBe(expected);
});

it('puts values in as they are, whatever stands in them', () => {
  fc.assert(
    fc.property(fc.string(), (value) => fillMetricTemplate('<$a|${a}>', { a: value }) === `<${value}|${value}>`),
  );
});
