import { expect, it } from 'vitest';
import { eventsBetween, whatWasReported } from '../../src/drive/events-of-changes.ts';
import { conformance, driveInMemory } from '../support/driving.ts';

it('reports changes from the reduced state as from the whole', async () => {
  const { states } = await driveInMemory(conformance());
  expect(states.length).toBeGreaterThan(5);
  for (const [index, after] of states.entries()) {
    const before = states[index - 1];
    if (before === undefined) continue;
    expect(eventsBetween(whatWasReported(before), after, 0)).toEqual(eventsBetween(before, after, 0));
  }
  const sizes = states.map((state) => JSON.stringify(whatWasReported(state)).length);
  expect(Math.max(...sizes)).toBeLessThan(2_500);
});
