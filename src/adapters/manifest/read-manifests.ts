/** What `-f` means: files, standard input, folders and URLs to exactly one Experiment and the Metrics beside it. */
import { InvalidManifestError, type Issue } from '../../errors.ts';
import type { WrittenExperiment } from '../../experiment/experiment.ts';
import { API_VERSION } from '../../experiment/experiment.ts';
import type { WrittenMetric } from '../../experiment/metric.ts';
import { parseExperiment, parseMetric } from '../../experiment/parse.ts';
import { didYouMean } from '../../text/did-you-mean.ts';
import { isObject } from '../../text/check-fields.ts';
import { expectedGot, shown, type Shaped } from '../../experiment/schema-issues.ts';
import { validateExperiment, validateMetric } from '../../validation/validate.ts';
import { readManifest, type ManifestObject } from './parse-documents.ts';
import { readSources, type ManifestSource, type SourceOptions } from './fetch-sources.ts';
import { sortIssues } from './yaml-positions.ts';

export interface LoadOptions extends SourceOptions {
  /** `shape` (the default) or `rules`: see `parse.ts`. */
  readonly strictness?: 'shape' | 'rules' | undefined;
  /** Objects of other kinds are left out. Absent: they are refused. */
  readonly ignoreOthers?: boolean | undefined;
  /** Takes sentences about what is read, and may be meant otherwise. */
  readonly onNote?: ((text: string) => void) | undefined;
}

export interface LoadedManifests {
  readonly experiment: WrittenExperiment;
  readonly metrics: readonly WrittenMetric[];
  /** Everything that was read, in order; without texts. */
  readonly sources: readonly Omit<ManifestSource, 'text'>[];
  /** How the experiment came to us: scripts of a URL are not run without asking. */
  readonly origin: ManifestSource['origin'];
  /** The source of the experiment, for messages. */
  readonly label: string;
  /** Adds source, line and column to an issue of the experiment that was found later. */
  readonly locate: <T extends Issue>(issue: T) => T;
}

/**
 * Reads all that `-f` names.
 *
 * @throws UsageError when something cannot be read at all.
 * @throws InvalidManifestError with all problems at once, in the order in which they stand in the texts.
 */
export async function loadManifests(files: readonly string[], options: LoadOptions): Promise<LoadedManifests> {
  return manifestsFrom(await readSources(files, options), options);
}

/** Likewise, of texts that have been read. */
export function manifestsFrom(
  sources: readonly ManifestSource[],
  options: Pick<LoadOptions, 'strictness' | 'ignoreOthers' | 'onNote'>,
): LoadedManifests {
  const issues: Issue[] = [];
  const objects: ManifestObject[] = [];
  // By the object and not by a name: a file may be called `<stdin>`.
  const origins = new Map<ManifestObject, ManifestSource['origin']>();
  for (const source of sources) {
    if (source.issue !== undefined) issues.push(source.issue);
    const read = readManifest(source.text, source.name);
    const doubts = read.doubts();
    issues.push(...read.issues, ...doubts.issues);
    const [note] = doubts.notes;
    if (note !== undefined) options.onNote?.(`${placeText(note)} ${note.path}: ${note.message}`);
    if (doubts.isNone) continue;
    objects.push(...read.objects);
    for (const object of read.objects) origins.set(object, source.origin);
  }
  const experiments: { readonly object: ManifestObject; readonly shaped: Shaped<WrittenExperiment> }[] = [];
  const metrics: { readonly object: ManifestObject; readonly shaped: Shaped<WrittenMetric> }[] = [];
  const isStrict = options.strictness === 'rules';
  for (const object of objects) {
    if (object.kind === 'Experiment')
      experiments.push({ object, shaped: (isStrict ? validateExperiment : parseExperiment)(object.value) });
    else if (object.kind === 'Metric')
      metrics.push({ object, shaped: (isStrict ? validateMetric : parseMetric)(object.value) });
    else if (options.ignoreOthers === true && isOfOthers(object)) options.onNote?.(skipped(object));
    else issues.push(object.locate({ path: 'kind', message: kindProblem(object) }));
  }
  for (const { object, shaped } of [...experiments, ...metrics]) issues.push(...shaped.issues.map(object.locate));
  issues.push(
    ...repeatedExperiments(experiments.map(({ object }) => object)),
    ...repeatedMetrics(metrics.map(({ object }) => object)),
  );
  const only = experiments[0];
  if (issues.length === 0 && only === undefined) {
    const names = sources.map(({ name }) => name).join(', ');
    throw new InvalidManifestError(`there is no Experiment in ${names}`, [], {
      hint: `a manifest has apiVersion: ${API_VERSION}, kind: Experiment; iter8ctl init writes one`,
    });
  }
  const experiment = only?.shaped.value;
  if (issues.length > 0 || experiment === undefined || only === undefined) throw invalid(issues, sources, only?.object);
  const origin = origins.get(only.object) ?? 'stdin';
  return {
    experiment,
    metrics: metrics.flatMap(({ shaped }) => shaped.value ?? []),
    sources: sources.map(({ name, origin: from }) => ({ name, origin: from })),
    origin,
    label: only.object.source,
    locate: only.object.locate,
  };
}

