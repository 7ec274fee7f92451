/**
 * What the controller refuses of an experiment that is otherwise valid: who may create experiments in a namespace must not
 * gain, through the controller's account, what is in another one (docs/behavior.md 13). Pure.
 */
import { qualifiedKey, versionsIn, type Experiment } from '../experiment/experiment.ts';
import { customMetrics, metricOutOfReach } from '../experiment/metric-names.ts';
import { collectInputs } from '../experiment/tasks/collect-inputs.ts';
import { readinessInputs } from '../experiment/tasks/readiness-inputs.ts';
import { secretsOfTask } from '../experiment/tasks/task-secrets.ts';

export interface Refusal {
  readonly path: string;
  readonly message: string;
}

export function refusals(experiment: Experiment, options: { readonly allowScripts: boolean }): Refusal[] {
  const found: Refusal[] = [];
  const { namespace } = experiment.metadata;
  const refuse = (path: string, message: string) => found.push({ path, message });
  const checkSecret = (path: string, written: unknown) => {
    if (typeof written !== 'string' || qualifiedKey(written, namespace).namespace === namespace) return;
    refuse(path, `secret ${written} is of another namespace; the controller reads those of ${namespace} only`);
  };
  for (const [action, tasks] of Object.entries(experiment.spec.strategy.actions)) {
    for (const [index, task] of tasks.entries()) {
      const at = `spec.strategy.actions.${action}[${index}]`;
      if (task.run !== undefined && !options.allowScripts)
        refuse(`${at}.run`, 'scripts are not allowed here: the controller was installed without --allow-scripts');
      if (task.task !== 'metrics/collect') {
        for (const written of secretsOfTask(task)) checkSecret(`${at}.with`, written);
        if (task.task === 'common/readiness')
          for (const { kind, name, namespace: its } of readinessInputs(task).objRefs)
            if (its !== undefined && its !== namespace)
              refuse(
                `${at}.with.objRefs`,
                `${kind} ${name} is of namespace ${its}; the controller looks at objects of ${namespace} only`,
              );
        continue;
      }
      for (const version of collectInputs(task).versions) {
        for (const endpoint of version.endpoints) {
          checkSecret(`${at}.with: headersFrom of ${version.name}`, endpoint.headersFrom?.secret);
          checkSecret(`${at}.with: tls of ${version.name}`, endpoint.tls?.secret);
          if (endpoint.tls?.caFile !== undefined)
            refuse(
              `${at}.with: tls of ${version.name}`,
              'caFile would be a file of the controller; put the authority into the secret, as ca.crt',
            );
        }
      }
    }
  }
  for (const { name, weightObjRef } of versionsIn(experiment)) {
    if (weightObjRef?.namespace !== undefined && weightObjRef.namespace !== namespace)
      refuse(
        `spec.versionInfo: weightObjRef of ${name}`,
        `it is of namespace ${weightObjRef.namespace}; the controller moves traffic in ${namespace} only`,
      );
  }
  for (const { key } of customMetrics(experiment)) {
    const problem = metricOutOfReach(key, namespace);
    if (problem !== undefined) refuse('spec.criteria', problem);
  }
  return found;
}
