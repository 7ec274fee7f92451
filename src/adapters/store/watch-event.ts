/** What a watch reports of an object between two states of it. Pure. */
import type { Experiment } from '../../experiment/experiment.ts';
import type { StoreEvent } from '../../drive/ports.ts';

/**
 * Undefined: absent, or not selected. An object that was removed and made again in between is reported as both, because it is
 * another one. The caller has found out that something changed.
 */
export function eventsBetween(before: Experiment | undefined, after: Experiment | undefined): StoreEvent[] {
  if (before === undefined) return after === undefined ? [] : [{ kind: 'added', object: after }];
  if (after === undefined) return [{ kind: 'deleted', object: before }];
  if (before.metadata.uid === after.metadata.uid) return [{ kind: 'modified', object: after }];
  return [
    { kind: 'deleted', object: before },
    { kind: 'added', object: after },
  ];
}

/** What is kept of an object to be reported as deleted one day: the analysis is most of it, and of no use then. */
export function withoutAnalysis(experiment: Experiment): Experiment {
  if (experiment.status === undefined) return experiment;
  const { analysis: _analysis, ...status } = experiment.status;
  return { ...experiment, status };
}
