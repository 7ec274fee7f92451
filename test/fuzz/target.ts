/** What a target of fuzzing is, and what inputs are made from: objects and records as they really were. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { load } from 'js-yaml';
import { InvalidManifestError, Iter8Error, type Issue } from '../../src/errors.ts';
import { renderError } from '../../src/render/error.ts';
import { themeFor } from '../../src/render/theme.ts';

export interface Target<T = unknown> {
  readonly name: string;
  readonly inputs: fc.Arbitrary<T>;
  /** How much longer one input takes than others do; so many fewer are tried. */
  readonly cost?: number;
  /** Gives what is shown of it; throws what nobody has foreseen. */
  readonly shown: (input: T) => string | Promise<string>;
}

export const NOW = Date.parse('2026-11-26T00:00:00Z');
export const theme = themeFor({ isTTY: false }, { mode: 'never', env: {} });
const folder = import.meta.dirname;
const recorded = path.join(folder, '../fixtures/recorded');
export const ours = ['canary', 'abn'].map((name) => readFileSync(path.join(folder, `corpus/${name}.json`), 'utf8'));
export const theirs = readdirSync(recorded)
  .filter((name) => readdirSync(path.join(recorded, name)).includes('final.yaml'))
  .map((name) => readFileSync(path.join(recorded, name, 'final.yaml'), 'utf8'));
export const objects: unknown[] = [
  ...ours.map((text) => JSON.parse(text) as unknown),
  ...theirs.map((text) => load(text)),
];
export const records = ['canary', 'abn'].map((name) =>
  readFileSync(path.join(folder, `corpus/${name}.ndjson`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown),
);
export const metricSpecs = [
  {
    urlTemplate: 'https://u:p@prom.example/api/v1/query?token=x&k=${key}',
    params: [{ name: 'query', value: 'sum(rate(x{v="$name",r=\'${rev}\'}[${elapsedTime}s])) > $rev' }],
    headerTemplates: [{ name: 'Authorization', value: 'Bearer ${token}' }],
    secret: 'a/b',
  },
  {
    method: 'POST',
    urlTemplate: 'http://${host}/x',
    body: '{"query":"sum(x{v=\\"$name\\"})","t":$elapsedTime,"s":"$rev"}',
    authType: 'Basic',
    secret: 's',
  },
].map((spec) => ({
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Metric',
  metadata: { name: 'm', namespace: 'n' },
  spec,
}));

/** A sentence instead of what was asked for. */
export function orSentence(work: () => string): string {
  try {
    return work();
  } catch (error) {
    if (error instanceof Iter8Error) return renderError(error, theme);
    throw error;
  }
}

export function asSentence(issues: readonly Issue[]): string {
  return renderError(new InvalidManifestError('not valid', issues), theme);
}
