/** Sentences for measurements without a value: they stand behind a name and a colon. */
import type { NoValueReason } from '../no-value-reasons.ts';

/** `detail`: what was seen, already redacted; empty where there is nothing more to say. */
export function noValueText(reason: NoValueReason, detail: string): string {
  switch (reason) {
    case 'empty-answer':
      return detail === '' ? 'the answer is empty: no data, probably no traffic' : `${detail}: no data`;
    case 'not-a-number':
      return 'the value is not a number (NaN), as 0/0 is: probably no traffic';
    case 'not-finite':
      return `the value is not finite (${detail}), as a division by 0 is`;
    case 'backend-error':
      return `the backend reports an error: ${detail}`;
    case 'not-json':
      return `the answer is not JSON but ${detail}`;
    case 'rejected':
      return `the backend refuses the query: it answers ${detail}`;
    case 'server-error':
      return `the backend fails: it answers ${detail}`;
    case 'unreachable':
      return `the backend cannot be reached: ${detail}`;
    case 'timed-out':
      return detail === '' ? 'the backend gives no answer in time' : `the backend gives no answer within ${detail}`;
    case 'unusable-answer':
      return `the answer cannot be used: ${detail}`;
    case 'no-number':
    case 'program-failed':
      return `jqExpression ${detail}`;
    case 'cannot-ask':
      return `the query cannot be made: ${detail}`;
  }
}

/** What a backend says beside a value, such as that a part of the data is missing. */
export const backendWarningText = (warning: string): string => `the backend warns: ${warning}`;
