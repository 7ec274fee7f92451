/** In which order experiments are listed: newest first, or by what `--sort-by` names. */
import type { Experiment } from '../experiment/experiment.ts';
import type { ListRow } from '../view/experiment-view.ts';

export const SORT_KEYS = ['age', 'name', 'target', 'stage'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

type Dated = Pick<ListRow, 'name' | 'createdAt'>;

/** Newest first, of the same second the last by name first. Each time is read once, not at each comparison of ten thousand. */
export function newestFirst<T>(items: Iterable<T>, of: (item: T) => Dated): T[] {
  return Array.from(items, (item) => ({ item, time: timeOf(of(item)), name: of(item).name }))
    .toSorted((a, b) => b.time - a.time || laterNameFirst(a.name, b.name))
    .map(({ item }) => item);
}

export const datedOf = ({ metadata: { name, creationTimestamp } }: Experiment): Dated => ({
  name,
  createdAt: creationTimestamp ?? undefined,
});

export const isNewer = (a: Dated, b: Dated): boolean => (timeOf(b) - timeOf(a) || laterNameFirst(a.name, b.name)) < 0;
const timeOf = ({ createdAt }: Dated): number => Date.parse(createdAt ?? '') || 0;
const laterNameFirst = (a: string, b: string): number => (a < b ? 1 : a > b ? -1 : 0);

/** Equal keys keep the newest first. */
export function sortedBy(key: SortKey, experiments: readonly Experiment[]): Experiment[] {
  const newest = newestFirst(experiments, datedOf);
  if (key === 'age') return newest;
  const text = {
    name: (experiment: Experiment) => experiment.metadata.name,
    target: (experiment: Experiment) => experiment.spec.target,
    stage: (experiment: Experiment) => experiment.status?.stage ?? '',
  }[key];
  return newest.toSorted((a, b) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0));
}
