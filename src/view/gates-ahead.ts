/** Where an experiment will wait for a person. Pure. */
import type { Experiment } from '../experiment/experiment.ts';
import { gateInputs } from '../experiment/tasks/gate-inputs.ts';
import { movesTraffic } from '../traffic/traffic-plan.ts';

export interface GateAhead {
  /** `finish/0`; of a gate among the loop tasks `loop/0`, which waits after each loop. */
  readonly task: string;
  /** What is asked; absent when nothing is written. */
  readonly message?: string | undefined;
  /** Whoever has not answered by then will not be waited for. */
  readonly timeoutSeconds: number;
  /** It waits only where this holds. */
  readonly condition?: string | undefined;
  /** The full weight of a version that is to be promoted waits for it, too. */
  readonly holdsTraffic?: true | undefined;
}

export function gatesAhead(experiment: Experiment): GateAhead[] {
  const { actions } = experiment.spec.strategy;
  return ['start', 'loop', 'finish'].flatMap((action) =>
    (actions[action] ?? []).flatMap((task, index): GateAhead[] => {
      if (task.task !== 'gate') return [];
      const { message, timeoutMs } = gateInputs(task);
      const isFirst = (actions['finish'] ?? []).slice(0, index).every((before) => before.task === 'gate');
      const holdsTraffic = action === 'finish' && isFirst && movesTraffic(experiment);
      return [
        {
          task: `${action}/${index}`,
          timeoutSeconds: timeoutMs / 1000,
          ...(message === '' ? {} : { message }),
          ...(task.if === undefined ? {} : { condition: task.if }),
          ...(holdsTraffic ? { holdsTraffic } : {}),
        },
      ];
    }),
  );
}
