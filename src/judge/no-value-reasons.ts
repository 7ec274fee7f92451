/** Why a measurement gave no value: each cause is a reason of its own, and has its sentence in `wording/no-value-sentences.ts`. */

export const NO_VALUE_REASONS = [
  'empty-answer', // an answer without a series: no data
  'not-a-number', // NaN, as 0/0 is
  'not-finite', // an infinity, as a division by 0 is
  'backend-error', // an answer that reports an error, although its code is a success
  'not-json', // a sign-in page, a proxy's text, nothing at all
  'rejected', // a code from 300 to 499
  'server-error', // a code of 500 and above
  'unreachable', // no connection, or one that was closed
  'timed-out', // no answer in time
  'unusable-answer', // too large, or redirects that are not followed
  'no-number', // a good answer in which the jqExpression finds no number
  'program-failed', // a jqExpression that is none, or does not end
  'cannot-ask', // no query could be made: a secret is missing, a URL is none
] as const;

export type NoValueReason = (typeof NO_VALUE_REASONS)[number];

const KNOWN: ReadonlySet<string> = new Set(NO_VALUE_REASONS);

export function isNoValueReason(reason: string): reason is NoValueReason {
  return KNOWN.has(reason);
}
