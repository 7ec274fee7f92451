/** Sentences about assessments: the one place where a reason becomes words. Values never contradict the verdict beside them. */
import { shortName } from '../../experiment/metric-names.ts';
import { formatCount, formatCounted, formatLimit, formatRate, formatSeconds, formatValue } from '../../text/units.ts';
import type { LimitAssessment, UndecidedReason } from '../assessment.ts';
import { boundText, isBeyond, observedText, relativeText, relevantBound, shownLimit } from './limit-texts.ts';
import { noValueText } from './no-value-sentences.ts';

/** `95 %`, `99.9 %`. */
export const confidenceText = (confidence: number): string => formatLimit(confidence, 'share');

/** Codes and classes that are not a plain success, most frequent first: `503: 12, timeout: 1`. */
export function codesText(codes: Readonly<Record<string, number>>): string {
  return (
    Object.entries(codes)
      // OK is what gRPC, and tools without codes, call a success.
      .filter(([code]) => !/^(2\d\d|OK)$/.test(code))
      .toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
      .map(([code, count]) => `${code}: ${formatCount(count)}`)
      .join(', ')
  );
}

const BOUND_WORDS = { '<=': 'at most', '>=': 'at least', '<': 'below', '>': 'above' } as const;

/** `at most 9.00 %`, `at least 1.10 %`. */
function boundWords(one: LimitAssessment): string | undefined {
  return boundText(one)?.replace(/^[<>]=?/, (sign) => BOUND_WORDS[sign as keyof typeof BOUND_WORDS]);
}

function limitWords(one: LimitAssessment): string {
  if (one.relative !== undefined)
    return `limit ${relativeText(one.relative, one.unit)} = ${formatLimit(shownLimit(one), one.unit)}`;
  return `${one.side === 'upper' ? 'limit' : 'lower limit'} ${formatLimit(one.limit, one.unit)}`;
}

/** `28 of 1,204 requests`, or `n = 402` where nothing is counted. */
function behindIt(one: LimitAssessment): string {
  if (one.relative?.pairs !== undefined)
    return formatCounted(one.relative.pairs, 'pair of requests', 'pairs of requests');
  if (one.count === undefined) return `n = ${formatCount(one.n)}`;
  const beyond = one.unit === 'ms' ? ` ${one.side === 'upper' ? 'slower than' : 'at or above'} the limit` : '';
  return `${formatCount(one.count.bad)} of ${formatCounted(one.count.n, 'request')}${beyond}`;
}

/** Why there is no data, behind a colon. */
function missingText({ reason, detail, version }: LimitAssessment): string {
  if (reason === 'no-traffic') return `no traffic to ${version}`;
  return detail ?? 'nothing measures it here';
}

const parts = (...texts: (string | undefined)[]): string => texts.filter((text) => text !== undefined).join(', ');

export function violatedSentence(one: LimitAssessment): string {
  // Only missing data leaves a reason beside this verdict.
  if (one.reason !== undefined)
    return `${shortName(one.metric)} of ${one.version} is violated, as missing data is (noData: violated): ${missingText(one)}, ${limitWords(one)}`;
  const observed = observedText(one);
  return `${shortName(one.metric)} of ${one.version} is violated: ${parts(
    observed === undefined ? undefined : `${observed} observed`,
    one.method === 'evidence' ? boundWords(one) : undefined,
    limitWords(one),
  )} (${behindIt(one)})`;
}

/** For logs: what a verdict is now, with the numbers behind it. */
export function verdictSentence(one: LimitAssessment): string {
  if (one.verdict === 'violated') return violatedSentence(one);
  const name = `${shortName(one.metric)} of ${one.version}`;
  if (one.verdict === 'satisfied') {
    return `${name} is satisfied: ${parts(observedText(one), one.method === 'evidence' ? boundWords(one) : undefined, limitWords(one))} (n = ${formatCount(one.n)})`;
  }
  return `${name} is undecided again: ${parts(observedText(one), boundWords(one), limitWords(one))} (n = ${formatCount(one.n)})`;
}

