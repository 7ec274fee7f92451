/** An experiment cut down to what lists sort, filter and name it by. Pure. */
import { API_VERSION, type Experiment } from './experiment.ts';
import { withDefaults } from './defaults.ts';

/** One for all whose spec does not matter. */
export const NO_SPEC = withDefaults(
  {
    apiVersion: API_VERSION,
    kind: 'Experiment',
    metadata: {},
    spec: { target: '-', strategy: { testingPattern: 'Conformance' } },
  },
  { namespace: '', name: '' },
).spec;

/** Some hundred bytes of an object that may have 256 KiB: names, labels, times, target, stage, conditions. */
export function outlineOf({ apiVersion, kind, metadata, spec, status }: Experiment): Experiment {
  const { name, namespace, uid, resourceVersion, creationTimestamp, labels } = metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      ...(labels === undefined ? {} : { labels }),
    },
    spec: { ...NO_SPEC, target: spec.target },
    status: {
      ...(status?.stage === undefined ? {} : { stage: status.stage }),
      ...(status?.startTime === undefined ? {} : { startTime: status.startTime }),
      ...(status?.conditions === undefined ? {} : { conditions: status.conditions }),
    },
  };
}
