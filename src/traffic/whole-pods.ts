/** Percent of traffic as numbers of pods (`spec.replicas`). Pure. Source: docs/method.md 3. */

export interface Pods {
  /** Of each version, as first read: they keep their number in all. */
  readonly start: readonly number[];
  readonly now: readonly number[];
  /** Which of them is the baseline; below 0: none. */
  readonly baseline: number;
  /** Percent that candidates get at most; absent: no cap. */
  readonly most?: number | undefined;
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/**
 * Whole pods, at least one for whoever is to have traffic. A candidate gets no more than its share, but for its first pod, and for one
 * more where it is to have more and would otherwise never get it: a step is at least a pod. The cap is kept.
 */
export function wholePods(percents: readonly number[], { start, now, baseline, most = 100 }: Pods): number[] {
  const total = sumOf(start);
  const exact = percents.map((percent) => (percent * total) / 100);
  // Whole percent of pods that are to stay: 33 % of 6 pods are 2, as they were.
  const stays = (index: number) =>
    index !== baseline &&
    percents[index]! > 0 &&
    Math.ceil((100 * now[index]!) / total) === percents[index]! + 1 &&
    100 * now[index]! <= most * total;
  const pods = exact.map((share, index) =>
    stays(index) ? now[index]! : Math.max(percents[index]! > 0 ? 1 : 0, Math.floor(share + 1e-9)),
  );
  const isRoom = (index: number) =>
    100 * (pods[index]! + 1) <= most * total && total > sumOf(pods) - pods[baseline]! + 1;
  if (baseline >= 0 && percents[baseline]! > 0) {
    for (const index of pods.keys())
      if (
        index !== baseline &&
        now[index]! > 0 &&
        exact[index]! > now[index]! &&
        pods[index] === now[index] &&
        isRoom(index)
      )
        pods[index]! += 1;
    pods[baseline] = Math.max(1, total - (sumOf(pods) - pods[baseline]!));
  }
  const spare = () => total - sumOf(pods);
  while (spare() !== 0) {
    const step = Math.sign(spare());
    // One more for whoever lacks most of a pod, one less for whoever has most above its share and more than one.
    const candidates = [...pods.keys()].filter((index) => percents[index]! > 0 && (step > 0 || pods[index]! > 1));
    if (candidates.length === 0) break;
    const lack = (index: number) => step * (exact[index]! - pods[index]!);
    pods[candidates.reduce((best, index) => (lack(index) > lack(best) ? index : best))]! += step;
  }
  return pods;
}
