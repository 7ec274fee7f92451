/**
 * How much is looked at. `npm test` is quick, for whoever changes something; `npm run check`, and so CI, look at all
 * cases: `ITER8_TEST_DEPTH=full`.
 */
import fc from 'fast-check';
import { skippedIf } from './needs.ts';

export const isFull = process.env['ITER8_TEST_DEPTH'] === 'full';
/** What a quick run looks at. */
const PART = 0.1;

/** Of so many cases, those that this run looks at. */
export const runs = (whole: number): number => (isFull ? whole : Math.ceil(whole * PART));

/** Of cases that say the same of different things: a quick run looks at the first ones. */
export const firstOf = <Case>(quick: number, cases: readonly Case[]): readonly Case[] =>
  isFull ? cases : cases.slice(0, quick);

/** Options of tests that take long, and that few changes touch, such as what is made of the program for others (packages, images, pipelines). */
export const inFull = skippedIf(
  isFull ? undefined : 'takes long: npm run check does it, and ITER8_TEST_DEPTH=full npm test',
);

/** Properties that name no number of their own. */
fc.configureGlobal({ ...fc.readConfigureGlobal(), numRuns: runs(100) });