export interface OpenHow {
  /** 0 or absent when nothing is sent, or as fast as possible. */
  readonly ratePerSec?: number | undefined;
  /** There are several versions: the sentence names the one it is about. */
  readonly several: boolean;
}

/** Why an objective is open, and what would settle it. */
export function openSentence(one: LimitAssessment, how: OpenHow): string {
  const name = how.several ? `${shortName(one.metric)} of ${one.version}` : shortName(one.metric);
  return one.reason === undefined ? `${name} is undecided` : reasonSentence(one, one.reason, { ...how, name });
}

function reasonSentence(
  one: LimitAssessment,
  reason: UndecidedReason,
  how: OpenHow & { readonly name: string },
): string {
  const { name } = how;
  switch (reason) {
    case 'no-traffic':
      return `no traffic to ${one.version}: ${name} has no data`;
    case 'not-enough-evidence':
      return notEnough(one, how);
    case 'too-few-requests':
      return `${name}: ${formatCounted(one.n, 'request is', 'requests are')} too few for a verdict${typeof one.requestsNeeded === 'number' ? `, about ${formatCounted(one.requestsNeeded, 'more is', 'more are')} needed` : ''}`;
    case 'too-early':
      return `${name}: it is too early for a verdict (minSeconds)`;
    case 'plan-not-done':
      return `${name} is compared when the planned load is done`;
    case 'measuring-not-done':
      return `${name} is compared after the last iteration`;
    case 'load-too-slow':
      return `${name}: the load generator was too slow to judge it: too many requests left late by our own fault`;
    case 'depends-on-unknown':
      return `${name} is within its limit or beyond it by requests of which not all is known: they left late or not at all, nobody saw how they ended, they are missing, or their latencies are rounded`;
    case 'closed-loop':
      return `${name} cannot be satisfied at qps 0: latency depends on the load itself; set a rate`;
    case 'closed-model':
      return `${name} cannot be satisfied by these requests: they waited for one another (a closed model), so that a slow answer hides the wait of those behind it; measure at a rate`;
    case 'unknown-model':
      return `${name} cannot be satisfied by these requests: it is not known whether they were sent at a rate, or waited for one another; --model open says that they were`;
    case 'failures-missing':
      return `${name} cannot be settled by these requests: those that failed without an answer are not among them; --missing N says how many there were`;
    case 'unfinished-missing':
      return `${name} cannot be settled by these requests: more of them may be missing at the end than are left out (one took longer, or a file breaks off); --timeout says how long one may take, --missing N how many are missing`;
    case 'no-timeout':
      return `${name} cannot be shown to be below its limit: the timeout of these measurements is unknown`;
    case 'unquantified':
      return `${name} cannot be judged with confidence: only its value${one.estimate === undefined ? '' : ` (${formatValue(one.estimate, one.unit)})`} is known, without the number of requests behind it`;
    case 'percentile-value':
      return `${name} can only be shown: how sure its value${one.estimate === undefined ? '' : ` (${formatValue(one.estimate, one.unit)})`} is, nobody can say of a percentile that a backend computed; judge its raw buckets (histograms), or the share of requests that are slower`;
    case 'windows-differ':
      return `${name} cannot be judged with confidence: its value and its sampleSize are about different times; use elapsedTime in both queries, or in neither`;
    case 'all-under-way':
      return `${name}: no request has surely ended yet: it takes two inFlightSeconds, and two samples`;
    case 'needs-cap':
      return `${name} cannot be judged with confidence: ${needsCapText(one)}`;
    case 'above-cap':
      return `${name} cannot be judged with confidence: it is above the cap of ${capOf(one)} that was declared`;
    case 'limit-outside-cap':
      return `${name} cannot be judged with confidence: the limit is not between 0 and the cap of ${capOf(one)}`;
    case 'limit-not-a-share':
      return `${name} cannot be judged with confidence: a share is below 1: so must its limit be`;
    case 'limit-not-counted':
      return `${name} cannot be judged with confidence: it was not counted at this limit`;
    case 'count-without-evidence':
      return `${name} cannot be judged with confidence: a count says nothing per request`;
    case 'not-comparable':
      return `${name} cannot be judged: no value could be beyond this limit, or every one is`;
    case 'not-paired':
      return `${name} cannot be compared: the load does not go to both versions at the same times; load them in one metrics/collect task, at a rate`;
    case 'only-counters-compare':
      return `${name} cannot be judged with confidence: only raw counters can be compared`;
    case 'buckets-not-comparable':
      return `${name} cannot be judged with confidence: buckets are exact at a limit only: compare a share or a mean`;
    case 'build-changed':
      return `${name} is void: ${one.detail ?? 'another build runs now'}`;
    case 'stale':
      return `${name} is too old for a verdict: ${one.detail ?? 'its backend fails'}`;
    case 'empty-answer':
    case 'not-a-number':
    case 'not-finite':
    case 'backend-error':
    case 'not-json':
    case 'rejected':
    case 'server-error':
    case 'unreachable':
    case 'timed-out':
    case 'unusable-answer':
    case 'no-number':
    case 'program-failed':
    case 'cannot-ask':
      return sizeIsMissing(one)
        ? `${name} cannot be judged with confidence: the number of requests behind its value (${formatValue(one.estimate, one.unit)}) is not known: ${one.detail ?? noValueText(reason, '')}`
        : `${name} has no value: ${one.detail ?? noValueText(reason, '')}`;
    case 'metric-unavailable':
      return one.detail === undefined ? `${name} is measured by nothing here` : `${name} has no value: ${one.detail}`;
    default:
      // The record may be of a newer version, which knows more reasons.
      return `${name} is undecided: ${String(reason)}`;
  }
}

