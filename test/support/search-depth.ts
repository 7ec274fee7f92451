/**
 * How much is looked at. `npm test` is quick, for whoever changes something; `npm run check`, and so CI, look at all
 * cases: `ITER8_TEST_DEPTH=full`.
 */
import fc from 'fast-check';
import { describeUnless, itUnless } from './needs.ts';

export const isFull = process.env['ITER8_TEST_DEPTH'] === 'full';
/** What a quick run looks at. */
const PART = 0.2;

/** Of so many cases, those that this run looks at. */
export const runs = (whole: number): number => (isFull ? whole : Math.ceil(whole * PART));

/** Of cases that say the same of different things: a quick run looks at the first ones. */
export const firstOf = <Case>(quick: number, cases: readonly Case[]): readonly Case[] =>
  isFull ? cases : cases.slice(0, quick);

const shallow = isFull ? undefined : 'takes long: npm run check does it, and ITER8_TEST_DEPTH=full npm test';
/** What is made of the program for others (packages, images, pipelines) takes long to try, and few changes touch it. */
export const describeInFull = describeUnless(shallow);
export const itInFull = itUnless(shallow);

/** Properties that name no number of their own. */
fc.configureGlobal({ ...fc.readConfigureGlobal(), numRuns: runs(100) });
