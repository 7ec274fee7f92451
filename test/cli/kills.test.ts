/** The short form of `npm run kills`: runs that are killed in the middle, and resumed. */
import { expect, it } from 'vitest';
import { killDrill } from '../support/kill-drill.ts';
import { playDrills } from '../support/play-drills.ts';
import { inFull } from '../support/search-depth.ts';

it('nothing is done twice and nothing is lost when a run is killed', inFull, async () => {
  // How long a busy machine takes to save is not what this is about: that much of the load may be lost here.
  const drills = 3;
  const results = await playDrills({ runs: drills, seed: 2, jobs: drills, play: (seed) => killDrill(seed, 5) });
  expect(results.flatMap(({ seed, killed, faults }) => faults.map((fault) => ({ seed, killed, fault })))).toEqual([]);
  expect(results.reduce((sum, { killed }) => sum + killed.length, 0)).toBeGreaterThanOrEqual(drills);
});
