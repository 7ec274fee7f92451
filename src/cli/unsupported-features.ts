/** What must hold before anything starts, beyond a valid manifest: nothing that local mode or this version cannot do. Pure. */
import type { Issue } from '../errors.ts';
import type { Version, WrittenExperiment } from '../experiment/experiment.ts';

/** Problems that `run` refuses with exit 2, by field. */
export function unsupportedFields(experiment: WrittenExperiment, mode: 'local' | 'cluster'): Issue[] {
  const issues: Issue[] = [];
  const add = (path: string, message: string) => issues.push({ path, message });
  const { spec } = experiment;
  for (const [action, tasks] of Object.entries(spec.strategy.actions ?? {})) {
    for (const [index, task] of tasks.entries()) {
      const at = `spec.strategy.actions.${action}[${index}]`;
      if (mode === 'local' && task.task === 'common/readiness')
        add(`${at}.task`, 'common/readiness needs a cluster, and this is local mode');
    }
  }
  for (const [path, version] of versionsWithPaths(experiment)) {
    if (version.weightObjRef !== undefined && mode === 'local')
      add(`spec.versionInfo.${path}.weightObjRef`, 'moving traffic needs a cluster, and this is local mode');
  }
  return issues;
}

function versionsWithPaths({ spec: { versionInfo } }: WrittenExperiment): (readonly [string, Version])[] {
  if (versionInfo === undefined) return [];
  return [
    ['baseline', versionInfo.baseline],
    ...(versionInfo.candidates ?? []).map((candidate, index) => [`candidates[${index}]`, candidate] as const),
  ];
}
