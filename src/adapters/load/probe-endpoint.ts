/** One request to an endpoint, to say before a run whether it can be reached: for `plan`. */
import { isRedirect } from '../../evidence/request-tally.ts';
import { formatValue } from '../../text/units.ts';
import type { LoadEndpoint, LoadGenerator } from '../../drive/ports.ts';

/** Long enough for a cold start, short enough for a person who waits. */
const TIMEOUT_MS = 10_000;

/** `{ok: true, text: '200 in 3 ms'}`, or what went wrong. An error code is an answer all the same. Never rejects. */
export async function probeEndpoint(
  load: LoadGenerator,
  endpoint: LoadEndpoint,
): Promise<{ readonly ok: boolean; readonly text: string; readonly redirects?: true }> {
  const version = 'try';
  const run = await load.start({
    targets: [{ version, endpoints: [endpoint], limits: [] }],
    ratePerSec: 0,
    plannedRequests: 1,
    connections: 1,
    timeoutMs: TIMEOUT_MS,
    lateAfterMs: TIMEOUT_MS,
    seed: 1,
    workers: 0,
  });
  let code: string | undefined;
  let latencyMs = 0;
  let failure: string | undefined;
  for await (const report of run.reports) {
    for (const { scope, tally } of report.slices) {
      if (scope.endpoint !== undefined) continue;
      code = Object.keys(tally.codes)[0] ?? code;
      latencyMs = tally.response.maxMs;
    }
    failure = report.progress[0]?.lastFailure ?? failure;
    if (report.state === 'drained') run.finish();
  }
  if (code === undefined || !/^\d+$/.test(code)) return { ok: false, text: failure ?? code ?? 'no answer' };
  // One request says little: two digits are enough.
  const text = `${code} in ${formatValue(Number(latencyMs.toPrecision(2)), 'ms')}`;
  return isRedirect(code)
    ? { ok: true, text: `${text}: a redirect, which is not followed; send the load to where it leads`, redirects: true }
    : { ok: true, text };
}
