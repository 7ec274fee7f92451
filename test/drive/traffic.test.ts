/** Where traffic goes while an experiment is driven, and where it is when the drive has ended, however it ended. */
import { describe, expect, it } from 'vitest';
import { ForbiddenError, UnavailableError } from '../../src/errors.ts';
import type { MetricSource } from '../../src/drive/ports.ts';
import { changesAfter } from '../support/changing-builds.ts';
import { driveInMemory, measuredAt, measuring, storeWithMetrics } from '../support/driving.ts';
import { memoryTraffic, type MemoryTraffic } from '../support/memory-traffic.ts';
import { moving, runMoving } from '../support/moving-traffic.ts';

const gate = { task: 'gate', with: { message: 'All of it?', timeout: '1h' } };

describe('progressive traffic', () => {
  it('rises by steps while the candidate does well, and is all of it when it is promoted', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const { verdict, status, events } = await runMoving(traffic, 0.001);
    expect(verdict).toBe('promote');
    const shares = traffic.writes.map(([, candidate]) => candidate as number);
    expect(shares[0]).toBe(5);
    shares.slice(1, -1).forEach((value, index) => expect(value - shares[index]!).toBe(10));
    expect(shares.at(-1)).toBe(100);
    expect(traffic.writes.every(([old, fresh]) => Number(old) + Number(fresh) === 100)).toBe(true);
    expect(status.currentWeightDistribution).toEqual([
      { name: 'old', value: 0 },
      { name: 'new', value: 100 },
    ]);
    const texts = events.flatMap((event) => (event.kind === 'weights' ? [event.text] : []));
    expect(texts[0]).toBe('traffic is split old 95 %, new 5 % (before: old 100 %, new 0 %)');
  });

  it('goes back at once when the candidate violates, and never beyond its cap', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const { verdict, status } = await runMoving(traffic, (iteration) => (iteration < 4 ? 0.001 : 0.5), {
      spec: { iterations: 20, weights: { maxCandidateWeight: 12, maxCandidateWeightIncrement: 4 } },
    });
    expect(verdict).toBe('do not promote');
    expect(status.message).toContain('rolled back');
    const shares = traffic.writes.map(([, candidate]) => candidate as number);
    expect(Math.max(...shares)).toBeLessThanOrEqual(12);
    expect([...traffic.fields.values()]).toEqual([100, 0]);
    expect(status.currentWeightDistribution).toEqual([
      { name: 'old', value: 100 },
      { name: 'new', value: 0 },
    ]);
  });

  it('is restored as it was found: texts, and fields that were not there', async () => {
    const traffic = memoryTraffic({ old: '70', new: null });
    const { verdict } = await runMoving(traffic, 0.5, { spec: { rollBack: false } });
    expect(verdict).toBe('do not promote');
    expect([...traffic.fields]).toEqual([
      ['old', '70'],
      ['new', null],
    ]);
  });

  it('stays where it is with --keep-split, but for a version that is promoted', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    await runMoving(traffic, 0.5, { spec: { rollBack: false, iterations: 3 }, options: { keepSplit: true } });
    expect(traffic.writes.length).toBeGreaterThan(0);
    expect([...traffic.fields.values()]).toEqual(traffic.writes.at(-1));
    expect([...traffic.fields.values()]).not.toEqual([100, 0]);
    const good = memoryTraffic({ old: 100, new: 0 });
    expect((await runMoving(good, 0.001, { options: { keepSplit: true } })).verdict).toBe('promote');
    expect([...good.fields.values()]).toEqual([0, 100]);
  });
});

describe('a candidate without traffic that is only compared with the baseline', () => {
  // Mutation: in src/traffic/recommended-weights.ts, `n > 0 && failure === undefined` -> `false`
  it('gets its part of the exploration, and rises by what it is then compared by', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const base = moving({ iterations: 6, strength: { relative: [{ metric: 'errors', maxIncreasePercent: 20 }] } });
    const total = new Map([
      ['old', 0],
      ['new', 0],
    ]);
    const metrics: MetricSource = {
      measure: (question) => {
        const series = question.version.name;
        const at = measuredAt(question);
        const n = total.get(series)!;
        const share = { kind: 'shares' as const, series, atMs: Date.parse(at), hits: n / 100, others: (99 * n) / 100 };
        total.set(series, n + 100 * Number(traffic.fields.get(series)));
        return Promise.resolve({ kind: 'counters', answer: { kind: 'shares', samples: [share] }, at, query: 'q' });
      },
    };
    const store = await storeWithMetrics({ errors: { type: 'Gauge', jqExpression: '{shares: .}' } });
    const { objectives: _, ...criteria } = base.spec.criteria!;
    await driveInMemory({ ...base, spec: { ...base.spec, criteria } }, { store, traffic, metrics });
    const shares = traffic.writes.map(([, candidate]) => candidate as number);
    expect(shares.slice(0, 3)).toEqual([5, 15, 25]);
  });
});

