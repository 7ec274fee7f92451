/** Objects that other people wrote: they are not in this repository, and tests of them are skipped where they are absent. */
import { existsSync } from 'node:fs';
import path from 'node:path';

const FOLDER = path.resolve(import.meta.dirname, '../..', process.env['ITER8_TEST_SAMPLES'] ?? '../shared/fixtures');

/** The CRDs that Iter8 0.7 installed. */
export const OLD_CRDS = ['experiments', 'metrics'].map((kind) =>
  path.join(FOLDER, `crd-iter8-0.7/iter8.tools_${kind}.yaml`),
);
/** Experiments and metrics of its documentation. */
export const SAMPLES = path.join(FOLDER, 'iter8-0.7/samples');
/** Experiments with a status, from its own tests. */
export const DESCRIBED = path.join(FOLDER, 'iter8-0.7/described');

const missing = (what: string, files: readonly string[]): string | undefined =>
  files.every((file) => existsSync(file))
    ? undefined
    : `no ${what}, which others wrote: ITER8_TEST_SAMPLES names the folder that has them (docs/testing.md)`;

export const missingSamples = missing('samples of Iter8 0.7', [SAMPLES, DESCRIBED]);
export const missingOldCrds = missing('CRDs of Iter8 0.7', OLD_CRDS);
