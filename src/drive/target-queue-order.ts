/** Who goes first where several experiments want the same target. Pure. */
import { hasEnded, isConditionTrue } from '../experiment/conditions.ts';
import { keyText, type Experiment, type ObjectKey } from '../experiment/experiment.ts';

/**
 * The experiments that go before this one on the same target: those who had it, whose traffic nobody else should move meanwhile, then
 * those who wait, by time of creation, then by namespace and name. The first that somebody drives is the one whose turn it is.
 */
export function experimentsAhead(experiment: Experiment, all: readonly Experiment[]): ObjectKey[] {
  return all
    .filter((one) => one.spec.target === experiment.spec.target && isInLine(one))
    .filter((one) => compare(one, experiment) < 0)
    .toSorted(compare)
    .map(({ metadata: { namespace, name } }) => ({ namespace, name }));
}

/** Has its target, or waits for it. */
export function isInLine(experiment: Experiment): boolean {
  const { status } = experiment;
  return !hasEnded(experiment) && (status?.stage === 'Waiting' || isConditionTrue(status, 'TargetAcquired'));
}

/** Negative when `a` goes before `b`; 0 for one and the same. */
function compare(a: Experiment, b: Experiment): number {
  const had = ({ status }: Experiment) => isConditionTrue(status, 'TargetAcquired');
  if (had(a) !== had(b)) return had(a) ? -1 : 1;
  const createdMs = ({ metadata }: Experiment) => Date.parse(metadata.creationTimestamp ?? '') || 0;
  if (createdMs(a) !== createdMs(b)) return createdMs(a) - createdMs(b);
  const [keyA, keyB] = [keyText(a.metadata), keyText(b.metadata)];
  return keyA < keyB ? -1 : keyA > keyB ? 1 : 0;
}
