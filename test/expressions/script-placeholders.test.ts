/** Placeholders in scripts: variables where a whole word stands, refused everywhere else; seen with real bash. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillScript, pathsIn, scriptProblem } from '../../src/expressions/script-placeholders.ts';
import { runs } from '../support/search-depth.ts';

const scope = (value: string) => ({
  experiment: { metadata: { name: value }, spec: {} },
  winnerFound: true,
  candidateWon: false,
});

it('takes a script of 100,000 bytes, and refuses a longer one whatever is in it', () => {
  const script = `echo @< .Name >@ ${'x'.repeat(99_983)}`;
  expect(scriptProblem(script)).toBeUndefined();
  const refusal =
    'the script has 100,001 bytes, at most 100,000 are taken: let it fetch what is longer, or put that into its image';
  expect(scriptProblem(`${script}y`)).toBe(refusal);
  expect(() => fillScript(`${script}y`, scope('x'))).toThrow(refusal);
});

it('reads conditions within each other and placeholders up to a bound, and ends with a sentence behind it', () => {
  const nested = (depth: number) => '@< if .WinnerFound >@'.repeat(depth) + '@< end >@'.repeat(depth);
  expect(scriptProblem(nested(50))).toBeUndefined();
  for (const depth of [51, 3000])
    expect(scriptProblem(nested(depth))).toContain('more than 50 @< if >@ within each other');
  expect(scriptProblem(`echo @< ${'('.repeat(5000)} >@`)).toContain(
    'a placeholder of 5,002 characters, at most 1,000 are read',
  );
  expect(scriptProblem(`echo @< ${'('.repeat(900)}.Name${')'.repeat(80)} >@`)).toContain('there is no )');
});

describe('a placeholder in a script', () => {
  it.each([
    ['echo @< .Name >@', 'echo "$ITER8_V1"'],
    ['echo "@< .Name >@"', 'echo "$ITER8_V1"'],
    ["echo '@< .Name >@' x", 'echo "$ITER8_V1" x'],
    ['echo @< .Name >@ @< .Name >@;', 'echo "$ITER8_V1" "$ITER8_V2";'],
    ["echo a;# don't\necho @< .Name >@", 'echo a;# don\'t\necho "$ITER8_V1"'],
    ["(echo a)# don't\necho @< .Name >@", '(echo a)# don\'t\necho "$ITER8_V1"'],
    ['x=$(cat @< .Name >@)', 'x=$(cat "$ITER8_V1")'],
    ['echo "$(cat @< .Name >@) it\'s"', 'echo "$(cat "$ITER8_V1") it\'s"'],
    ['a=(@< .Name >@ b)', 'a=("$ITER8_V1" b)'],
    ["cat <<EOF | sh\nit's\nEOF\necho @< .Name >@", 'cat <<EOF | sh\nit\'s\nEOF\necho "$ITER8_V1"'],
    ['cat > @< .Name >@ <<< @< .Name >@', 'cat > "$ITER8_V1" <<< "$ITER8_V2"'],
    ['if [ @< .Name >@ = a ]; then echo @< .Name >@; fi', 'if [ "$ITER8_V1" = a ]; then echo "$ITER8_V2"; fi'],
    ['for x in @< .Name >@; do echo $x; done', 'for x in "$ITER8_V1"; do echo $x; done'],
    ['case @< .Name >@ in a) echo @< .Name >@;; esac', 'case "$ITER8_V1" in a) echo "$ITER8_V2";; esac'],
    ['f() { echo @< .Name >@; }', 'f() { echo "$ITER8_V1"; }'],
    ["echo $'it\\'s' @< .Name >@", "echo $'it\\'s' \"$ITER8_V1\""],
    ['echo $# ${#x} ${x:-"$y"} @< .Name >@', 'echo $# ${#x} ${x:-"$y"} "$ITER8_V1"'],
    ['true 2>&1 &>/dev/null && echo 2>&1 @< .Name >@', 'true 2>&1 &>/dev/null && echo 2>&1 "$ITER8_V1"'],
    ['> @< .Name >@ echo x > @< .Name >@', '> "$ITER8_V1" echo x > "$ITER8_V2"'],
    ['diff <(echo a) <(echo @< .Name >@) -u @< .Name >@', 'diff <(echo a) <(echo "$ITER8_V1") -u "$ITER8_V2"'],
    ['echo \\\n  @< .Name >@ \\\n  x', 'echo \\\n  "$ITER8_V1" \\\n  x'],
    ['# it is @< .Name >@ here', '# it is $ITER8_V1 here'],
    ['@< if .WinnerFound >@echo @< .Name >@@< else >@bash -c "@< .Name >@"@< end >@', 'echo "$ITER8_V1"'],
    ['echo @< .Name >@ | grep a || bash', 'echo "$ITER8_V1" | grep a || bash'],
    ['echo @< .Name >@ | cat; echo a | bash', 'echo "$ITER8_V1" | cat; echo a | bash'],
    ['echo @< .Name >@ | bash x.sh', 'echo "$ITER8_V1" | bash x.sh'],
    ['bash -c \'echo "$1"\' x @< .Name >@', `bash -c 'echo "$1"' x "$ITER8_V1"`],
    ['bash -c \'echo "$1"\' x "$(echo @< .Name >@)"', `bash -c 'echo "$1"' x "$(echo "$ITER8_V1")"`],
    ['printf -- @< .Name >@', 'printf -- "$ITER8_V1"'],
    ['x=1 a=( @< .Name >@ )', 'x=1 a=( "$ITER8_V1" )'],
    ['grep -e @< .Name >@ x', 'grep -e "$ITER8_V1" x'],
    ['python3 x.py @< .Name >@', 'python3 x.py "$ITER8_V1"'],
    ['echo @< .Name >@ | python3 x.py', 'echo "$ITER8_V1" | python3 x.py'],
    ["echo @< .Name >@ | sed -e 's/a/b/'", `echo "$ITER8_V1" | sed -e 's/a/b/'`],
    ['a=($(cat @< .Name >@) b)', 'a=($(cat "$ITER8_V1") b)'],
    ['for x do echo @< .Name >@; done', 'for x do echo "$ITER8_V1"; done'],
    ['[ @< .Name >@ = @< .Name >@ ]', '[ "$ITER8_V1" = "$ITER8_V2" ]'],
    ['local x=$(cat @< .Name >@) y="$(sh x.sh @< .Name >@)"', 'local x=$(cat "$ITER8_V1") y="$(sh x.sh "$ITER8_V2")"'],
    [
      'while read -r x; do echo "$x"; done < <(cat @< .Name >@)',
      'while read -r x; do echo "$x"; done < <(cat "$ITER8_V1")',
    ],
    ['A=b kubectl apply -f @< "a b" >@', 'A=b kubectl apply -f "$ITER8_V1"'],
  ])('is a variable: %s', (script, text) => {
    expect(fillScript(script, scope("it's $(x)")).text).toBe(text);
  });

  it.each([
    ['echo x@< .Name >@', 'is only a part of a word'],
    ['echo @< .Name >@.yaml', 'is only a part of a word'],
    ['echo "@< .Name >@"x', 'is only a part of a word'],
    ['name=@< .Name >@', 'is only a part of a word'],
    ['a[@< .Name >@]=1', 'is only a part of a word'],
    ['echo "it is @< .Name >@"', 'stands inside quotes, with other text'],
    ["bash -c 'echo @< .Name >@'", 'stands inside quotes, with other text'],
    ['trap "echo @< .Name >@" EXIT', 'stands inside quotes, with other text'],
    ["echo $'@< .Name >@'", 'stands inside quotes, with other text'],
    ['cat <<EOF\n@< .Name >@\nEOF', 'stands in a here-document'],
    ['echo `cat @< .Name >@`', 'stands behind a backquote'],
    ['echo $((1 + 1)) @< .Name >@', 'stands behind arithmetic'],
    ['((x = 1)); echo @< .Name >@', 'stands behind arithmetic'],
    ['echo ${x:-@< .Name >@}', 'stands behind a ${...} that is not a plain one'],
    ["echo ${x:-'} @< .Name >@", 'stands behind a ${...} that is not a plain one'],
    ['echo $(case x in a) echo @< .Name >@;; esac)', 'stands behind a case inside parentheses'],
    ['@< .Name >@ x', 'stands where the name of a command is expected'],
    ['sudo x; A=1 @< .Name >@', 'stands where the name of a command is expected'],
    ['[[ x -eq @< .Name >@ ]]', 'stands in [[ ]]'],
    ['[[ -n x && x -eq @< .Name >@ ]]', 'stands in [[ ]]'],
    ['eval echo @< .Name >@', 'is an argument of eval'],
    ['function f { eval @< .Name >@; }', 'is an argument of eval'],
    ['\\eval @< .Name >@', 'is an argument of \\eval, which may be any command'],
    ['>&2 ${x}eval @< .Name >@', 'which may be any command'],
    ['/bin/bash -x <<< @< .Name >@', 'is an argument of /bin/bash'],
    ['python3 - <<< @< .Name >@', 'is an argument of python3'],
    ['"$tool" @< .Name >@', 'which may be any command'],
    ['eval { case x in @< .Name >@', 'is an argument of eval'],
    ['timeout 5 bash -ec @< .Name >@', 'is an argument of -ec'],
    ['bash -c -x @< .Name >@', 'is an argument of -c'],
    ['perl -ne @< .Name >@', 'is an argument of -ne'],
    ['node --eval @< .Name >@', 'is an argument of --eval'],
    ['ssh host @< .Name >@', 'is an argument of ssh'],
    ['printf -v @< .Name >@ x', 'is an argument of -v'],
    ['printf @< .Name >@ x', 'may be taken for an option of printf'],
    ['printf "-v" @< .Name >@ x', 'is an argument of -v'],
    ["[ '-v' @< .Name >@ ]", 'is an argument of -v'],
    ['[ $op @< .Name >@ ]', 'stands behind $op, which [ may take for an option'],
    ['eval a=( @< .Name >@ )', 'is an argument of eval'],
    ['eval a=( $(echo @< .Name >@) )', 'is an argument of eval'],
    ['declare -i a=( @< .Name >@ )', 'is an argument of declare'],
    ['local -ai a=(x @< .Name >@)', 'is an argument of local'],
    ['declare -ai a\na=( @< .Name >@ )', 'stands behind a variable of integers'],
    ['declare -i x; for x in @< .Name >@; do y; done', 'stands behind a variable of integers'],
    ['perl -e "$(echo @< .Name >@)"', 'gets into what -e is given'],
    ['node --eval "$(cat @< .Name >@)"', 'gets into what --eval is given'],
    ['watch "$(echo @< .Name >@)"', 'gets into what watch is given'],
    ['. @< .Name >@', 'is an argument of .'],
    ['eval "$(echo @< .Name >@)"', 'gets into a word that is an argument of eval, which may evaluate it once more'],
    ['source <(cat a; echo "$(cat @< .Name >@)")', 'gets into a word that is an argument of source'],
    ['declare "$(echo @< .Name >@)"', 'is an argument of declare'],
    ['bash -c "$(echo @< .Name >@)"', 'gets into what -c is given'],
    ['bash <(echo @< .Name >@)', 'gets into what bash is given'],
    ['sh -x < <(echo @< .Name >@)', 'gets into what sh is given'],
    ['xargs -I{} sh -c {} < <(echo @< .Name >@)', 'gets into what -c is given'],
    ['echo @< .Name >@ | sudo bash -s', 'gets into what bash is given'],
    ['echo @< .Name >@ | bash -s x', 'gets into what bash is given'],
    ['echo @< .Name >@ | bash -es -- x', 'gets into what bash is given'],
    ['echo @< .Name >@ | ssh -p 22 host', 'gets into what ssh is given'],
    ['echo @< .Name >@ | python3 -', 'gets into what python3 is given'],
    ['echo @< .Name >@ | node', 'gets into what node is given'],
    ['echo @< .Name >@ | tee a |& \n sh', 'gets into what sh is given'],
    ['(echo a; echo @< .Name >@) | sh', 'gets into what sh is given'],
    ['for x in @< .Name >@; do echo "$x"; done | sh', 'gets into what sh is given'],
    ['{ echo @< .Name >@; } | kubectl exec -i x -- /bin/sh', 'gets into what /bin/sh is given'],
    ["echo @< .Name >@ | xargs -I{} sh -c '{}'", 'gets into what -c is given'],
    ['echo @< .Name >@ | . /dev/stdin', 'gets into what . is given'],
    ['$(echo @< .Name >@) x', 'gets into a word that stands where the name of a command is expected'],
    ['command -p @< .Name >@ x', 'stands where the name of a command is expected'],
    ['command -p eval @< .Name >@', 'is an argument of eval'],
    ['for x do "eval" @< .Name >@; done', 'is an argument of "eval", which may be any command'],
    ['coproc x { "eval" @< .Name >@; }', 'is an argument of "eval", which may be any command'],
    ['jobs -x @< .Name >@ x', 'is an argument of jobs'],
    ['[ @< .Name >@ @< .Name >@ ]', 'stands behind another value, which [ may take for an option'],
    ['if test x = x -a @< .Name >@ @< .Name >@; then x; fi', 'stands behind another value'],
    ['printf @< .Name >@ @< .Name >@ x', 'stands behind another value, which printf may take for an option'],
  ])('is refused: %s', (script, why) => {
    expect(() => fillScript(script, scope('secret-value'))).toThrow(why);
    expect(scriptProblem(script)).toContain(why);
    expect(scriptProblem(script)).not.toContain('secret-value');
  });

  it('is refused with the sentence that says how to write it', () => {
    expect(scriptProblem('curl "http://x/@< .Name >@" -d a@< .Spec >@')).toBe(
      'placeholder @< .Name >@ stands inside quotes, with other text; @< .Spec >@ is only a part of a word; write it as a word of its own, or in a line before: set -- @< .Name >@, and here "$1"',
    );
    expect(scriptProblem('set -- @< .Name >@\ncurl "http://x/$1"')).toBeUndefined();
    expect(scriptProblem('@< if .Name >@x@< else >@a@< .Name >@@< end >@')).toContain('part of a word');
  });

  it('is found in what it reads', () => {
    expect(
      pathsIn('@< if .Spec.A >@@< index .this.spec.b (index .Labels "x") >@@< end >@@< (index .C 0).d >@').map((path) =>
        path.join('.'),
      ),
    ).toEqual(['Spec.A', 'this.spec.b', 'Labels', 'C']);
    expect(pathsIn('@< .x')).toEqual([]);
  });
});

/** Pieces of scripts, many of which change how the rest is read. */
const PIECES = [
  'echo ',
  'x ',
  ' ',
  '\n',
  ';',
  '"',
  "'",
  '\\',
  '$',
  '$(',
  '${x}',
  '${x:-',
  '}',
  '(',
  ')',
  '`',
  '#',
  '# ',
  '<<EOF',
  '\nEOF\n',
  '<<<',
  '>&2 ',
  '&&',
  '|',
  '[[ ',
  ' ]]',
  '-eq ',
  "$'",
  'case x in ',
  'esac',
  'bash -c ',
  'bash ',
  'bash -s x',
  'eval ',
  'printf -v ',
  'printf ',
  'printf -- ',
  'eval a=( ',
  'declare -i a=( ',
  'declare -i a;',
  'a=( ',
  ' )',
  '[ ',
  'command ',
  '-p ',
  'for x do ',
  'coproc x { ',
  'a[',
  ']',
  '=',
  '{ ',
  '; }',
  'if true; then ',
  '; fi',
  '@< .Name >@',
  ' @< .Name >@ ',
  '"@< .Name >@"',
];

