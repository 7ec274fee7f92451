/** Limits on counts are compared as they are. They carry no error guarantee. Source: docs/method.md 0.3. */
import type { TallyView } from '../../evidence/request-tally.ts';
import type { Counted } from '../counted-scope.ts';
import { views, type Asked, type Finding } from '../finding.ts';

export function countFinding({ limit }: Asked, { tally }: Counted): Finding {
  const value = (view: TallyView) => (limit.quantity.kind === 'request-count' ? view.n : view.errors);
  const values = { response: value(tally.response), service: value(tally.service) };
  const { forSatisfied, forViolated } = views(limit, values);
  const shown = { n: tally.response.n, estimate: values.response };
  if (limit.side === 'lower') {
    // A count only grows: what is reached stays reached.
    return {
      kind: 'exact',
      shown,
      ...(forSatisfied >= limit.limit ? { now: 'satisfied' } : {}),
      // What we could not send, the version could not answer.
      atEnd: forViolated < limit.limit ? 'violated' : 'load-too-slow',
    };
  }
  if (forViolated > limit.limit) return { kind: 'exact', shown, now: 'violated', atEnd: 'violated' };
  if (shown.n === 0) return { kind: 'open', shown, reason: 'no-traffic' };
  return { kind: 'exact', shown, atEnd: forSatisfied <= limit.limit ? 'satisfied' : 'depends-on-unknown' };
}
