/** A version that never gives an HTTP answer: it cannot be judged, and its task fails (docs/behavior.md 5). Pure. */
import { formatCounted } from '../../text/units.ts';
import type { CollectInputs } from '../../experiment/tasks/collect-inputs.ts';
import type { LoadReport } from '../ports.ts';

/** A version that has not answered after both of these never will. */
const SILENT_AFTER_MS = 10_000;
const SILENT_AFTER_REQUESTS = 50;

/** The version that can be held to be unreachable. `hasAnswered`: before this report too. */
export function silentVersion(report: LoadReport, hasAnswered: (version: string) => boolean): string | undefined {
  const isOver = report.state === 'ended' || report.state === 'drained';
  const isPatient = report.elapsedMs >= SILENT_AFTER_MS;
  return report.progress.find(
    ({ version, answered, resolved }) =>
      !answered &&
      !hasAnswered(version) &&
      resolved > 0 &&
      (isOver || (isPatient && resolved >= SILENT_AFTER_REQUESTS)),
  )?.version;
}

/** What is wrong, and where that is known what to do. `requests`: of all drivers of the task. */
export function silenceText(
  version: string,
  requests: number,
  { report, inputs }: { readonly report: LoadReport; readonly inputs: CollectInputs },
): string {
  const target = inputs.versions.find(({ name }) => name === version);
  const url = target?.endpoints.map((endpoint) => endpoint.url).join(', ') ?? version;
  const failure = report.progress.find((one) => one.version === version)?.lastFailure ?? 'no answer in time';
  const unresolved = /\b(ENOTFOUND|EAI_AGAIN)\b/.exec(failure)?.[1];
  if (unresolved !== undefined) {
    return `${url} does not resolve here (${unresolved}); a Service of a cluster is reached with: kubectl port-forward svc/NAME PORT`;
  }
  const asked = requests === 1 ? 'the only request' : `any of ${formatCounted(requests, 'request')}`;
  return `${url} gave no HTTP answer to ${asked}: ${failure}`;
}
