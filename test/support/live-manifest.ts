/** Manifests of experiments that judge live traffic by metrics of a backend: no load of their own. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const API_VERSION = 'iter8.tools/v2alpha2';

export interface LiveChange {
  readonly criteria: object;
  /** Of one second each; 1 when absent. */
  readonly iterations?: number | undefined;
  /** Baseline first: one is a Conformance experiment, two a Canary. `v1` when absent. */
  readonly versions?: readonly ({ readonly name: string } & Readonly<Record<string, unknown>>)[] | undefined;
}

/** Experiment `e` in namespace `default`. */
export function liveExperiment({ criteria, iterations = 1, versions = [{ name: 'v1' }] }: LiveChange): object {
  const [baseline, ...candidates] = versions;
  return {
    apiVersion: API_VERSION,
    kind: 'Experiment',
    metadata: { name: 'e', namespace: 'default' },
    spec: {
      target: 't',
      strategy:
        candidates.length === 0
          ? { testingPattern: 'Conformance' }
          : { testingPattern: 'Canary', deploymentPattern: 'FixedSplit' },
      criteria,
      duration: { intervalSeconds: 1, iterationsPerLoop: iterations },
      versionInfo: { baseline, ...(candidates.length === 0 ? {} : { candidates }) },
    },
  };
}

export function metricObject(name: string, spec: object, namespace = 'default'): object {
  return { apiVersion: API_VERSION, kind: 'Metric', metadata: { name, namespace }, spec };
}

/** A fresh folder with `all.json`, which holds all of them. */
export function folderWith(items: readonly object[]): string {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-live-'));
  writeFileSync(path.join(cwd, 'all.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  return cwd;
}
