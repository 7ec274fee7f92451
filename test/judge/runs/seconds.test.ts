/** How long a version was loaded: what requests a second of two runs are compared by. */
import { expect, it } from 'vitest';
import { throughputRow } from '../../../src/judge/runs/throughput.ts';
import { runOf } from '../../../src/judge/runs/measured-run.ts';
import { foldRecord } from '../../../src/replay/fold-record.ts';
import { readRecordLines } from '../../../src/replay/read-record-lines.ts';
import { driveIn } from '../../support/drive-in-virtual-time.ts';
import { canary } from '../../support/driving.ts';
import { VirtualTime } from '../../support/virtual-time.ts';

it('is as long as tasks sent to it, in an object and in a record', async () => {
  const base = canary({
    objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.5' }],
    strength: { extend: false },
  });
  const collect = (name: string, qps: number, more = {}) => ({
    task: 'metrics/collect',
    with: { qps, numQueries: 200, versions: [{ name, url: `http://${name}.test/` }], ...more },
  });
  const start = [collect('old', 20), collect('old', 10, { loadOnly: true }), collect('new', 50)];
  const written = { ...base, spec: { ...base.spec, strategy: { ...base.spec.strategy, actions: { start } } } };
  const { outcome, record, log } = await driveIn(new VirtualTime(), written, () => ({ latencyMs: 5, code: 200 }));
  const folded = foldRecord(readRecordLines(JSON.parse(JSON.stringify(log)) as object[]), { strength: {} })!;
  for (const recorded of [record, folded.record]) {
    const [row] = throughputRow(runOf(outcome.experiment, recorded, 'old'), runOf(outcome.experiment, recorded, 'new'));
    expect(Math.abs(row!.a.estimate! - 20)).toBeLessThan(1);
    expect(Math.abs(row!.b.estimate! - 50)).toBeLessThan(2.5);
  }
});
