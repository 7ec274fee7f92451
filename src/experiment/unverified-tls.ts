/**
 * Where an experiment does without the check of certificates: allowed, and said wherever it is shown
 * (docs/behavior.md 13). Pure.
 */
import type { Experiment } from './experiment.ts';

/** Settings of ours in annotations of a Metric: its spec has no place for them that the CRD of 0.7 keeps. */
export const TLS_ANNOTATIONS = {
  insecureSkipVerify: 'iter8.tools/insecure-skip-verify',
  ca: 'iter8.tools/ca',
} as const;

/** A sentence for each task and each metric. */
export function unverifiedTls({ spec, status }: Pick<Experiment, 'spec' | 'status'>): string[] {
  const tasks = Object.entries(spec.strategy.actions ?? {}).flatMap(([action, list]) =>
    (Array.isArray(list) ? list : []).flatMap((task, index) =>
      skipsVerification(task.with)
        ? [
            `${action}[${index}] does not verify certificates (tls.insecureSkipVerify): anybody in between can answer it`,
          ]
        : [],
    ),
  );
  const metrics = (status?.metrics ?? []).flatMap(({ name, metricObj }) =>
    isSkippedByAnnotation(metricObj)
      ? [
          `metric ${name} does not verify the certificate of its backend (${TLS_ANNOTATIONS.insecureSkipVerify}): anybody in between can answer it`,
        ]
      : [],
  );
  return [...tasks, ...metrics];
}

const isNested = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** `tls` of the task, of a version, or of an endpoint. */
function skipsVerification(value: unknown): boolean {
  if (!isNested(value)) return false;
  return Object.entries(value).some(([name, inner]) =>
    name === 'tls' && isNested(inner) ? inner['insecureSkipVerify'] === true : skipsVerification(inner),
  );
}

function isSkippedByAnnotation(metric: unknown): boolean {
  const metadata = isNested(metric) ? metric['metadata'] : undefined;
  const annotations = isNested(metadata) ? metadata['annotations'] : undefined;
  return isNested(annotations) && annotations[TLS_ANNOTATIONS.insecureSkipVerify] === 'true';
}
