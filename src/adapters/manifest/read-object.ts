/** One object to look at: only its shape must be right. */
import type { WrittenExperiment } from '../../experiment/experiment.ts';
import { parseExperiment } from '../../experiment/parse.ts';
import { readSources } from './fetch-sources.ts';
import type { LoadOptions } from './read-manifests.ts';
import { plainJson } from './plain-json.ts';

/** @throws UsageError, InvalidManifestError as `loadManifests` does */
export async function loadObject(file: string, options: Omit<LoadOptions, 'strictness'>): Promise<WrittenExperiment> {
  const sources = await readSources([file], options);
  const [only] = sources;
  const value = sources.length === 1 && only?.issue === undefined ? plainJson(only!.text) : undefined;
  if (value?.['kind'] === 'Experiment') {
    const shaped = parseExperiment(value);
    if (shaped.value !== undefined && shaped.issues.length === 0) return shaped.value;
  }
  // It is YAML, or there is something to say about it, with its line.
  const { manifestsFrom } = await import('./read-manifests.ts');
  return manifestsFrom(sources, { ...options, strictness: 'shape' }).experiment;
}
