/** Evidence about a share, from counts: errors of requests, or whatever else is bad of all. Source: docs/method.md 0.1, 1.1. */
import { lnSatisfied, lnViolated } from '../one-sample/rate-bounds.ts';
import { othersOf, type LimitCount } from '../request-tally.ts';
import { NO_STEPS, tabulated, type LevelEvidence, type Steps } from './levels.ts';

/** `response`: what counts for "below"; `service`: for "above" (docs/method.md 0.2). `bad` may be fractional. */
export function shareLevels(counts: LimitCount, lnNeeded: number): LevelEvidence {
  const range = { most: 1, lnNeeded };
  const { response, service } = counts;
  return {
    below: response.n === 0 ? NO_STEPS : tabulated((p0) => lnSatisfied(response, p0), { side: 'below', ...range }),
    above: service.n === 0 ? NO_STEPS : tabulated((p0) => lnViolated(service, p0), { side: 'above', ...range }),
    least: 0,
    most: 1,
  };
}

/** Of good ones: by the others, for whom bets are made (docs/method.md 0.2). */
export function goodShareLevels(counts: LimitCount, lnNeeded: number): LevelEvidence {
  const { below, above } = shareLevels(othersOf(counts), lnNeeded);
  const flipped = ({ at, ln }: Steps): Steps => ({
    at: at.map((level) => 1 - level).toReversed(),
    ln: ln.toReversed(),
  });
  return { below: flipped(above), above: flipped(below), least: 0, most: 1 };
}

/** The same about a mean of values from 0 to a cap, of which only number and sum are known: a share of the cap (docs/method.md 1.3). */
export function scaledLevels({ below, above, least, most }: LevelEvidence, cap: number): LevelEvidence {
  const scaled = (values: readonly number[]) => values.map((value) => value * cap);
  return {
    below: { at: scaled(below.at), ln: below.ln },
    above: { at: scaled(above.at), ln: above.ln },
    least: least * cap,
    most: most * cap,
  };
}