describe('a candidate that becomes another build', () => {
  it('has its traffic taken away', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const { verdict } = await runMoving(traffic, 0.001, { builds: changesAfter(4) });
    expect(verdict).toBe('undecided');
    expect(traffic.writes.length).toBeGreaterThan(2);
    expect([...traffic.fields.values()]).toEqual([100, 0]);
  });

  it('earns it again when it is measured again, whatever is kept at the end', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    await runMoving(traffic, 0.001, {
      builds: changesAfter(4),
      spec: { strength: { onChange: 'restart' } },
      options: { keepSplit: true },
    });
    const shares = traffic.writes.map(([, candidate]) => candidate as number);
    expect(shares).toEqual([5, 15, 25, 0, 5, 15, 25, 35, 45, 100]);
  });
});

describe('other patterns', () => {
  it('FixedSplit never moves', async () => {
    const traffic = memoryTraffic({ old: 60, new: 40 });
    const { verdict } = await runMoving(traffic, 0.001, { spec: { deploymentPattern: 'FixedSplit' } });
    expect(verdict).toBe('promote');
    expect(traffic.writes).toEqual([]);
  });

  it('BlueGreen moves all in one step, and back unless it is promoted', async () => {
    const good = memoryTraffic({ old: 100, new: 0 });
    expect((await runMoving(good, 0.001, { spec: { deploymentPattern: 'BlueGreen' } })).verdict).toBe('promote');
    expect(good.writes).toEqual([[0, 100]]);
    const bad = memoryTraffic({ old: 100, new: 0 });
    expect((await runMoving(bad, 0.5, { spec: { deploymentPattern: 'BlueGreen' } })).verdict).toBe('do not promote');
    expect(bad.writes).toEqual([
      [0, 100],
      [100, 0],
    ]);
  });
});

describe('traffic that cannot be moved as it should', () => {
  it('fails the experiment when the change is refused, with the weights as they are', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    traffic.beforeWrite = () => {
      throw new ForbiddenError('may not patch routes.shop.test in namespace default');
    };
    const { verdict, status } = await runMoving(traffic, 0.001);
    expect(verdict).toBe('failed');
    expect(status.completedIterations).toBe(1);
    expect(status.conditions?.find(({ type }) => type === 'Failed')).toMatchObject({
      status: 'True',
      reason: 'WeightRedistributionFailed',
      message: expect.stringContaining('may not patch routes.shop.test') as string,
    });
    expect(status.currentWeightDistribution).toEqual([
      { name: 'old', value: 100 },
      { name: 'new', value: 0 },
    ]);
  });

  it('goes back, and never first to what was refused or failed on the way', async () => {
    for (const failure of [new ForbiddenError('quota exceeded'), new UnavailableError('no route to host')]) {
      const traffic = memoryTraffic({ old: 100, new: 0 });
      let hasFailed = false;
      traffic.beforeWrite = () => {
        if (hasFailed || traffic.writes.length < 2) return;
        hasFailed = true;
        throw failure;
      };
      const { verdict } = await runMoving(traffic, (iteration) => (iteration < 3 ? 0.001 : 0.5), {
        spec: { iterations: 8 },
      });
      expect(verdict).toBe(failure instanceof ForbiddenError ? 'failed' : 'do not promote');
      expect([...traffic.fields.values()]).toEqual([100, 0]);
      expect(Math.max(...traffic.writes.map(([, candidate]) => Number(candidate)))).toBe(15);
    }
  });

  it('fails it when somebody else moves it, names who, and leaves it to them', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    let writes = 0;
    traffic.beforeWrite = () => {
      writes += 1;
      if (writes === 3) traffic.fields.set('new', 33).set('old', 67);
    };
    const { verdict, status } = await runMoving(traffic, 0.001);
    expect(verdict).toBe('failed');
    expect(status.message).toContain('it was changed by kubectl-edit');
    expect([...traffic.fields.values()]).toEqual([67, 33]);
    expect(status.currentWeightDistribution).toEqual([
      { name: 'old', value: 67 },
      { name: 'new', value: 33 },
    ]);
  });

  it('fails before any load when the server would not take it', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    traffic.tryWrite = (_, to) =>
      Promise.reject(new ForbiddenError(`may not set ${JSON.stringify(to.map(({ value }) => value))}`));
    const { verdict, status } = await runMoving(traffic, 0.001);
    expect(verdict).toBe('failed');
    expect(status.message).toContain('may not set [0,100]');
    expect(status.startTime).toBeUndefined();
  });

  it('fails before any load when the fields hold no weights', async () => {
    const { verdict, status } = await runMoving(memoryTraffic({ old: 'much', new: 0 }), 0.001);
    expect(verdict).toBe('failed');
    expect(status.message).toContain('holds "much"; expected a weight');
    expect(status.startTime).toBeUndefined();
  });

  it('stays where it is while the API server does not answer, and goes on afterwards', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    let writes = 0;
    traffic.beforeWrite = () => {
      writes += 1;
      if (writes === 2 || writes === 3) throw new UnavailableError('no route to host');
    };
    const { verdict, outcome } = await runMoving(traffic, 0.001, { spec: { iterations: 8 } });
    expect(verdict).toBe('promote');
    expect(traffic.fields.get('new')).toBe(100);
    expect(JSON.stringify(outcome.experiment.status)).toContain('traffic stays where it is for now: no route to host');
  });

  it('is not begun without knowing how it is split', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const unreadable: MemoryTraffic = {
      ...traffic,
      read: () => Promise.reject(new UnavailableError('no route to host')),
    };
    await expect(runMoving(unreadable, 0.001)).rejects.toThrow('no route to host');
  });

  it('is not raised while requests do not follow the weights', async () => {
    const traffic = memoryTraffic({ old: 90, new: 10 });
    const store = await storeWithMetrics({
      requests: { type: 'Counter' },
      errors: { type: 'Gauge', sampleSize: 'requests' },
    });
    const base = moving({ iterations: 5 });
    let asked = 0;
    const { outcome } = await driveInMemory(
      { ...base, spec: { ...base.spec, criteria: { ...base.spec.criteria, requestCount: 'default/requests' } } },
      {
        store,
        traffic,
        metrics: measuring((metric, version) => {
          if (metric !== 'requests') return 0.001;
          asked += 1;
          return version === 'old' ? 5_000 * asked : 4_000 * asked ** 1.1;
        }),
      },
    );
    // Once, although its numbers are others at each iteration.
    const said = JSON.stringify(outcome.experiment.status).match(/traffic does not follow its weights: [^"]*/g);
    expect(said).toHaveLength(1);
    expect(Math.max(...traffic.writes.slice(0, -1).map(([, candidate]) => Number(candidate)), 10)).toBeLessThanOrEqual(
      20,
    );
  });
});

