/** From the text of a file to an experiment or metric. Pure. */
import { createHash } from 'node:crypto';
import { metricWithDefaults, withDefaults } from '../../experiment/defaults.ts';
import { type Experiment, keyText, type ObjectKey } from '../../experiment/experiment.ts';
import type { Metric } from '../../experiment/metric.ts';
import { parseExperiment, parseMetric } from '../../experiment/parse.ts';
import { InvalidManifestError, type Issue } from '../../errors.ts';
import { readObjectText, writeObjectText } from './object-text.ts';
import { isObject } from '../../text/check-fields.ts';
import { revisionOf, type StoredObject } from './object-changes.ts';

/** A file with the object that it is for. `path` is for messages. */
export interface FileText {
  readonly key: ObjectKey;
  readonly path: string;
  readonly text: string;
}

/** A file that was read: the object as it is written, with name and namespace from the path. */
export interface ObjectFile extends FileText {
  readonly object: StoredObject;
  readonly locate: (issue: Issue) => Issue;
}

/** Throws InvalidManifestError when the text is no YAML, no single object, or the object of another path. */
export function readObjectFile(file: FileText): ObjectFile {
  const { value, issues, locate } = readObjectText(file.text, file.path);
  if (value === undefined) throw invalid(file, issues);
  const metadata = value['metadata'] ?? {};
  if (!isObject(metadata)) throw invalid(file, [locate({ path: 'metadata', message: 'expected an object' })]);
  const wrong: Issue[] = [];
  for (const field of ['name', 'namespace'] as const) {
    const written = metadata[field];
    if (written === undefined || written === file.key[field]) continue;
    const message = `expected ${JSON.stringify(file.key[field])}, as the path of the file says, got ${JSON.stringify(written)}`;
    wrong.push(locate({ path: `metadata.${field}`, message }));
  }
  if (wrong.length > 0) throw invalid(file, wrong);
  const object = { ...value, metadata: { ...metadata, name: file.key.name, namespace: file.key.namespace } };
  return { ...file, object, locate };
}

/** The file as it is to be written with `object` in it. */
export function fileOf(object: StoredObject, at: { readonly key: ObjectKey; readonly path: string }): ObjectFile {
  const locate = (issue: Issue) => ({ ...issue, source: at.path });
  return { key: at.key, path: at.path, text: writeObjectText(object), object, locate };
}

/** Throws InvalidManifestError when it has not the shape of an Experiment. */
export function experimentIn(file: ObjectFile): Experiment {
  const { value, issues } = parseExperiment(file.object);
  if (value === undefined) throw invalid(file, issues.map(file.locate));
  const experiment = withDefaults(value, file.key);
  return { ...experiment, metadata: { ...experiment.metadata, resourceVersion: resourceVersion(file) } };
}

/** Throws InvalidManifestError when it has not the shape of a Metric. */
export function metricIn(file: ObjectFile): Metric {
  const { value, issues } = parseMetric(file.object);
  if (value === undefined) throw invalid(file, issues.map(file.locate));
  const metric = metricWithDefaults(value, file.key);
  return { ...metric, metadata: { ...metric.metadata, resourceVersion: resourceVersion(file) } };
}

/** The number of the last change, and a hash of the text, so that an edit by hand counts as a change too. */
export function resourceVersion(file: ObjectFile): string {
  return `${revisionOf(file.object)}-${createHash('sha256').update(file.text).digest('hex').slice(0, 8)}`;
}

function invalid(file: FileText, issues: readonly Issue[]): InvalidManifestError {
  const line = issues[0]?.line;
  const place = line === undefined ? file.path : `${file.path}:${line}:${issues[0]?.column ?? 1}`;
  return new InvalidManifestError(`cannot read ${keyText(file.key)} in ${place}`, issues);
}
