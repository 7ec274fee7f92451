/** Each target for a moment, and everything that was ever found. For longer: npm run fuzz. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkInput, TARGETS } from './targets.ts';
import { runs } from '../support/search-depth.ts';

const cases = path.join(import.meta.dirname, 'cases');

describe('damaged input', () => {
  it.each(TARGETS.map((target) => [target.name, target] as const))('for %s ends with a sentence', (_, target) => {
    return fc.assert(
      fc.asyncProperty(target.inputs, (input) => checkInput(target, input)),
      { numRuns: runs(400), interruptAfterTimeLimit: 1_500, markInterruptAsFailure: false },
    );
  });

  it.each(readdirSync(cases).filter((file) => file.endsWith('.json')))('that was found once: %s', async (file) => {
    const { target: name, input } = JSON.parse(readFileSync(path.join(cases, file), 'utf8')) as {
      target: string;
      input: unknown;
    };
    const target = TARGETS.find((one) => one.name === name);
    expect(target, `${file} names an unknown target`).toBeDefined();
    await checkInput(target!, input);
  });
});
