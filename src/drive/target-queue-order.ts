/** Who goes first where several experiments want the same target. Pure. */
import { hasEnded } from '../experiment/conditions.ts';
import { keyText, type Experiment, type ObjectKey } from '../experiment/experiment.ts';

/**
 * The experiments that wait for the same target as this one and go before it: by time of creation, then by namespace and name.
 * The first is the one whose turn it is, if somebody drives it.
 */
export function experimentsAhead(experiment: Experiment, all: readonly Experiment[]): ObjectKey[] {
  return all
    .filter((one) => one.spec.target === experiment.spec.target && one.status?.stage === 'Waiting' && !hasEnded(one))
    .filter((one) => compare(one, experiment) < 0)
    .toSorted(compare)
    .map(({ metadata: { namespace, name } }) => ({ namespace, name }));
}

/** Negative when `a` goes before `b`; 0 for one and the same. */
function compare(a: Experiment, b: Experiment): number {
  const createdMs = ({ metadata }: Experiment) => Date.parse(metadata.creationTimestamp ?? '') || 0;
  if (createdMs(a) !== createdMs(b)) return createdMs(a) - createdMs(b);
  const [keyA, keyB] = [keyText(a.metadata), keyText(b.metadata)];
  return keyA < keyB ? -1 : keyA > keyB ? 1 : 0;
}
