/** Plays drills of consecutive seeds, some at the same time: for `npm run kills` and its short forms. */

export interface DrillResult {
  readonly seed: number;
  /** Where it was killed. */
  readonly killed: readonly string[];
  /** Empty: all is as it should be. */
  readonly faults: readonly string[];
  readonly seconds: number;
}

export interface Drills {
  readonly runs: number;
  readonly seed: number;
  /** At the same time. */
  readonly jobs: number;
  readonly play: (seed: number) => Promise<DrillResult>;
  readonly onResult?: (result: DrillResult) => void;
}

export async function playDrills({ runs, seed, jobs, play, onResult }: Drills): Promise<DrillResult[]> {
  const results: DrillResult[] = [];
  let next = 0;
  const work = async () => {
    while (next < runs) {
      const result = await play(seed + next++);
      results.push(result);
      onResult?.(result);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, runs) }, work));
  return results;
}
