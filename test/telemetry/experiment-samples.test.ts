/** What is given out of an experiment: values in base units, one series for each state, nothing that is not known. */
import { describe, expect, it } from 'vitest';
import { experimentSamples } from '../../src/telemetry/experiment-samples.ts';
import { FAMILIES, type FamilyKey, type Sample } from '../../src/telemetry/families.ts';
import { labelValue } from '../../src/telemetry/label-value.ts';
import { experimentView } from '../../src/view/experiment-view.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { measuredCanary } from '../support/measured-canary.ts';

const NOW = fakeClock().now();
const drive = await measuredCanary();
const view = experimentView(drive.outcome.experiment, NOW);
const samples = experimentSamples(view, true);
const valuesOf = (family: FamilyKey, labels: Record<string, string> = {}, of: readonly Sample[] = samples) =>
  of
    .filter(
      (one) => one.family === family && Object.entries(labels).every(([name, value]) => one.labels[name] === value),
    )
    .map(({ value }) => value);
const idOf = ({ family, labels }: Sample) => JSON.stringify([family, labels]);

describe('the values of an experiment', () => {
  it('are those of its view, in base units', () => {
    const row = view.objectives.find((one) => one.version === 'new' && one.side === 'upper')!;
    const labels = { version: 'new', objective: 'iter8-system/mean-latency', side: 'upper' };
    expect(row.unit).toBe('ms');
    expect(valuesOf('objective_estimate_seconds', labels)).toEqual([row.estimate! / 1000]);
    expect(valuesOf('objective_limit_seconds', labels)).toEqual([0.5]);
    expect(valuesOf('objective_limit_seconds', { ...labels, side: 'lower' })).toEqual([0.001]);
    expect(valuesOf('objective_requests', labels)).toEqual([row.n]);
    expect(valuesOf('objective_limit', { version: 'new' })).toEqual([50]);
    expect(valuesOf('version_weight_ratio', { version: 'old' })).toEqual([0.9]);
    expect(valuesOf('version_load_requests_total', { version: 'old' })).toEqual([
      view.observations.find(({ version }) => version === 'old')!.requests,
    ]);
  });

  it('distinguish two objectives on the same metric', () => {
    const of = (objective: string) => valuesOf('objective_limit_ratio', { version: 'new', objective });
    expect(of('iter8-system/error-rate')).toEqual([0.1]);
    expect(of('iter8-system/error-rate (objective 3)')).toEqual([0.2]);
  });

  it('are 1 for the one state that it is in, and 0 for the others', () => {
    const groups = new Map<string, number[]>();
    for (const { family, labels, value } of samples) {
      const state = Object.keys(labels).find((name) => ['stage', 'recommendation', 'verdict'].includes(name));
      if (state === undefined) continue;
      const id = JSON.stringify([family, { ...labels, [state]: '' }]);
      groups.set(id, [...(groups.get(id) ?? []), value]);
    }
    expect(groups.size).toBe(2 + view.objectives.length);
    for (const values of groups.values()) {
      expect(values.filter((value) => value === 1)).toHaveLength(1);
      expect(values.filter((value) => value === 0)).toHaveLength(values.length - 1);
    }
    expect(valuesOf('experiment_stage', { stage: 'Completed' })).toEqual([1]);
    expect(valuesOf('experiment_recommendation', { recommendation: 'promote' })).toEqual([1]);
    expect(valuesOf('version_recommended', { version: 'new' })).toEqual([1]);
  });

  it('have the labels of their families, and no series twice', () => {
    for (const { family, labels, value } of samples) {
      expect(Object.keys(labels).toSorted(), family).toEqual([...FAMILIES.get(family)!.labels].toSorted());
      expect(value).toSatisfy(Number.isFinite);
    }
    expect(new Set(samples.map(idOf)).size).toBe(samples.length);
  });

  it('leave out what is not known', () => {
    const first = experimentSamples(experimentView(drive.states[0]!, NOW));
    for (const family of ['objective_estimate_seconds', 'version_load_requests_total', 'experiment_driven'] as const)
      expect(valuesOf(family, {}, first), family).toEqual([]);
    // Whether anybody drives it is asked no more once it has ended.
    const over = drive.states.map((one) => experimentSamples(experimentView(one, NOW), false));
    expect(valuesOf('experiment_driven', {}, over[0])).toEqual([0]);
    expect(valuesOf('experiment_driven', {}, over.at(-1))).toEqual([]);
  });

  it('count requests that never become fewer while it is driven', () => {
    const counted = drive.states.map(
      (one) =>
        valuesOf('version_load_requests_total', { version: 'new' }, experimentSamples(experimentView(one, NOW)))[0],
    );
    const known = counted.filter((one) => one !== undefined);
    expect(known).toEqual(known.toSorted((a, b) => a - b));
    expect(known.at(-1)).toBeGreaterThan(0);
  });
});

describe('a label', () => {
  it('is one line without anything hidden or secret, bounded, and another for another name', () => {
    expect(labelValue('a\n"b"\u202e')).toBe('a\\n"b"\\u202e');
    expect(labelValue('http://me:pw@host/?token=abcd')).toBe('http://***@host/?token=***');
    const [one, other] = ['a', 'b'].map((end) => labelValue('x'.repeat(300) + end)) as [string, string];
    expect(one).toHaveLength(253);
    expect(one).not.toBe(other);
    expect(labelValue(`${'x'.repeat(239)}${'\u{1f600}'.repeat(30)}`)).not.toMatch(/[\ud800-\udbff]~/);
  });
});
