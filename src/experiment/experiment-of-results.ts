/** The experiment that `judge` judges the results of other tools by: from objectives, or from a manifest without its load. Pure. */
import { UsageError } from '../errors.ts';
import { withDefaults } from './defaults.ts';
import { versionsIn, type Experiment, type Objective } from './experiment.ts';

const MOST_NAME = 63;

/** Of the name of a file: what Kubernetes would take. */
export function nameOfResults(file: string): string {
  const base = file
    .split(/[/\\]/)
    .at(-1)!
    .replace(/\.gz$/, '')
    .replace(/\.[^.]*$/, '');
  const name = base
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MOST_NAME)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'results' : name;
}

/** One version: Conformance. Two and more: the first is the baseline. */
export function experimentOfObjectives(
  name: string,
  versions: readonly string[],
  objectives: readonly Objective[],
): Experiment {
  const [baseline = name, ...candidates] = versions;
  const pattern =
    candidates.length === 0
      ? ({ testingPattern: 'Conformance' } as const)
      : ({ testingPattern: 'Canary', deploymentPattern: 'FixedSplit' } as const);
  return withDefaults(
    {
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Experiment',
      metadata: { name },
      spec: {
        target: name,
        strategy: { ...pattern, actions: {} },
        criteria: {
          requestCount: 'iter8-system/request-count',
          indicators: ['iter8-system/error-count'],
          objectives: [...objectives],
        },
        duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
        versionInfo: {
          baseline: { name: baseline },
          ...(candidates.length === 0 ? {} : { candidates: candidates.map((one) => ({ name: one })) }),
        },
      },
    },
    { namespace: 'default', name },
  );
}

/** The criteria and versions of a manifest: its load is not the one that was measured, nor is its status. */
export function experimentOfManifest(experiment: Experiment): Experiment {
  const { spec } = experiment;
  return { ...experiment, status: undefined, spec: { ...spec, strategy: { ...spec.strategy, actions: {} } } };
}

/** `FIELD=baseline,candidate`: which value of a field is which version. */
export interface SplitBy {
  readonly field: string;
  readonly values: readonly string[];
}

/** @throws UsageError */
export function parseSplitBy(text: string): SplitBy {
  const hint = "write --split-by FIELD=BASELINE,CANDIDATE, for example --split-by 'version=v1,v2'";
  const at = text.indexOf('=');
  const values = text
    .slice(at + 1)
    .split(',')
    .map((value) => value.trim());
  if (at <= 0 || values.some((value) => value === ''))
    throw new UsageError(`--split-by ${JSON.stringify(text)} cannot be read`, { hint });
  if (values.length < 2 || new Set(values).size < values.length)
    throw new UsageError(`--split-by ${JSON.stringify(text)}: expected two different values, or more`, { hint });
  return { field: text.slice(0, at).trim(), values };
}

/** The versions of the experiment, in the order of the values that stand for them. @throws UsageError when they are not as many */
export function versionsOfValues(experiment: Experiment, split: SplitBy | undefined): Map<string, string> {
  const names = versionsIn(experiment).map(({ name }) => name);
  const values = split?.values ?? [''];
  if (names.length === 0)
    throw new UsageError('the experiment has no versionInfo: it says of no version what to judge');
  if (names.length !== values.length)
    throw new UsageError(
      split === undefined
        ? `the experiment has ${names.length} versions (${names.join(', ')}), and nothing says which request is of which`
        : `--split-by names ${values.length} values, and the experiment has ${names.length} versions (${names.join(', ')})`,
      { hint: `give --split-by FIELD=${names.map((_, index) => `VALUE${index + 1}`).join(',')}` },
    );
  return new Map(values.map((value, index) => [value, names[index]!]));
}