const nastyOf = (file: string) => `$(: >'${file}') \`: >'${file}'\` ; : >'${file}' # a[$(: >'${file}')]`;

/** Whether real bash ran any of the values, in a shell of its own for each script, so that a syntax error ends nothing else. */
function ranAny(scripts: readonly string[], valuesOf: (file: string) => readonly string[]): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-script-words-'));
  const file = path.join(folder, 'ran');
  const values = valuesOf(file);
  // Without anything that it could start or write.
  const input = scripts
    .map((script) => fillScript(script, scope('x')).text)
    .map((text) => `bash --norc -c '${text.replaceAll("'", `'\\''`)}' </dev/null >/dev/null 2>&1\n`)
    .join('');
  const env = Object.fromEntries(Array.from({ length: 9 }, (_, k) => [`ITER8_V${k + 1}`, values[k % values.length]]));
  execFileSync('bash', ['--norc'], {
    input: `${input}true`,
    cwd: folder,
    env: { ...env, PATH: process.env['PATH'] },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ran = existsSync(file);
  rmSync(folder, { recursive: true });
  return ran;
}
/** What an option may be, and what runs where it is read once more. */
const VALUES: readonly ((file: string) => readonly string[])[] = [
  (file) => [nastyOf(file)],
  (file) => ['-v', `a[$(: >'${file}')]`],
  (file) => [`-va[$(: >'${file}')]`],
  (file) => [`x[$(: >'${file}')]`],
  (file) => ['!', '-v', `a[$(: >'${file}')]`],
];
const accepted = (scripts: readonly string[]) => scripts.filter((script) => scriptProblem(script) === undefined);

it.each(VALUES)('runs no value, whatever stands around the placeholders (%#)', (valuesOf) => {
  const scripts = fc.sample(
    fc.array(fc.constantFrom(...PIECES), { minLength: 2, maxLength: 9 }).map((pieces) => pieces.join('')),
    { numRuns: runs(15_000), seed: 7 },
  );
  const found = accepted(scripts.filter((script) => script.includes('@<')));
  expect(found.length).toBeGreaterThan(runs(400));
  expect(ranAny(found, valuesOf)).toBe(false);
});

it('runs no value as an argument of whatever this bash has built in', () => {
  const builtins = execFileSync('bash', ['--norc', '-c', 'compgen -b'], { encoding: 'utf8' }).trim().split('\n');
  expect(builtins.length).toBeGreaterThan(50);
  const value = '@< .Name >@';
  const shapes = [value, `${value} x`, `x ${value}`, `-- ${value}`, `1 ${value}`, `-x ${value}`, `-v ${value} x`];
  shapes.push(`-R ${value}`, `${value} ${value} x`, `x = x -a ${value} ${value}`, `"$(echo ${value})"`);
  const scripts = accepted(builtins.flatMap((name) => shapes.map((shape) => `${name} ${shape}`)));
  expect(scripts).toContain('cd x @< .Name >@');
  for (const valuesOf of VALUES) expect(ranAny(scripts, valuesOf)).toBe(false);
});
