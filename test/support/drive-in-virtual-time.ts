/** Drives experiments in virtual time, with the real load generator: hours of load in a second, and always the same way. */
import { createLoadGenerator } from '../../src/adapters/load/load-generator.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { driveInMemory, type DriveSetup } from './driving.ts';
import { VirtualTime, virtualWorkers, type VirtualService } from './virtual-time.ts';

export async function driveIn(
  time: VirtualTime,
  experiment: WrittenExperiment,
  service: VirtualService,
  { workers = 1, ...setup }: DriveSetup & { readonly workers?: number } = {},
) {
  const virtual = virtualWorkers(time, service, { workers });
  const load = createLoadGenerator({ startWorkers: virtual.startWorkers });
  const drive = await time.during(driveInMemory(experiment, { load, clock: time.clock, ...setup }), 3_600_000);
  const record = readRecord(drive.outcome.experiment)!;
  return { ...drive, record, virtual };
}
