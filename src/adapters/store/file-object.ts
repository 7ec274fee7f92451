/** From the text of a file to an experiment or metric, and back. Pure. */
import { createHash } from 'node:crypto';
import { type Experiment, keyText, type ObjectKey } from '../../domain/api/experiment.ts';
import type { Metric } from '../../domain/api/metric.ts';
import { InvalidManifestError, type Issue } from '../../errors.ts';
import { readObjectText } from './object-text.ts';
import { metricWithDefaults, parseExperiment, parseMetric, withDefaults } from './seam.ts';
import { revisionOf, type StoredObject } from './stored-object.ts';

/** A file's text with the object it names. `path` is for messages. */
export interface FileText {
  readonly key: ObjectKey;
  readonly path: string;
  readonly text: string;
}

/**
 * The object as it is written in the file, with name and namespace filled in from the path. Throws InvalidManifestError
 * when the text is no YAML, no object, or the object of another path.
 */
export function parseStored(file: FileText): StoredObject {
  const value = readObjectText(file.text, file.path);
  if (!isObject(value)) throw invalid(file, [{ path: '', message: 'expected an object' }]);
  const metadata = value['metadata'] ?? {};
  if (!isObject(metadata)) throw invalid(file, [{ path: 'metadata', message: 'expected an object' }]);
  const issues: Issue[] = [];
  for (const field of ['name', 'namespace'] as const) {
    const written = metadata[field];
    if (written === undefined || written === file.key[field]) continue;
    const message = `expected ${JSON.stringify(file.key[field])} because of the file's path, found ${JSON.stringify(written)}`;
    issues.push({ path: `metadata.${field}`, message });
  }
  if (issues.length > 0) throw invalid(file, issues);
  return { ...value, metadata: { ...metadata, name: file.key.name, namespace: file.key.namespace } };
}

/** Throws InvalidManifestError when it has not the shape of an Experiment. */
export function toExperiment(stored: StoredObject, file: FileText): Experiment {
  const { value, issues } = parseExperiment(stored);
  if (value === undefined) throw invalid(file, issues);
  const experiment = withDefaults(value, { namespace: file.key.namespace });
  return { ...experiment, metadata: { ...experiment.metadata, resourceVersion: resourceVersion(stored, file.text) } };
}

/** Throws InvalidManifestError when it has not the shape of a Metric. */
export function toMetric(stored: StoredObject, file: FileText): Metric {
  const { value, issues } = parseMetric(stored);
  if (value === undefined) throw invalid(file, issues);
  const metric = metricWithDefaults(value, { namespace: file.key.namespace });
  return { ...metric, metadata: { ...metric.metadata, resourceVersion: resourceVersion(stored, file.text) } };
}

/** The number of the change, and a hash of the text, so that an edit by hand counts as a change too. */
export function resourceVersion(stored: StoredObject, text: string): string {
  return `${revisionOf(stored)}-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
}

function invalid(file: FileText, issues: readonly Issue[]): InvalidManifestError {
  const first = issues[0];
  const place = first?.line === undefined ? file.path : `${file.path}:${first.line}:${first.column ?? 1}`;
  const at = first?.path ? `${first.path}: ` : '';
  const message = `cannot read ${keyText(file.key)} in ${place}: ${at}${first?.message ?? 'invalid'}`;
  return new InvalidManifestError(
    message,
    issues.map((issue) => ({ ...issue, source: file.path })),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
