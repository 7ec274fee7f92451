/** The smallest experiment that a manifest can ask for, and what a test needs of it beside that. */
import { withDefaults } from '../../src/experiment/defaults.ts';
import type { Experiment, WrittenExperiment } from '../../src/experiment/experiment.ts';

/** Conformance of `e` in the namespace `default`, but for what is given. */
export function plainExperiment(
  spec: { readonly [field in keyof WrittenExperiment['spec']]?: unknown } = {},
  metadata: WrittenExperiment['metadata'] = {},
): Experiment {
  return withDefaults(
    {
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Experiment',
      metadata: { name: 'e', ...metadata },
      spec: { target: 't', strategy: { testingPattern: 'Conformance' }, ...spec } as WrittenExperiment['spec'],
    },
    { namespace: 'default' },
  );
}

/** The first is the baseline. */
export const versionInfoOf = ([baseline, ...candidates]: readonly string[]) => ({
  baseline: { name: baseline! },
  ...(candidates.length === 0 ? {} : { candidates: candidates.map((name) => ({ name })) }),
});
