/** Which experiments have series: bounded, the most important first, and for a while after their end. */
import { beforeEach, expect, it } from 'vitest';
import { withDefaults } from '../../src/experiment/defaults.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { MeasuredExperiments } from '../../src/telemetry/measured-experiments.ts';
import { conformance } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';

const LIMITS = { mostSeries: 10_000, mostExperiments: 3, keepEndedMs: 60_000 };
let clock: ReturnType<typeof fakeClock>;
let driven: Set<string>;
let measured: MeasuredExperiments;

beforeEach(() => {
  clock = fakeClock();
  driven = new Set();
  measured = new MeasuredExperiments(clock, ({ name }) => driven.has(name), LIMITS);
});

function experiment(name: string, stage: 'Waiting' | 'Running' | 'Completed', endedAgoMs = 0): Experiment {
  const written = conformance();
  const ended = new Date(clock.now() - endedAgoMs).toISOString();
  return withDefaults(
    {
      ...written,
      metadata: { ...written.metadata, name },
      status: {
        stage,
        ...(stage === 'Completed'
          ? { conditions: [{ type: 'Completed', status: 'True', lastTransitionTime: ended }] }
          : {}),
      },
    },
    { namespace: 'default' },
  );
}

const names = () => [...new Set(measured.samples().flatMap(({ labels }) => labels['experiment'] ?? []))];
const dropped = () => measured.samples().find(({ family }) => family === 'experiments_dropped')!.value;

it('lets the series of a deleted one vanish at once, and those of an ended one after a while', () => {
  measured.see(experiment('a', 'Running'));
  measured.see(experiment('b', 'Running'));
  measured.see(experiment('c', 'Completed'));
  expect(names()).toEqual(['a', 'b', 'c']);
  measured.forget({ namespace: 'default', name: 'a' });
  expect(names()).toEqual(['b', 'c']);
  clock.advance(LIMITS.keepEndedMs - 1);
  measured.see(experiment('c', 'Completed', LIMITS.keepEndedMs - 1)); // annotated, say: it does not end again
  expect(names()).toEqual(['b', 'c']);
  clock.advance(1);
  expect(names()).toEqual(['b']);
  expect(dropped()).toBe(0);
});

it('knows nothing of what ended long before it started', () => {
  measured.see(experiment('old', 'Completed', LIMITS.keepEndedMs));
  measured.see(experiment('new', 'Completed', LIMITS.keepEndedMs - 1000));
  expect(names()).toEqual(['new']);
  clock.advance(1000);
  expect(names()).toEqual([]);
});

it('gives way to what matters more, and says how many are left out', () => {
  for (const name of ['w1', 'w2']) measured.see(experiment(name, 'Waiting'));
  measured.see(experiment('e', 'Completed'));
  measured.see(experiment('r1', 'Running'));
  expect(names()).toEqual(['r1', 'w1', 'w2']);
  expect(dropped()).toBe(0); // one that has ended is not missed
  measured.see(experiment('r2', 'Running'));
  measured.see(experiment('w3', 'Waiting'));
  expect(names()).toHaveLength(3);
  expect(dropped()).toBe(2);
  measured.forget({ namespace: 'default', name: 'w3' });
  expect(dropped()).toBe(1);
});

it('gives an experiment all its series or none', () => {
  measured.see(experiment('a', 'Running'));
  const each = measured.samples().length - 1;
  measured = new MeasuredExperiments(clock, () => true, { ...LIMITS, mostSeries: 2 * each + 1 });
  for (const name of ['a', 'b', 'c']) measured.see(experiment(name, 'Running'));
  expect(names()).toEqual(['a', 'b']);
  expect(dropped()).toBe(1);
  expect(measured.samples()).toHaveLength(2 * (each + 0) + 1);
});

it('shows whether anybody drives it now, though its object did not change', () => {
  measured.see(experiment('a', 'Running'));
  const isDriven = () => measured.samples().find(({ family }) => family === 'experiment_driven')!.value;
  expect(isDriven()).toBe(0);
  driven.add('a');
  expect(isDriven()).toBe(1);
  driven.delete('a');
  expect(isDriven()).toBe(0);
});
