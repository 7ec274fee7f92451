/** An experiment whose candidate becomes another build: what runs at each look, and a drive whose replay gives the same answer. */
import { expect } from 'vitest';
import type { BuildReader } from '../../src/drive/ports.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import type { Build } from '../../src/judge/record/build-changes.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { replayRecord } from '../../src/replay/replay.ts';
import { canary, driveInMemory, type DriveSetup } from './driving.ts';

/** A Deployment with this image. */
export const build = (image: string, hashes = ['h'], version = 'new'): Build => ({
  object: `Deployment default/${version}`,
  template: image,
  images: { app: image },
  hashes,
  digests: {},
});

/** What runs at each look, the last again and again; undefined: the Deployment is gone, a text: it cannot be seen. */
export function looks(...builds: (Build | string | undefined)[]): BuildReader & { readonly count: () => number } {
  let k = 0;
  return {
    count: () => k,
    read: () => {
      const found = builds[Math.min(k++, builds.length - 1)];
      return Promise.resolve([
        { version: 'old' },
        { version: 'new', ...(typeof found === 'string' ? { problem: found } : { build: found }) },
      ]);
    },
  };
}

/** So many looks see one build of the candidate, and those behind them another. */
export const changesAfter = (count: number): ReturnType<typeof looks> =>
  looks(...Array.from({ length: count }, () => build('new:1')), build('new:2'));

export const OBJECTIVES = [{ metric: 'iter8-system/error-rate', upperLimit: '0.2' }];

/** The candidate has the image of this moment. */
export const candidateOf = (image: () => string): BuildReader => ({
  read: () => Promise.resolve([{ version: 'old' }, { version: 'new', build: build(image()) }]),
});

/** Load, then three iterations; loop tasks measure again. */
export function loadAndIterations(strength: object = {}, actions: object = {}): WrittenExperiment {
  const base = canary({ objectives: OBJECTIVES, strength });
  const [collect] = base.spec.strategy.actions!['start']!;
  return {
    ...base,
    spec: {
      ...base.spec,
      strategy: { ...base.spec.strategy, actions: { start: [collect!], ...actions } },
      duration: { intervalSeconds: 1, iterationsPerLoop: 1, maxLoops: 3 },
    },
  };
}

/** Its replay gives the same answer. */
export async function driveOn(written: WrittenExperiment, builds: BuildReader, setup: DriveSetup = {}) {
  const driven = await driveInMemory(written, { ...setup, builds });
  const { experiment: object, recommendation } = driven.outcome;
  expect(replayRecord(JSON.parse(JSON.stringify(driven.log)), { strength: {} }).status!.analysis).toMatchObject({
    aggregatedBuiltinHists: { data: { iter8ctl: { recommendation } } },
  });
  return { ...driven, object, recommendation, record: readRecord(object)! };
}
