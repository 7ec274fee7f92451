/** What somebody should know of an experiment that may run as it is: sentences for `plan`, and warnings of `run`. Pure. */
import type { WrittenExperiment } from '../experiment/experiment.ts';
import { metricKey } from '../experiment/metric-names.ts';
import { rateOf } from '../experiment/collect-rate.ts';
import { pathText, type Path } from '../experiment/schema-issues.ts';
import { formatRate } from '../text/units.ts';
import { isObject } from '../text/check-fields.ts';
import { tasksOf } from './rules/rule.ts';

export function remarksOn(experiment: WrittenExperiment): string[] {
  return [...ratesOfVersions(experiment), ...repeatedObjectives(experiment), ...repeatedIndicators(experiment)];
}

/** `qps` beside `url`, as samples of Iter8 0.7 have it. */
function ratesOfVersions(experiment: WrittenExperiment): string[] {
  return tasksOf(experiment).flatMap(({ path, task }) => {
    const versions = task.with?.['versions'];
    if (task.task !== 'metrics/collect' || !Array.isArray(versions)) return [];
    const written = versions.map((version: unknown) => rateIn(version));
    const index = written.findIndex((qps) => qps !== undefined);
    if (index < 0) return [];
    const qps = typeof task.with?.['qps'] === 'number' ? task.with['qps'] : undefined;
    const rate = formatRate(rateOf({ qps, versions: written.map((one) => ({ qps: one })) }));
    return [
      `${pathText([...path, 'with', 'versions', index, 'qps'])}: the rate is one for all versions of a task, here ${rate}; Iter8 0.7 did not read qps beside url: write it one level up, beside versions`,
    ];
  });
}

function rateIn(version: unknown): number | undefined {
  const qps = isObject(version) ? version['qps'] : undefined;
  return typeof qps === 'number' ? qps : undefined;
}

/** Each takes its part of the error probability, so that both are decided later. */
function repeatedObjectives({ spec, metadata: { namespace = 'default' } }: WrittenExperiment): string[] {
  const seen = new Map<string, string>();
  return (spec.criteria?.objectives ?? []).flatMap((objective, index) =>
    (['upperLimit', 'lowerLimit'] as const).flatMap((side) => {
      if (objective[side] === undefined) return [];
      const at = pathText(['spec', 'criteria', 'objectives', index, side]);
      const first = once(seen, `${side} ${metricKey(objective.metric, namespace)}`, at);
      if (first === undefined) return [];
      return [
        `${at}: ${first} limits ${objective.metric} too; keep the stricter one: each of them asks for more evidence`,
      ];
    }),
  );
}

function repeatedIndicators({ spec, metadata: { namespace = 'default' } }: WrittenExperiment): string[] {
  const seen = new Map<string, string>();
  return (spec.criteria?.indicators ?? []).flatMap((metric, index) => {
    const path: Path = ['spec', 'criteria', 'indicators', index];
    const first = once(seen, metricKey(metric, namespace), pathText(path));
    return first === undefined ? [] : [`${pathText(path)}: ${first} is ${metric} too`];
  });
}

/** Where the key was seen first; undefined for the first itself. */
function once(seen: Map<string, string>, key: string, at: string): string | undefined {
  const first = seen.get(key);
  if (first === undefined) seen.set(key, at);
  return first;
}
