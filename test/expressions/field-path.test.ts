import { describe, expect, it } from 'vitest';
import { fieldPathProblem, parseFieldPath, readField, type FieldPath } from '../../src/expressions/field-path.ts';

function parsed(text: string): FieldPath {
  const path = parseFieldPath(text);
  if ('problem' in path) throw new Error(path.problem);
  return path;
}

describe('field paths', () => {
  it.each([
    ['.spec.http[0].route[1].weight', '/spec/http/0/route/1/weight'],
    ['.spec.traffic[0].percent', '/spec/traffic/0/percent'],
    [".metadata.annotations['a.b/c']", '/metadata/annotations/a.b~1c'],
    ['.metadata.annotations["a~b"]', '/metadata/annotations/a~0b'],
    ['.metadata.annotations.a\\.b/c', '/metadata/annotations/a.b~1c'],
    ['.a', '/a'],
    ['.spec.x[10][2]', '/spec/x/10/2'],
  ])('%s points to %s', (text, pointer) => {
    expect(parseFieldPath(text)).toMatchObject({ pointer });
    expect(fieldPathProblem(text)).toBeUndefined();
  });

  it.each([
    '',
    'spec.a',
    '.',
    '..',
    '.a..b',
    '.a.',
    '.a[',
    '.a[x]',
    '.a[-1]',
    '.a[0',
    '.a b',
    '.a[]',
    '[0].a',
    '.a\u001b',
  ])('%j is refused', (text) => {
    expect(fieldPathProblem(text)).toMatch(/^expected a path/);
    expect(fieldPathProblem(text)).not.toContain('\u001b');
  });

  it('reads what is there, own fields only', () => {
    const object = { spec: { http: [{ weight: 0 }] } };
    const read = (text: string) => readField(object, parsed(text));
    expect(read('.spec.http[0].weight')).toBe(0);
    expect(read('.spec.http[1].weight')).toBeUndefined();
    expect(read('.spec.constructor')).toBeUndefined();
    expect(read('.spec.http.length')).toBe(1); // a list's own property, harmless
    expect(readField(null, parsed('.a'))).toBeUndefined();
  });
});
