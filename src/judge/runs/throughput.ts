/**
 * Requests a second of two runs: shown side by side, and not judged. At a given rate it is the load and not the service that sets them;
 * in a closed loop they follow from the number of users and the latencies (Little's law), which are compared by themselves. Pure.
 */
import type { ComparedRow } from './compare-runs.ts';
import type { MeasuredRun } from './measured-run.ts';

/** Requests a second; undefined where it is not known: the first request is at 0 s, and less than a second has no rate. */
export function requestRate({
  requests,
  seconds,
}: {
  readonly requests: number;
  readonly seconds: number;
}): number | undefined {
  return seconds < 1 || requests === 0 ? undefined : requests / seconds;
}

const rateOfRun = ({ tally, seconds }: MeasuredRun): number | undefined =>
  requestRate({ requests: tally.response.n, seconds });

/** Loads within this factor count as the same. */
const ALIKE = 1.1;

/** Which of the two was sent more requests a second, and how many times as many; undefined where the load was the same, or is not known. */
export function otherLoad(
  a: MeasuredRun,
  b: MeasuredRun,
): { readonly of: 'a' | 'b'; readonly times: number } | undefined {
  const [from, to] = [rateOfRun(a), rateOfRun(b)];
  // What a closed loop sends is what the service could take of it.
  const isGiven = a.latency !== 'closed-model' || b.latency !== 'closed-model';
  if (from === undefined || to === undefined || !isGiven) return undefined;
  const times = Math.max(from / to, to / from);
  return times > ALIKE ? { of: from > to ? 'a' : 'b', times } : undefined;
}

/** None where one of them has no rate. */
export function throughputRow(a: MeasuredRun, b: MeasuredRun): ComparedRow[] {
  const [from, to] = [rateOfRun(a), rateOfRun(b)];
  if (from === undefined || to === undefined) return [];
  return [
    {
      metric: 'requests-per-second',
      unit: 'plain',
      a: { n: a.tally.response.n, estimate: from },
      b: { n: b.tally.response.n, estimate: to },
      difference: { estimate: to - from },
      answer: 'not-judged',
      reason: whyNotJudged(a.latency, b.latency),
    },
  ];
}

function whyNotJudged(a: MeasuredRun['latency'], b: MeasuredRun['latency']): string {
  const both = [a, b];
  if (both.includes('unknown-model'))
    return 'not judged: it is not known whether they were sent at a rate, or as fast as the service answered (--model)';
  if (both.every((latency) => latency === 'closed-model'))
    return 'not judged: in a closed loop they follow from the number of users and the latencies, which are compared above';
  if (both.every((latency) => latency === 'due'))
    return 'not judged: how much was sent was given, and says nothing about the service';
  const [given, taken] = a === 'due' ? ['A', 'B'] : ['B', 'A'];
  return `not comparable: what was sent in ${given} was given, what was sent in ${taken} is what the service could take`;
}