const placeText = ({ source = '', line, column }: Issue): string => `${source}:${line}:${column}`;

const OURS = ['Experiment', 'Metric'];

/** Not a slip of a kind of ours. */
function isOfOthers({ kind, value }: ManifestObject): boolean {
  const { apiVersion } = value;
  const isIter8 = typeof apiVersion === 'string' && /^iter8\.tools\//i.test(apiVersion);
  return kind !== undefined && !isIter8 && didYouMean(kind, OURS) === '';
}

function skipped({ kind = '', source, value }: ManifestObject): string {
  const { metadata } = value;
  const name = isObject(metadata) && typeof metadata['name'] === 'string' ? ` ${metadata['name']}` : '';
  return `skipped ${kind}${name} of ${source}: it is created with kubectl apply`;
}

/** A kind that we do not create: say who does. */
function kindProblem(object: ManifestObject): string {
  const { kind, source, value } = object;
  if (kind === undefined) return expectedGot('Experiment or Metric', value['kind']);
  if (!isOfOthers(object)) return expectedGot('Experiment or Metric', kind) + didYouMean(kind, OURS);
  const file = source.includes(' ') || source.startsWith('<') ? 'FILE' : source;
  return `expected Experiment or Metric, got ${shown(kind)}; create it with kubectl apply -f ${file}, and leave it out here, or skip it with --ignore-others`;
}

function repeatedExperiments(objects: readonly ManifestObject[]): Issue[] {
  return objects
    .slice(1)
    .map((object) => object.locate({ path: 'kind', message: 'expected exactly one Experiment, this is another' }));
}

function repeatedMetrics(objects: readonly ManifestObject[]): Issue[] {
  const seen = new Set<string>();
  return objects.flatMap((object) => {
    const { metadata } = object.value;
    const { name, namespace } =
      typeof metadata === 'object' && metadata !== null ? { name: undefined, namespace: undefined, ...metadata } : {};
    const key = JSON.stringify([namespace, name]);
    if (typeof name !== 'string' || !seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [object.locate({ path: 'metadata.name', message: `there is another Metric ${shown(name)}` })];
  });
}

/** One problem is reported once: of one place the first, which says what is written there. */
function once(issues: readonly Issue[]): Issue[] {
  const doubtful = new Set(
    issues.flatMap((issue) => (issue.message.startsWith('kubectl reads ') ? placeOf(issue) : [])),
  );
  const seen = new Set<string>();
  return issues.filter((issue) => {
    const place = placeOf(issue);
    if (doubtful.has(place) && !issue.message.startsWith('kubectl reads ')) return false;
    const key = `${place} ${issue.path} ${issue.message}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}

const placeOf = ({ source, line, column }: Issue): string => JSON.stringify([source, line, column]);

function invalid(
  issues: readonly Issue[],
  sources: readonly ManifestSource[],
  experiment: ManifestObject | undefined,
): InvalidManifestError {
  const sorted = sortIssues(
    once(issues),
    sources.map(({ name }) => name),
  );
  const names = [...new Set(sorted.map((issue) => issue.source ?? ''))].filter((name) => name !== '');
  const where = names.length === 0 ? sources.map(({ name }) => name).join(', ') : names.join(', ');
  const what = names.length === 1 && names[0] === experiment?.source ? 'a valid Experiment' : 'a valid manifest';
  const count = sorted.length === 1 ? '1 problem' : `${sorted.length} problems`;
  return new InvalidManifestError(
    `${where} ${names.length > 1 ? 'are not valid manifests' : `is not ${what}`} (${count})`,
    sorted,
  );
}
