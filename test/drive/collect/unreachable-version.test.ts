/** One request that nobody answers is one request. */
import { expect, it } from 'vitest';
import { silenceText } from '../../../src/drive/collect/unreachable-version.ts';

it.each([
  [1, 'http://shop.test/ gave no HTTP answer to the only request: connection refused'],
  [1204, 'http://shop.test/ gave no HTTP answer to any of 1,204 requests: connection refused'],
])('of %d requests', (requests, expected) => {
  const report = { progress: [{ version: 'v1', lastFailure: 'connection refused' }] };
  const inputs = { versions: [{ name: 'v1', endpoints: [{ url: 'http://shop.test/' }] }] };
  expect(silenceText('v1', requests, { report, inputs } as unknown as Parameters<typeof silenceText>[2])).toBe(
    expected,
  );
});
