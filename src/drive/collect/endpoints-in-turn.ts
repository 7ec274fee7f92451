/** In which turn a version's endpoints get its requests. Pure. Source: docs/method.md 0.5. */
import { sortedLike } from '../../experiment/spec-order.ts';
import type { LoadTarget } from '../ports.ts';

/**
 * Requests of one tick go to endpoints of one name where both versions have it, in whatever order each version lists them: only such
 * requests say how an endpoint of the one compares with that of the other. Names that most versions have come first.
 */
export function inOneTurn<T extends Pick<LoadTarget, 'endpoints'>>(targets: readonly T[]): T[] {
  const having = new Map<string, number>();
  for (const { endpoints } of targets)
    for (const { name = '' } of endpoints) having.set(name, (having.get(name) ?? 0) + 1);
  const names = [...having].toSorted((a, b) => b[1] - a[1]).map(([name]) => name);
  return targets.map((target) => ({
    ...target,
    endpoints: sortedLike(names, target.endpoints, ({ name = '' }) => name),
  }));
}
