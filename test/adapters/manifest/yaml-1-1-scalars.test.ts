/** Scalars that kubectl reads otherwise than we do, by what kubectl itself makes of them. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { readManifest } from '../../../src/adapters/manifest/parse-documents.ts';
import { otherReading } from '../../../src/adapters/manifest/yaml-1-1-scalars.ts';
import { writeYaml } from '../../../src/adapters/manifest/write-yaml.ts';
import { itUnless } from '../../support/needs.ts';

/** Read alike, or not, by both. */
const SCALARS =
  '0500 010 08 007 -010 +010 1_000 1_0.5 0b11 -0b11 0o17 -0o17 0x1F 0x1_F -0x1f yes y Y on ON oN yEs n N no off 1e3 1E5 +12 .5 5. 12:30:45 1__0 2001-01-01 ~ True TRUE 0B11 0X1F 0O17 _1 1_ 0_ 0_7 00 0 -0 0.5_0 1_e3 09.5 010.5 0_8 1e1_0 0x_1 0o_7 +_1 .5_0 1._5 0b1_1 12345678901234567890123 v1 1.2.3 10m 1k 150e-9 2024_01 07:30 null Null'.split(
    ' ',
  );

function hasKubectl(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const ours = (text: string): unknown => (readManifest(`a: ${text}\n`, 'x').objects[0]!.value as { a: unknown }).a;

itUnless(hasKubectl() ? undefined : 'kubectl is not on the PATH')('is what kubectl shows', () => {
  const input = `apiVersion: a.b/v1\nkind: Foo\nmetadata: {name: a}\nspec: {v: [${SCALARS.join(', ')}]}\n`;
  const out = execFileSync('kubectl', ['annotate', '--local', '-f', '-', 'x=y', '-o', 'json'], { input });
  const theirs = (JSON.parse(out.toString()) as { spec: { v: unknown[] } }).spec.v;
  for (const [index, text] of SCALARS.entries()) {
    const expected = Object.is(theirs[index], ours(text)) || (theirs[index] === 0 && ours(text) === 0);
    expect(`${text}: ${otherReading(text) ?? 'alike'}`).toBe(`${text}: ${expected ? 'alike' : String(theirs[index])}`);
  }
});

it.each(['.inf', '-.INF', '.nan'])('%s is no JSON', (text) => {
  expect(otherReading(text)).toMatch(/JSON/);
});

it('points at values and keys, with their fields; not at what is quoted, tagged or alike', () => {
  const text = `
kind: Experiment
metadata:
  name: on
  labels: {On: "yes", 'no': !!str off, y: n}
spec:
  criteria:
    objectives:
    - metric: 'no'
      upperLimit: 0500
      note: |
        no
  duration: {intervalSeconds: 010, iterationsPerLoop: 10}
  - bad
`.replace('  - bad\n', '');
  const { issues, notes } = readManifest(text, 'e.yaml').doubts();
  expect(notes.map(({ message }) => message)).toEqual([
    'kubectl reads y as true; quote it: "y"',
    'kubectl reads n as false; quote it: "n"',
  ]);
  expect(issues).toEqual([
    {
      source: 'e.yaml',
      line: 4,
      column: 9,
      path: 'metadata.name',
      message: 'kubectl reads on as true; quote it: "on"',
    },
    {
      source: 'e.yaml',
      line: 5,
      column: 12,
      path: 'metadata.labels.On',
      message: 'kubectl reads On as true; quote it: "On"',
    },
    {
      source: 'e.yaml',
      line: 10,
      column: 19,
      path: 'spec.criteria.objectives[0].upperLimit',
      message: 'kubectl reads 0500 as 320; write the number plainly, or quote it: "0500"',
    },
    {
      source: 'e.yaml',
      line: 13,
      column: 31,
      path: 'spec.duration.intervalSeconds',
      message: 'kubectl reads 010 as 8; write the number plainly, or quote it: "010"',
    },
  ]);
});

it('are quoted in what we write, so that kubectl reads the same object', () => {
  for (const text of SCALARS) {
    const written = writeYaml({ a: text });
    expect(readManifest(written, 'x').doubts().issues, written).toEqual([]);
    expect((readManifest(written, 'x').objects[0]!.value as { a: unknown }).a).toBe(text);
  }
  expect(writeYaml({ a: 1000, b: true })).toBe('a: 1000\nb: true\n');
});

it('in JSON there are none', () => {
  expect(readManifest('{"a": "no", "b": "0500", "kind": "x"}', 'x').doubts().issues).toEqual([]);
});
