import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SharedReading } from '../../../src/adapters/store/shared-reading.ts';
import { runs } from '../../support/search-depth.ts';

/** Readings that end when the test says so; each answers with how many changes it has seen. */
function setup() {
  const underWay: { end: (error?: Error) => void; signal: AbortSignal }[] = [];
  let changes = 0;
  let most = 0;
  const reading = new SharedReading<number>((signal) => {
    const seen = changes;
    return new Promise((resolve, reject) => {
      underWay.push({ end: (error) => (error === undefined ? resolve(seen) : reject(error)), signal });
      most = Math.max(most, underWay.length);
      signal.addEventListener('abort', () => {
        underWay.splice(0, 1);
        reject(signal.reason as Error);
      });
    });
  });
  const settle = async () => {
    for (let k = 0; k < 20; k += 1) await Promise.resolve();
  };
  return {
    reading,
    settle,
    underWay,
    change: () => (changes += 1),
    changes: () => changes,
    most: () => most,
    endOne: (error?: Error) => underWay.shift()?.end(error),
  };
}

it('answers with nothing older than the question, one reading at a time, whoever asks and goes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('ask', 'change', 'end', 'fail', 'leave'), { maxLength: 30 }),
      async (moves) => {
        const { reading, settle, change, changes, most, endOne, underWay } = setup();
        const open: { stop: AbortController; asked: number; answer: Promise<number | string> }[] = [];
        const asks: typeof open = [];
        for (const move of moves) {
          if (move === 'ask') {
            const stop = new AbortController();
            const answer = reading.ask(stop.signal).catch((error: unknown) => (error as Error).message);
            const one = { stop, asked: changes(), answer };
            open.push(one);
            asks.push(one);
          } else if (move === 'change') change();
          else if (move === 'end') endOne();
          else if (move === 'fail') endOne(new Error('refused'));
          else open.shift()?.stop.abort(new Error('gone'));
          await settle();
        }
        while (underWay.length > 0) {
          endOne();
          await settle();
        }
        for (const { asked, answer } of asks) {
          const got = await answer;
          if (typeof got === 'number') expect(got).toBeGreaterThanOrEqual(asked);
          else expect(['refused', 'gone']).toContain(got);
        }
        expect(most()).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: runs(500) },
  );
});

it('reads once for all who ask while it reads', async () => {
  const { reading, settle, underWay, endOne, change } = setup();
  const first = reading.ask();
  await settle();
  change();
  const others = Array.from({ length: 50 }, () => reading.ask());
  await settle();
  expect(underWay).toHaveLength(1);
  endOne();
  await settle();
  expect(underWay).toHaveLength(1);
  endOne();
  expect(await first).toBe(0);
  expect(new Set(await Promise.all(others))).toEqual(new Set([1]));
});

it('ends a reading that nobody waits for any more, and begins again for who asks next', async () => {
  const { reading, settle, underWay, endOne } = setup();
  const stops = [new AbortController(), new AbortController()];
  const left = stops.map(({ signal }) => reading.ask(signal));
  await settle();
  const [under] = underWay;
  stops[0]!.abort(new Error('one'));
  await expect(left[0]).rejects.toThrow('one');
  expect(under!.signal.aborted).toBe(false);
  stops[1]!.abort(new Error('two'));
  await expect(left[1]).rejects.toThrow('two');
  expect(under!.signal.aborted).toBe(true);
  const next = reading.ask();
  await settle();
  endOne();
  expect(await next).toBe(0);
  await expect(reading.ask(AbortSignal.abort(new Error('three')))).rejects.toThrow('three');
});
