/** Files of another tool, as the record that is judged; and what is not known of them, as sentences. */
import type { CountedWindow } from '../adapters/results/count-requests.ts';
import { factsOf, type Results } from '../adapters/results/read-results.ts';
import { EMPTY_TALLY } from '../evidence/request-tally.ts';
import type { ImportedDoubts } from '../judge/unknowns-of-other-tools.ts';
import { EMPTY_RECORD, storeTally, type Iter8Record } from '../judge/record/stored-record.ts';
import { formatCounted, formatSeconds } from '../text/units.ts';

export interface HowMeasured {
  readonly by: string;
  /** What the user knows of it. */
  readonly model?: 'open' | 'closed' | 'observed' | undefined;
  readonly missing?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly strength: Readonly<Record<string, unknown>>;
  readonly versions: readonly string[];
  readonly split?: string | undefined;
}

export interface RecordOfResults {
  readonly record: Iter8Record;
  readonly warnings: readonly string[];
  /** When the last request ended, ms since 1970; undefined: the files know no date. */
  readonly endMs?: number | undefined;
}

export function recordOfResults(results: Results, how: HowMeasured): RecordOfResults {
  const { tallies, windows, formats } = results;
  const facts = factsOf(formats);
  const ends = windows.map(({ lastEndMs }) => lastEndMs).filter(Number.isFinite);
  return {
    record: {
      ...EMPTY_RECORD,
      by: how.by,
      scopes: how.versions.flatMap((version) => {
        const tally = tallies.get(version) ?? EMPTY_TALLY;
        return tally.response.n === 0 ? [] : [{ version, tally: storeTally(tally) }];
      }),
      loadSeconds: secondsOf(results),
      ...(how.timeoutMs === undefined ? {} : { timeoutMs: how.timeoutMs }),
      imported: doubtsOf(results, how),
      strength: how.strength,
    },
    warnings: warningsOf(results, how),
    ...(facts.isDated && ends.length > 0 ? { endMs: Math.max(...ends) } : {}),
  };
}

/** Seconds that are in several files count once: logs of replicas, tools that ran at the same time. */
function secondsOf({ windows, formats }: Results): number {
  let sum = 0;
  let coveredMs = Number.NEGATIVE_INFINITY;
  const spans = windows
    .map(({ starts }, k) => ({ ...starts, isDated: formats[k]!.facts.isDated }))
    .filter(({ firstMs, lastMs }) => lastMs >= firstMs);
  for (const { firstMs, lastMs, isDated } of spans.toSorted((a, b) => a.firstMs - b.firstMs)) {
    // Where there is no date, it is not known what was at the same time.
    const fromMs = isDated ? Math.max(firstMs, coveredMs) : firstMs;
    if (isDated) coveredMs = Math.max(coveredMs, lastMs);
    sum += Math.max(0, lastMs - fromMs) / 1000;
  }
  return sum;
}

function doubtsOf(results: Results, { model, missing }: HowMeasured): ImportedDoubts {
  const { formats } = results;
  const facts = factsOf(formats);
  // Nobody sends what is real traffic ("observed"): there is no schedule that it could be late for.
  const sent = model ?? facts.model;
  const latency = sent === 'closed' ? 'closed-model' : sent === 'unknown' ? 'unknown-model' : undefined;
  const requests = missing === undefined ? doubtAboutRequests(results) : undefined;
  return {
    from: [...new Set(formats.map(({ title }) => title))].join(', '),
    // Of which file a redirect is, is not known: it may be of one where nobody followed it.
    ...(formats.every(({ facts: { recordsHops } }) => recordsHops === true) ? { hops: true as const } : {}),
    ...(latency === undefined ? {} : { latency }),
    ...(requests === undefined ? {} : { requests }),
  };
}

/** Which requests may be missing, where nobody has said how many are. */
function doubtAboutRequests({ formats, windows, isTorn }: Results): ImportedDoubts['requests'] {
  if (factsOf(formats).omitsFailures === true) return 'failures-missing';
  const mayLackLast = isTorn || windows.some(({ isOutlasted, isUnordered }) => isOutlasted || isUnordered);
  return mayLackLast ? 'unfinished-missing' : undefined;
}

function warningsOf({ windows, formats, unread }: Results, { missing, split }: HowMeasured): string[] {
  const sum = (valueOf: (window: CountedWindow) => number) => windows.reduce((all, one) => all + valueOf(one), 0);
  const atEnd = sum(({ leftOut }) => leftOut.atEnd);
  const atStart = sum(({ leftOut }) => leftOut.atStart);
  const ofOthers = sum((window) => window.ofOthers);
  const longest = Math.max(...windows.filter(({ isOutlasted }) => isOutlasted).map(({ longestMs }) => longestMs));
  return [
    ...factsOf(formats).remarks,
    ...(atEnd === 0
      ? []
      : [
          `${formatCounted(atEnd, 'request is', 'requests are')} left out at the end: slower ones of the same time may not have ended yet; --missing 0 says that none is missing`,
        ]),
    ...(atStart === 0
      ? []
      : [
          `${formatCounted(atStart, 'request is', 'requests are')} left out at the beginning: faster ones of the same time are not in the log`,
        ]),
    ...(windows.some(({ isUnordered }) => isUnordered)
      ? ['its lines are not in the order of time: name each file by itself, or sort the lines by time']
      : []),
    ...(Number.isFinite(longest)
      ? [`a request took ${formatSeconds(longest / 1000)}: longer than was left out at the end`]
      : []),
    ...(ofOthers === 0
      ? []
      : [
          `${formatCounted(ofOthers, 'request has', 'requests have')} none of these values in ${split ?? 'it'}: not judged`,
        ]),
    ...(unread.n === 0
      ? []
      : [
          `${formatCounted(unread.n, 'line', 'lines')} could not be read, and each counts as a request that failed: ${unread.examples.join('; ')}`,
        ]),
    ...(missing === undefined || missing === 0
      ? []
      : [`${formatCounted(missing, 'request that is', 'requests that are')} missing count as failed`]),
  ];
}
