/** How often what a load has counted is saved: a driver that is killed loses what came behind the last time. */
import { expect, it } from 'vitest';
import type { LoadGenerator, LoadReport } from '../../../src/drive/ports.ts';
import { readRecord } from '../../../src/judge/record/stored-record.ts';
import { conformance, driveInMemory, healthy } from '../../support/driving.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { tallyFor } from '../../support/simulated-load.ts';

it('every checkpoint is saved, also one that comes a moment early', async () => {
  const clock = fakeClock();
  const scope = { version: 'hello' };
  const one = tallyFor([healthy('hello', 0)], [], 5_000);
  const report = (k: number, state: LoadReport['state']): LoadReport => ({
    state,
    elapsedMs: 990 * k,
    slices: state === 'running' ? [{ slice: k, scope, tally: one }] : [],
    progress: [{ ...scope, sent: k, resolved: k, answered: true }],
    checkpoint: [],
  });
  const load: LoadGenerator = {
    start: () =>
      Promise.resolve({
        reports: (async function* () {
          for (let k = 1; k <= 10; k += 1) {
            clock.advance(990);
            yield report(k, 'running');
          }
          yield report(10, 'ended');
        })(),
        setCaps: () => undefined,
        finish: () => undefined,
        stop: () => undefined,
        kill: () => undefined,
      }),
  };
  const written = conformance({ collect: { numQueries: 10 }, strength: { extend: false } });
  const { states } = await driveInMemory(written, { load, clock, options: { saveEveryMs: 1_000 } });
  const counted = states.map((state) => readRecord(state)?.tasks['start/0']?.counted?.[0]?.tally.response.n ?? 0);
  expect([...new Set(counted)].filter((n) => n > 0)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});
