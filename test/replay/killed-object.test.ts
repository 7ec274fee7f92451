/** The object of a run that was killed in the middle of its load: what it had counted stands in its task. */
import { expect, it } from 'vitest';
import { readRecord, withRecord } from '../../src/judge/record/stored-record.ts';
import { replayObject } from '../../src/replay/replay.ts';
import { conformance, driveInMemory } from '../support/driving.ts';

it('is judged at other limits by all that it holds', async () => {
  const objectives = [{ metric: 'iter8-system/latency-95th-percentile', upperLimit: '1000' }];
  const { outcome } = await driveInMemory(conformance({ objectives }));
  const whole = outcome.experiment;
  const { scopes, ...record } = readRecord(whole)!;
  const task = { ...record.tasks['start/0']!, state: 'running' as const, counted: scopes, loadSeconds: 2 };
  const killed = {
    ...whole,
    status: withRecord(
      whole.status!,
      { ...record, scopes: [], loadSeconds: 0, tasks: { ...record.tasks, 'start/0': task } },
      whole.status!.lastUpdateTime!,
    ),
  };
  for (const upperLimit of ['1000', '300']) {
    const change = { strength: {}, objectives: [{ metric: 'iter8-system/latency-95th-percentile', upperLimit }] };
    const { assessments, recommendation } = readRecord(replayObject(killed, change))!;
    expect(recommendation?.verdict).toBe('promote');
    expect(assessments).toEqual(readRecord(replayObject(whole, change))!.assessments);
  }
});
