/** Which redirects are followed. */
import { AnswerError } from './dispatcher.ts';

export const MOST_REDIRECTS = 5;

/** Where a redirect leads. @throws AnswerError when it would leave HTTP, or TLS */
export function redirectTarget(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) throw new AnswerError('it redirects to what is no URL');
  const next = new URL(location, from);
  if (next.protocol !== 'http:' && next.protocol !== 'https:')
    throw new AnswerError(`a redirect to ${next.protocol} is not followed`);
  if (from.protocol === 'https:' && next.protocol === 'http:')
    throw new AnswerError('a redirect from https to http is not followed');
  return next;
}