describe('a gate before the finish', () => {
  const KEY = { namespace: 'default', name: 'hello-experiment' };
  async function asked(answer: string, share: number, finish: object[] = [gate, { run: 'promote' }]) {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const store = await storeWithMetrics({
      requests: { type: 'Counter' },
      errors: { type: 'Gauge', sampleSize: 'requests' },
    });
    const seen: { when: string; candidate: unknown }[] = [];
    const look = (when: string) => void seen.push({ when, candidate: traffic.fields.get('new') });
    const { verdict, status } = await runMoving(traffic, share, {
      store,
      spec: { finish, rollBack: false },
      tasks: { run: ({ id }) => Promise.resolve((look(id), 'done')) },
      onEvent: ({ kind }) => {
        if (kind !== 'waiting') return;
        look('asked');
        void store.patchMetadata(KEY, { annotations: { [`iter8.tools/${answer}`]: 'finish/0' } });
      },
    });
    return { verdict, seen, candidate: traffic.fields.get('new'), recommended: status.versionRecommendedForPromotion };
  }

  it('holds the full weight of what is to be promoted; scripts behind it find the traffic where it will stay', async () => {
    expect(await asked('approve', 0.001)).toEqual({
      recommended: 'new',
      verdict: 'promote',
      seen: [
        { when: 'asked', candidate: 45 },
        { when: 'finish/1', candidate: 100 },
      ],
      candidate: 100,
    });
    expect((await asked('approve', 0.001, [gate])).candidate).toBe(100);
  });

  it('that is rejected puts traffic back, and recommends the candidate to nobody any more', async () => {
    // Mutation: in src/drive/end-experiment.ts, `withFailure(withoutPromotion(status, session.experiment), failure, now)` -> `withFailure(status, failure, now)`
    expect(await asked('reject', 0.001)).toMatchObject({ verdict: 'failed', candidate: 0, recommended: 'old' });
  });

  it('holds up nothing that goes back', async () => {
    expect(await asked('approve', 0.5)).toMatchObject({
      verdict: 'do not promote',
      seen: [
        { when: 'asked', candidate: 0 },
        { when: 'finish/1', candidate: 0 },
      ],
    });
  });
});
