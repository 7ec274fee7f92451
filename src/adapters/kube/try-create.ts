/** Asks the API server whether it would take an object, without storing it. */
import type { WrittenExperiment } from '../../experiment/experiment.ts';
import { ConflictError, ForbiddenError } from '../../errors.ts';
import type { KubeClient } from './api-client.ts';
import { EXPERIMENTS } from './resources.ts';

/** Rejects as creating it would, but for a name that is taken and a missing permission, which others report. */
export async function tryCreate(client: KubeClient, experiment: WrittenExperiment): Promise<void> {
  const { status: _, ...written } = experiment;
  try {
    await client.request({
      verb: 'create',
      resource: EXPERIMENTS,
      namespace: experiment.metadata.namespace ?? client.namespace,
      query: { dryRun: 'All', fieldManager: 'iter8ctl' },
      body: written,
      repeatable: true, // nothing is stored
    });
  } catch (error) {
    if (!(error instanceof ConflictError || error instanceof ForbiddenError)) throw error;
  }
}
