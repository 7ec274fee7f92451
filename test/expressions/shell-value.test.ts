import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shellValue } from '../../src/expressions/shell-value.ts';

/** What bash prints of scripts that print one text each. */
function printed(scripts: readonly string[]): string[] {
  const output = execFileSync('bash', ['--norc', '-c', scripts.join('\n')], {
    encoding: 'utf8',
    env: { LC_ALL: 'C.UTF-8', X: 'expanded' },
  });
  return output.split('\0').slice(0, -1);
}

/** A script that prints a value in each of the places where it may stand, and what it should print. */
function everywhere(value: string): { readonly scripts: string[]; readonly expected: string[] } {
  const befores: [string, string][] = [
    [`printf '%s\\0' `, ''],
    [`printf '%s\\0' "`, '"'],
    [`printf '%s\\0' '`, "'"],
    [`printf '%s\\0' "it's "`, ''],
    [`printf '%s\\0' 'say "'"`, '"'],
    [`printf '%s\\0' a\\"b`, ''],
  ];
  const prefixes = ['', '', '', "it's ", 'say "', 'a"b'];
  return {
    scripts: befores.map(([before, after]) => before + shellValue(value, before) + after),
    expected: prefixes.map((prefix) => prefix + value),
  };
}

const nasty = [
  'plain',
  'two words',
  '',
  "it's",
  '"quoted"',
  '$X ${X} $(echo x) `echo x`',
  '\\ \\n \\',
  'a!b !! !$',
  '*?[a]~{a,b}',
  '; touch /x; #',
  'a\nb\n',
  "'$(echo x)'",
  '"; echo x; "',
  'ä日本😀',
  '-n',
  '<<EOF',
  '$((1+1))',
];

describe('values in scripts', () => {
  it.each(nasty)('%j is text in every place', (value) => {
    const { scripts, expected } = everywhere(value);
    expect(printed(scripts)).toEqual(expected);
  });

  it('whatever the value', () => {
    const values = fc.sample(
      fc.string({ unit: fc.constantFrom(...Array.from('ab \n\t\'"$`\\!*?~(){}[]<>|&;#=-')), maxLength: 12 }),
      { numRuns: 200, seed: 1 },
    );
    const all = values.map(everywhere);
    expect(printed(all.flatMap(({ scripts }) => scripts))).toEqual(all.flatMap(({ expected }) => expected));
  });

  it.each([
    'echo $(cat ',
    'echo "$(cat "',
    'cat <<EOF\n',
    '# comment ',
    'x=`cat ',
    'echo ${x:-',
    "echo $'",
    'echo \\',
    '[[ ',
    '(( ',
    'eval ',
    'let x=',
  ])('is refused behind %j when it means something to the shell', (before) => {
    expect(() => shellValue('a b', before)).toThrow('stands behind');
    expect(shellValue('hello-v2.0', before)).toBe('hello-v2.0');
  });

  it('is refused with a zero byte, and never shown', () => {
    expect(() => shellValue('secret\0', '')).toThrow(/^a value with a zero byte cannot be put into a script$/);
  });
});
