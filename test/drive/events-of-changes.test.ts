import { expect, it } from 'vitest';
import { eventsBetween, whatWasTold } from '../../src/drive/events-of-changes.ts';
import { conformance, driveInMemory } from '../support/driving.ts';

it('needs of a state only what was told to tell what came after it', async () => {
  const { states } = await driveInMemory(conformance());
  expect(states.length).toBeGreaterThan(5);
  for (const [index, after] of states.entries()) {
    const before = states[index - 1];
    if (before === undefined) continue;
    expect(eventsBetween(whatWasTold(before), after, 0)).toEqual(eventsBetween(before, after, 0));
  }
  const sizes = states.map((state) => JSON.stringify(whatWasTold(state)).length);
  expect(Math.max(...sizes)).toBeLessThan(2_500);
});
