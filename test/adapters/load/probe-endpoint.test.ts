/** What one request to a target is said to have taken. */
import { expect, it } from 'vitest';
import { probeEndpoint } from '../../../src/adapters/load/probe-endpoint.ts';
import type { LoadEndpoint, LoadGenerator, LoadReport } from '../../../src/drive/ports.ts';
import { tallyFor } from '../../support/simulated-load.ts';

/** A load of one request that is answered after so long. */
function answering(latencyMs: number, code: string): LoadGenerator {
  const tally = tallyFor([{ latencyMs, code }]);
  const report = { state: 'drained', slices: [{ scope: { version: 'try' }, tally }], progress: [] };
  async function* reports() {
    yield report as unknown as LoadReport;
  }
  return { start: async () => ({ reports: reports(), finish: () => undefined }) } as unknown as LoadGenerator;
}

it.each([
  [0.4321, '200', '200 in 0.43 ms'],
  [59.4, '200', '200 in 59 ms'],
  [123.4, '503', '503 in 120 ms'],
  [1234, '200', '200 in 1.2 s'],
  [9950, '200', '200 in 10 s'],
])('%d ms', async (latencyMs, code, text) => {
  expect(await probeEndpoint(answering(latencyMs, code), {} as LoadEndpoint)).toEqual({ ok: true, text });
});
