/** An experiment as programs see it: the object itself, without the credentials that are written in it. Pure. */
import type { Experiment } from '../experiment/experiment.ts';
import { credentialsToRedact, hideCredentials, redactTexts } from '../text/credentials.ts';

export function shownObject(experiment: Experiment): Experiment {
  const hidden = hideCredentials(experiment);
  const { annotations } = hidden.metadata;
  if (annotations === undefined) return hidden;
  // kubectl keeps the manifest that was applied in one of them, as text.
  const written = credentialsToRedact(experiment.spec);
  return { ...hidden, metadata: { ...hidden.metadata, annotations: redactTexts(annotations, written) } };
}
