/** docs/reference.md: every field of the resources and every input of tasks, made of the schemas that validate them. */
import type * as z from 'zod';
import { DEFAULT_STRENGTH } from '../../../src/experiment/strength-settings.ts';
import { strengthSchema } from '../../../src/experiment/strength-schema.ts';
import { EXPERIMENT_DEFAULTS, METRIC_DEFAULTS } from '../../../src/experiment/defaults.ts';
import { experimentSchema, objectMetaSchema } from '../../../src/experiment/experiment-schema.ts';
import {
  EXPERIMENT_FIELDS,
  METRIC_FIELDS,
  type FieldDescriptions,
} from '../../../src/experiment/field-descriptions.ts';
import { STRENGTH_FIELDS, TASK_DESCRIPTIONS, TASK_FIELDS } from './input-descriptions.ts';
import { metricSchema } from '../../../src/experiment/metric.ts';
import { COLLECT_DEFAULTS } from '../../../src/experiment/tasks/collect-inputs.ts';
import { HTTP_NOTIFICATION_DEFAULTS } from '../../../src/experiment/tasks/notification-inputs.ts';
import { READINESS_DEFAULTS } from '../../../src/experiment/tasks/readiness-inputs.ts';
import { runSchema } from '../../../src/experiment/tasks/run-inputs.ts';
import { TASKS } from '../../../src/experiment/tasks/task-inputs.ts';
import { taskSettings } from '../../../src/experiment/tasks/timeout-retries-ignore-failure.ts';
import { formatDuration } from '../../../src/text/duration.ts';
import { fieldsOf } from './fields-of.ts';
import { code, table } from './markdown-table.ts';

/** Values by path, with dots. */
type Defaults = Readonly<Record<string, unknown>>;

export interface Section {
  readonly title: string;
  readonly about: string;
  readonly schema: z.ZodObject;
  readonly descriptions: FieldDescriptions;
  readonly defaults: Defaults;
}

const { weights, duration } = EXPERIMENT_DEFAULTS;

/** By the path that a field of the spec has. */
const OF_EXPERIMENT: Defaults = {
  'spec.strategy.deploymentPattern': EXPERIMENT_DEFAULTS.deploymentPattern,
  ...under('spec.strategy.weights', weights),
  ...under('spec.duration', duration),
};

const OF_TASKS: Readonly<Record<string, Defaults>> = {
  'metrics/collect': {
    numQueries: COLLECT_DEFAULTS.numQueries,
    qps: COLLECT_DEFAULTS.qps,
    loadOnly: COLLECT_DEFAULTS.loadOnly,
  },
  'common/readiness': READINESS_DEFAULTS,
  'notification/http': HTTP_NOTIFICATION_DEFAULTS,
};

/** What the reference consists of. */
export function sections(): Section[] {
  const tasks = { run: runSchema, ...TASKS };
  return [
    {
      title: 'Experiment',
      about: EXPERIMENT_FIELDS['']!,
      schema: experimentSchema,
      descriptions: EXPERIMENT_FIELDS,
      defaults: OF_EXPERIMENT,
    },
    {
      title: 'Metric',
      about: METRIC_FIELDS['']!,
      schema: metricSchema,
      descriptions: METRIC_FIELDS,
      defaults: under('spec', METRIC_DEFAULTS),
    },
    {
      title: 'Settings of spec.criteria.strength',
      about: 'How much evidence a verdict needs. Settings that are not listed are refused.',
      schema: strengthSchema,
      descriptions: STRENGTH_FIELDS,
      defaults: { ...DEFAULT_STRENGTH, rewardDelay: undefined },
    },
    ...Object.entries(tasks).map(([name, schema]) => ({
      title: name === 'run' ? 'Inputs of run' : `Inputs of ${name}`,
      about: TASK_DESCRIPTIONS[name] ?? '',
      schema: schema as z.ZodObject,
      descriptions: TASK_FIELDS[name] ?? {},
      defaults: { ...OF_TASKS[name], ...settings(name) },
    })),
  ];
}

function settings(name: string): Defaults {
  const { timeoutMs, ...others } = taskSettings(name === 'run' ? {} : { task: name });
  return { ...others, timeout: timeoutMs === undefined ? undefined : formatDuration(timeoutMs) };
}

function under(path: string, values: object): Defaults {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [`${path}.${key}`, value]));
}

export function referenceDocument(): string {
  const parts = sections().map(({ title, about, schema, descriptions, defaults }) => {
    const rows = fieldsOf(schema, [objectMetaSchema]).map(({ path, required, takes }) => [
      code(path),
      takes,
      required ? 'required' : shown(defaults[path]),
      descriptions[path] ?? '',
    ]);
    return `## ${title}\n\n${about}\n\n${table(['field', 'takes', 'default', 'meaning'], rows)}`;
  });
  return `# Reference

Every field of an Experiment and a Metric that is read, and every input of tasks. Made by \`npm run docs\` from the schema that
validates them: change it there. \`kubectl explain experiment.spec\` has the same texts. In a path, \`[]\` is each element of a
list, and \`*\` a key that is chosen freely. A field that is required is so where the object around it is written. What the
fields do together: [contract.md](contract.md), [behavior.md](behavior.md).

${parts.join('\n\n')}
`;
}

function shown(value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return '';
  return code(typeof value === 'string' ? value : JSON.stringify(value));
}
