import { expect, it } from 'vitest';
import { isSettledFor, type StoredTraffic } from '../../../src/judge/record/stored-traffic.ts';

const traffic = (end: Pick<StoredTraffic, 'settled' | 'promoted'>): StoredTraffic => ({
  start: [],
  fields: [],
  weights: [],
  ...end,
});

it.each([
  ['before the end', {}, undefined, false],
  ['for who was promoted', { settled: 'promoted', promoted: 'v2' }, 'v2', true],
  ['for another one', { settled: 'promoted', promoted: 'v2' }, 'v3', false],
  ['for nobody any more', { settled: 'promoted', promoted: 'v2' }, undefined, false],
  // Moved again it would fail where a finish task has made the promotion its own.
  ['for whoever was promoted by a driver that did not note it', { settled: 'promoted' }, 'v2', true],
  ['where the start is restored', { settled: 'restored' }, undefined, true],
  ['where it stays as it is', { settled: 'kept' }, undefined, true],
  ['for one who has won since', { settled: 'restored' }, 'v2', false],
] as const)('traffic is settled, or not: %s', (_, end, promoted, isSettled) => {
  expect(isSettledFor(traffic(end), promoted)).toBe(isSettled);
});
