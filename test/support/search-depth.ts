/**
 * How many cases properties look at. `npm test` is quick, for whoever changes something; `npm run check`, and so CI, look at all
 * of them: `ITER8_TEST_DEPTH=full`.
 */
import fc from 'fast-check';

export const isFull = process.env['ITER8_TEST_DEPTH'] === 'full';
/** What a quick run looks at. */
const PART = 0.2;

/** Of so many cases, those that this run looks at. */
export const runs = (whole: number): number => (isFull ? whole : Math.ceil(whole * PART));

/** Properties that name no number of their own. */
fc.configureGlobal({ ...fc.readConfigureGlobal(), numRuns: runs(100) });
