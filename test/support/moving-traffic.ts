/** An experiment that moves traffic, driven in memory: its requests follow the weights. */
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import { canary, driveInMemory, measuring, storeWithMetrics, withWeights, type DriveSetup } from './driving.ts';
import type { MemoryTraffic } from './memory-traffic.ts';

export interface Pattern {
  readonly finish?: object[];
  readonly deploymentPattern?: string;
  readonly iterations?: number;
  readonly weights?: object;
  readonly rollBack?: boolean;
  readonly strength?: object;
}

/** Old against new by a share of errors that a backend gives, with its number of requests. */
export function moving({
  deploymentPattern = 'Progressive',
  iterations = 6,
  weights,
  rollBack = true,
  strength,
  finish,
}: Pattern = {}) {
  const base = canary({
    objectives: [{ metric: 'errors', upperLimit: '0.05', ...(rollBack ? { rollback_on_failure: true } : {}) }],
    ...(strength === undefined ? {} : { strength }),
  });
  return {
    ...base,
    spec: {
      ...base.spec,
      strategy: {
        testingPattern: 'Canary',
        deploymentPattern,
        ...(weights === undefined ? {} : { weights }),
        ...(finish === undefined ? {} : { actions: { finish } }),
      },
      duration: { intervalSeconds: 10, iterationsPerLoop: iterations },
      versionInfo: withWeights('old', 'new'),
    },
  } as WrittenExperiment;
}

/** `share`: of errors of the candidate, by iteration. The requests follow the fields, 10,000 in each iteration. */
export async function runMoving(
  traffic: MemoryTraffic,
  share: number | ((iteration: number) => number),
  { spec = {}, ...setup }: DriveSetup & { readonly spec?: Pattern } = {},
) {
  const { counted } = traffic;
  let iteration = 0;
  const store =
    setup.store ??
    (await storeWithMetrics({ requests: { type: 'Counter' }, errors: { type: 'Gauge', sampleSize: 'requests' } }));
  const drive = await driveInMemory(moving(spec), {
    ...setup,
    store,
    traffic,
    metrics: measuring((metric, version) => {
      if (metric !== 'requests') {
        if (version === 'new') iteration += 1;
        if (Number(traffic.fields.get(version) ?? 0) === 0) return undefined;
        return version === 'old' ? 0.001 : typeof share === 'number' ? share : share(iteration);
      }
      const part = Number(traffic.fields.get(version) ?? 0) / 100;
      counted.set(version, (counted.get(version) ?? 0) + Math.round(10_000 * part));
      return counted.get(version)!;
    }),
  });
  return { ...drive, verdict: drive.outcome.recommendation.verdict, status: drive.outcome.experiment.status! };
}
