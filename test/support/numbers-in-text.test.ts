import { expect, it } from 'vitest';
import { badNumber } from './numbers-in-text.ts';

it.each([
  ['all 1 objectives are satisfied', '1 objectives'],
  ['after 0.30000000000000004 s', '0.30000000000000004'],
  ['the limit 33.333333333333336', '33.333333333333336'],
  ['1 request, 21 requests, 1.1 seconds, 1,001 requests, 8 of 1 requests', undefined],
  ['2026-11-24T08:00:00.123Z, 127.0.0.1 ms, 0.0041 ms', undefined],
])('%s', (text, bad) => {
  expect(badNumber(text)).toBe(bad);
});
