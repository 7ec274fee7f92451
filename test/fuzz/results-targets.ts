/** Results of other tools, damaged and torn: files that the tools themselves wrote, and rows as they write them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { EXIT } from '../../src/exit-codes.ts';
import { judgedInPieces, LOG_FIELDS, RESULT_ROWS } from '../support/result-rows.ts';
import { damagedText } from './mutate.ts';
import type { Target } from './target.ts';

const fixture = (name: string) => readFileSync(path.join(import.meta.dirname, '../fixtures/results', name), 'utf8');

/** What is read, with the settings that make it readable. */
interface Read {
  readonly name: string;
  readonly text: string;
  readonly args: readonly string[];
}

const REAL: readonly Read[] = [
  ...[
    'vegeta.json',
    'vegeta.csv',
    'hey.csv',
    'ghz.json',
    'fortio.json',
    'nginx-access.log',
    'envoy-access.log',
    'jmeter-redirects.csv',
    'jmeter-redirects.xml',
    'jmeter-parents.csv',
    'gatling-simulation.log',
  ].map((name) => ({ name, text: fixture(name), args: [] })),
  { name: 'locust.jsonl', text: fixture('locust.jsonl'), args: LOG_FIELDS },
];

const pieces = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 3 });
const EXPECTED: ReadonlySet<number> = new Set([EXIT.ok, EXIT.no, EXIT.usage, EXIT.undecided]);

export const resultsTarget: Target<{ at: number; text: string; pieces: readonly number[] }> = {
  name: 'results',
  cost: 20,
  inputs: fc.nat({ max: REAL.length - 1 }).chain((at) =>
    fc.record({
      at: fc.constant(at),
      text: damagedText(
        [REAL[at]!.text],
        ['\n', '"', ',', '\t', '<', '>', '{', '}', '[', '-', '0', '\u0000', '\u001b[31m', '\ufeff', '&', ' '],
      ),
      pieces,
    }),
  ),
  shown: async ({ at, text, pieces: sizes }) => {
    const { code, shown } = await judgedInPieces(text, REAL[at]!.args, sizes);
    if (!EXPECTED.has(code)) throw new Error(`${REAL[at]!.name} ends with ${code}: ${shown}`);
    return shown;
  },
};

const GOOD = 300;
const BAD = 80;

/** Torn within a row: rows behind it are lost, and they have failed. */
export const tornResultsTarget: Target<{ at: number; cut: number; pieces: readonly number[] }> = {
  name: 'torn-results',
  cost: 20,
  inputs: fc.record({
    at: fc.nat({ max: RESULT_ROWS.length - 1 }),
    cut: fc.double({ min: 0, max: 1, noNaN: true }),
    pieces,
  }),
  shown: async ({ at, cut, pieces: sizes }) => {
    const { name, heading = '', row, args = [] } = RESULT_ROWS[at]!;
    const whole = `${heading}${Array.from({ length: GOOD + BAD }, (_, k) => row(k, k < GOOD)).join('')}`;
    const end = heading.length + 1 + Math.floor(cut * (whole.length - heading.length - 2));
    const text = whole.slice(0, end);
    // Between two rows nobody can see that others were there.
    if (text.endsWith('\n')) return '';
    const { code, shown } = await judgedInPieces(text, args, sizes);
    if (code === EXIT.ok || !EXPECTED.has(code)) throw new Error(`${name}, cut at ${end}, ends with ${code}: ${shown}`);
    return shown;
  },
};
