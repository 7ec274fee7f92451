/** Values of an experiment in the query of a metric stay values, whatever they hold. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillMetricTemplate, MetricTemplateError } from '../../src/expressions/metric-template.ts';
import { formValue, jsonValue, queryValue, urlValue } from '../../src/expressions/query-value.ts';

const EVIL = 'a"}[5m])) or sum(other) or sum(rate(x{v="';

describe('in a query', () => {
  const query = (template: string, value: string) => fillMetricTemplate(template, { v: value }, queryValue);

  it.each([
    ['x{v="$v"}', EVIL, String.raw`x{v="a\"}[5m])) or sum(other) or sum(rate(x{v=\""}`],
    ["x{a='b',v='$v'}", `it's`, String.raw`x{a='b',v='it\'s'}`],
    ['x{v=~"${v}-.*"}', 'a\\b\n', String.raw`x{v=~"a\\b\n-.*"}`],
    ['{__name__=~"a{1}", v != "$v"}', 'q"', String.raw`{__name__=~"a{1}", v != "q\""}`],
    ['x{v=`$v`}', 'a"b\\', 'x{v=`a"b\\`}'],
    ['sum(x) by ($v)[$v]', 'le', 'sum(x) by (le)[le]'],
    ['x[$v]', '5m', 'x[5m]'],
    ['$v', EVIL, EVIL],
    ['version:$v', 'my-app/v1.2', 'version:my-app/v1.2'],
    ["SELECT a FROM b WHERE v = '$v'", 'shop v1', "SELECT a FROM b WHERE v = 'shop v1'"],
  ])('%s takes %j', (template, value, filled) => {
    expect(query(template, value)).toBe(filled);
  });

  it.each([
    ['sum(rate(x{v=$v}[5m]))', EVIL],
    ['rate(x[5m]) * $v', '1-other'],
    ['x{a="b"} > $v', '1 or other'],
    ["SELECT a FROM b WHERE v = '$v'", "' OR 1=1"],
    ["SELECT a FROM b WHERE v = '$v'", 'a\\'],
    ['{ nrql(query: "SELECT a WHERE v = \'$v\'") }', "x' OR 'a'='a"],
    ['label_replace(x{a="b"}, "c", "$v", "d", "")', 'x", "'],
    ['version:$v', 'x OR *'],
    ['x{v=`$v`}', 'a`b'],
  ])('%s refuses %j', (template, value) => {
    expect(() => query(template, value)).toThrow(MetricTemplateError);
    expect(() => query(template, value)).toThrow(/^the value of \$v cannot be put into its query: /);
  });

  it('no value ends the text that it stands in', () => {
    const [before, after] = ['sum(rate(x{a="\\"{",v="', "\"}[5m])) or y{b='c'}"];
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...`a"'\`\\{}[](),=~ \n\x00\u2028é`.split('')) }), (value) => {
        const filled = query(`${before}$v${after}`, value);
        expect(filled.startsWith(before) && filled.endsWith(after)).toBe(true);
        const written = filled.slice(before.length, -after.length);
        expect(written).toMatch(/^(?:[^"\\\n]|\\.)*$/s);
        expect(JSON.parse(`"${written.replaceAll(/\\x(..)/g, '\\u00$1')}"`)).toBe(value);
      }),
    );
  });

  it('a template of many placeholders is refused before it takes time', () => {
    expect(() => query('$v'.repeat(501), 'a')).toThrow(/500 placeholders/);
    expect(() => query(`$v${' '.repeat(100_000)}`, 'a')).toThrow(/100,000 characters/);
    expect(query(' '.repeat(100_001), 'a')).toHaveLength(100_001);
  });
});

describe('in JSON', () => {
  const json = (template: string, value: string) => fillMetricTemplate(template, { v: value }, jsonValue);
  it('a value is a part of its string, and of the query in it', () => {
    expect(json('{"q":"$v","t":$v}', '42')).toBe('{"q":"42","t":42}');
    expect(json('{"q":"$v"}', 'a "b"')).toBe(String.raw`{"q":"a \"b\""}`);
    expect(JSON.parse(json(String.raw`{"query":"sum(x{v=\"$v\"})"}`, EVIL))).toEqual({
      query: String.raw`sum(x{v="a\"}[5m])) or sum(other) or sum(rate(x{v=\""})`,
    });
    expect(() => json('{"q":"a","t":$v}', '1,"admin":true')).toThrow(MetricTemplateError);
    expect(() => json(`{"sql":"SELECT a WHERE v='$v'"}`, "x' OR 'a'='a")).toThrow(MetricTemplateError);
  });

  it('no value changes anything but its own string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(JSON.parse(json('{"a":[1,"$v"],"b":"\\"$"}', value))).toEqual({ a: [1, value], b: '"$' });
      }),
    );
  });
});

it('in a form a value stays in its field', () => {
  const form = (template: string, value: string) => fillMetricTemplate(template, { v: value }, formValue);
  expect(form('a=1&q=$v&b=2', 'x&admin=1+2')).toBe('a=1&q=x%26admin%3D1%2B2&b=2');
  expect(new URLSearchParams(form('query=sum(x%7Bv="$v"})', EVIL)).get('query')).toBe(
    String.raw`sum(x{v="a\"}[5m])) or sum(other) or sum(rate(x{v=\""})`,
  );
});

describe('in a URL a field of a secret', () => {
  const url = (template: string, value: string) => fillMetricTemplate(template, { v: value }, urlValue);
  it.each([
    ['http://h/q?k=$v', 'c2Vj+G9r/Q==', 'http://h/q?k=c2Vj%2BG9r%2FQ%3D%3D'],
    ['http://h/q?a=1&k=${v}&b=2', 'x&b=3#', 'http://h/q?a=1&k=x%26b%3D3%23&b=2'],
    ['http://h/hooks/$v/x', 'T0/B 1?', 'http://h/hooks/T0/B%201%3F/x'],
    ['http://u:$v@h/', 'p@ss/w', 'http://u:p%40ss%2Fw@h/'],
    ['http://$v:9090/', '10.0.0.1', 'http://10.0.0.1:9090/'],
    ['https://$v/api', 'prom.example:9090', 'https://prom.example:9090/api'],
    ['$v/api/v1/query', 'https://u:p@prom.example/x', 'https://u:p@prom.example/x/api/v1/query'],
  ])('%s takes %j', (template, value, filled) => {
    expect(url(template, value)).toBe(filled);
  });
  it('is no way out of the host', () => {
    expect(() => url('http://$v.internal/', 'evil.example/')).toThrow(/cannot be a part of a host/);
  });
});
