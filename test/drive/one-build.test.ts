/** A version that becomes another build while it is measured: the engine with simulated services. */
import { describe, expect, it } from 'vitest';
import type { BuildReader } from '../../src/drive/ports.ts';
import { build, changesAfter, driveOn, loadAndIterations, looks, OBJECTIVES } from '../support/changing-builds.ts';
import { measuring, storeWithMetrics } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';

describe('one build', () => {
  it('is measured and promoted; it is looked at before the load, behind it, and at the iteration', async () => {
    const builds = looks(build('new:1'));
    const { recommendation, record } = await driveOn(loadAndIterations(), builds);
    expect(recommendation).toMatchObject({ verdict: 'promote', version: 'new' });
    expect(record.builds).toEqual({ new: build('new:1') });
    expect(builds.count()).toBeGreaterThanOrEqual(4);
  });

  it('is not asked for where nobody knows it, or cannot be seen: that is said once', async () => {
    const unseen = await driveOn(loadAndIterations(), looks(build('new:1'), 'deployments may not be read'));
    expect(unseen.recommendation.verdict).toBe('promote');
    expect(unseen.record.warnings.filter((text) => text.includes('may not be read'))).toHaveLength(1);
  });
});

describe('another build', () => {
  const changed = 'image app of Deployment default/new was new:1, is new:2';

  it.each([
    ['during the load', 1],
    ['before the iterations', 2],
    ['at an iteration', 3],
  ])('%s voids what was measured', async (_, at) => {
    const builds = changesAfter(at);
    const { recommendation, record, object } = await driveOn(loadAndIterations(), builds);
    expect(recommendation).toMatchObject({ verdict: 'undecided', version: 'old', keepsBaseline: true });
    expect(recommendation.reasons[0]).toMatch(/^candidate new changed at 20\d\d-\S+Z: /);
    expect(recommendation.reasons[0]).toContain(changed);
    expect(record.assessments.map(({ verdict, reason, upper }) => [verdict, reason, upper])).toEqual([
      ['undecided', 'build-changed', undefined],
      ['undecided', 'build-changed', undefined],
    ]);
    expect(object.status?.analysis?.winnerAssessment?.data.winnerFound).toBe(false);
    expect(object.status?.completedIterations).toBe(1);
    expect(object.status?.conditions?.find(({ type }) => type === 'Completed')?.status).toBe('True');
  });

  it('is that the Deployment is gone', async () => {
    const { recommendation } = await driveOn(loadAndIterations(), looks(build('new:1'), undefined));
    expect(recommendation.reasons[0]).toContain('Deployment default/new is gone');
  });

  it('rolls nobody back by what is void', async () => {
    const written = loadAndIterations();
    written.spec.criteria!.objectives = [{ ...OBJECTIVES[0]!, rollback_on_failure: true }];
    const { recommendation, record } = await driveOn(written, changesAfter(1), {
      service: (version) => ({ latencyMs: 1, code: version === 'new' ? '500' : '200' }),
    });
    expect(recommendation.verdict).toBe('undecided');
    expect(record.endedEarly).toBe('changed');
  });
});

describe('onChange: restart', () => {
  it('measures again: load and iterations are repeated, no other task is', async () => {
    const ran: string[] = [];
    const base = loadAndIterations({ onChange: 'restart' });
    const [collect] = base.spec.strategy.actions!['start']!;
    const written = loadAndIterations(
      { onChange: 'restart' },
      { start: [{ run: 'once' }, { task: 'common/readiness' }, collect!], loop: [{ run: 'each' }] },
    );
    // Seen at the second iteration; behind it the rollout takes two looks.
    const old = Array.from({ length: 4 }, () => build('new:1'));
    const builds = looks(
      ...old,
      build('new:2', ['h', 'i']),
      build('new:2', ['h', 'i']),
      build('new:2'),
      build('new:2'),
    );
    const { recommendation, record, object, load } = await driveOn(written, builds, {
      tasks: {
        run: ({ id, task }) => {
          ran.push(`${id} ${task.task ?? `run ${task.run}`}`);
          return Promise.resolve('done');
        },
      },
    });
    expect(recommendation).toMatchObject({ verdict: 'promote', version: 'new' });
    expect(record.restarts).toBe(1);
    expect(record.builds?.['new']?.images).toEqual({ app: 'new:2' });
    expect(object.status?.completedIterations).toBe(3);
    expect(ran).toEqual([
      'start/0 run once',
      'start/1 common/readiness',
      'loop1/0 run each',
      'start/1 common/readiness',
      'loop2/0 run each',
      'loop3/0 run each',
    ]);
    // Only the second load counts.
    const counted = record.scopes.find(({ version }) => version === 'new')!.tally.response.n;
    expect(load.plans).toHaveLength(2);
    expect(counted).toBe(load.plans[1]!.plannedRequests);
  });

  it('asks backends about the time since its pods are the same, not about the rollout', async () => {
    const asked: number[] = [];
    const rollout = Array.from({ length: 12 }, () => build('new:2', ['h', 'i']));
    const clock = fakeClock();
    const base = loadAndIterations({ onChange: 'restart', cap: [{ metric: 'seconds', max: '10' }] });
    const { record } = await driveOn(
      {
        ...base,
        spec: {
          ...base.spec,
          strategy: { testingPattern: 'Canary', deploymentPattern: 'FixedSplit' },
          criteria: { ...base.spec.criteria, objectives: [{ metric: 'seconds', upperLimit: '5' }] },
        },
      },
      // Seen at the second iteration; the rollout then takes a minute.
      looks(build('new:1'), build('new:1'), ...rollout, build('new:2')),
      {
        clock,
        store: await storeWithMetrics({ seconds: {} }, clock),
        metrics: measuring((_metric, version, { elapsedSeconds }) => {
          if (version === 'new') asked.push(elapsedSeconds);
          return 1;
        }),
      },
    );
    expect(record.restarts).toBe(1);
    const [first] = asked.slice(-3);
    expect(asked).toHaveLength(5);
    expect(first).toBeLessThanOrEqual(1);
  });

  it('is undecided when the version never stays the same', async () => {
    let k = 0;
    const builds: BuildReader = {
      read: () => Promise.resolve([{ version: 'new', build: build(`new:${Math.floor(k++ / 3)}`) }]),
    };
    const { recommendation, record } = await driveOn(loadAndIterations({ onChange: 'restart' }), builds);
    expect(recommendation.verdict).toBe('undecided');
    expect(recommendation.reasons[0]).toContain('measured again 10 times');
    expect(record.restarts).toBe(10);
  });
});