/** The value is there, what failed is its sampleSize. */
const sizeIsMissing = (one: LimitAssessment): one is LimitAssessment & { readonly estimate: number } =>
  one.estimate !== undefined;

/** n may be known, and shown beside it: what is missing is a largest value. */
function needsCapText(one: LimitAssessment): string {
  const value =
    one.estimate === undefined || one.n === 0
      ? ''
      : `its value (${formatValue(one.estimate, one.unit)}, n = ${formatCount(one.n)}) is not a share; `;
  return `${value}a mean needs the largest value that counts: declare it as strength.cap: [{metric: ${one.metric}, max: LARGEST}]; a rate must be a share from 0 to 1, not percent`;
}

const capOf = ({ cap, unit }: LimitAssessment): string => formatValue(cap ?? Number.NaN, unit);

function notEnough(one: LimitAssessment, how: OpenHow & { readonly name: string }): string {
  const needs = neededSentence(one, how);
  const wanted = (one.side === 'upper') === isBeyond(one) ? 'lower' : 'upper';
  const bound = relevantBound(one) === wanted ? boundWords(one) : undefined;
  const requests = formatCounted(one.n, 'request');
  const counted =
    one.count === undefined
      ? requests
      : one.count.bad === 0
        ? `${requests} ${one.unit === 'ms' ? 'within the limit' : 'without an error'}`
        : behindIt(one);
  const shows = (one.count?.n ?? one.n) === 1 ? 'shows' : 'show';
  return bound === undefined ? needs : `${needs}; ${counted} ${shows} ${bound}, ${limitWords(one)}`;
}

/** Never, not worked out, and so many more are three different answers. */
function neededSentence(
  { requestsNeeded }: LimitAssessment,
  { name, ratePerSec = 0 }: OpenHow & { readonly name: string },
): string {
  if (requestsNeeded === undefined) return `${name} needs more requests`;
  if (requestsNeeded === 'never')
    return `${name} lies at its limit: as it is now, no number of requests would decide it`;
  const time = ratePerSec > 0 ? ` (${formatSeconds(requestsNeeded / ratePerSec)} at ${formatRate(ratePerSec)})` : '';
  return `${name} needs about ${formatCounted(requestsNeeded, 'more request')} at the present rate${time}`;
}
