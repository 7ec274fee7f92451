import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ForbiddenError, UnavailableError } from '../../src/errors.ts';
import type { Event } from '../../src/drive/events.ts';
import type { ExperimentStore } from '../../src/drive/ports.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { readRecord, storeTally } from '../../src/judge/record/stored-record.ts';
import { conditionOf, hasEnded } from '../../src/experiment/conditions.ts';
import { LOAD } from '../support/asking.ts';
import { canary, conformance, driveInMemory, failing, healthy } from '../support/driving.ts';
import { tallyFor } from '../support/simulated-load.ts';

/** What the old stack was recorded doing. */
const STATES = path.join(import.meta.dirname, '../fixtures/recorded/a-slow/states.txt');

/** (stage, reason, message) of each recorded state that differs from the one before; the first is not ours: no status. */
function recordedStory(text: string): (string | undefined)[][] {
  const field = (line: string, pattern: RegExp) => {
    const found = pattern.exec(line)?.[1];
    return found === undefined || found === 'None' ? undefined : found.replace(/^(['"])(.*)\1$/, '$2');
  };
  const states = text
    .trim()
    .split('\n')
    .map((line) => [
      field(line, /stage=(\S+)/),
      field(line, /\('Completed', '\w+', (None|'\w+'),/),
      field(line, /msg=(None|'.*'|".*") analysis/),
    ])
    .filter(([stage]) => stage !== undefined);
  return states.filter((state, index) => JSON.stringify(state) !== JSON.stringify(states[index - 1]));
}

const sent = (drive: Awaited<ReturnType<typeof driveInMemory>>, version = 'hello') =>
  readRecord(drive.outcome.experiment)!.scopes.find((scope) => scope.version === version)!.tally.response.n;

describe('the story of a Conformance experiment', () => {
  it('is reported in the recorded words of Iter8 0.7, state by state', async () => {
    // Without the states that only add histograms, metrics or weights
    const { states } = await driveInMemory(conformance());
    const story = states.map(({ status }) => [
      status?.stage,
      conditionOf(status, 'Completed')?.reason,
      status?.message,
    ]);
    const changes = story.filter((state, index) => JSON.stringify(state) !== JSON.stringify(story[index - 1]));
    expect(changes).toEqual(recordedStory(readFileSync(STATES, 'utf8')));
    expect(changes).toEqual([
      ['Waiting', undefined, undefined],
      ['Waiting', 'ExperimentInitialized', 'ExperimentInitialized: Experiment status initialized'],
      ['Waiting', 'ExperimentInitialized', 'TargetAcquired'],
      ['Initializing', 'StageAdvanced', 'StageAdvanced: Advanced to Initializing'],
      ['Initializing', 'HandlerLaunched', "HandlerLaunched: Start handler 'start' launched"],
      ['Running', 'StageAdvanced', 'StageAdvanced: Advanced to Running'],
      ['Running', 'IterationUpdate', 'IterationUpdate: Completed Loop 1'],
      ['Completed', 'ExperimentCompleted', 'ExperimentCompleted: Experiment completed successfully'],
    ]);
  });

  it('does not only say "completed successfully" of what must not be promoted', async () => {
    const { outcome } = await driveInMemory(
      canary({ objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.01' }] }),
      {
        service: (version, k) => (version === 'new' ? failing(20)(version, k) : healthy(version, k)),
      },
    );
    const { status } = outcome.experiment;
    const text = 'Experiment completed successfully; do not promote: keep old';
    expect(status?.message).toBe(`ExperimentCompleted: ${text}`);
    expect(conditionOf(status, 'Completed')?.message).toBe(text);
  });

  it('recommends nobody before the version is satisfied', async () => {
    const { states } = await driveInMemory(conformance());
    const running = states.find(({ status }) => status?.stage === 'Running' && status.completedIterations === 0)!;
    expect(running.status!.versionRecommendedForPromotion).toBeUndefined();
    expect(states.at(-1)!.status!.versionRecommendedForPromotion).toBe('hello');
  });
});

describe('load', () => {
  it('goes on beyond the plan until everything is decided, and not further', async () => {
    const drive = await driveInMemory(conformance({ collect: { numQueries: 100 } }));
    expect(drive.outcome.recommendation.verdict).toBe('promote');
    expect(sent(drive)).toBeGreaterThanOrEqual(377); // the fewest that can show an error rate below 1 %
    expect(sent(drive)).toBeLessThan(400);
  });

  it('is the plan exactly when the plan decides', async () => {
    const drive = await driveInMemory(conformance({ collect: { numQueries: 1000 } }));
    expect(sent(drive)).toBe(1000);
    expect(drive.outcome.recommendation.verdict).toBe('promote');
  });

  it('is the plan exactly when extending is off, and the answer is undecided', async () => {
    const drive = await driveInMemory(conformance({ strength: { extend: false } }));
    expect(sent(drive)).toBe(100);
    expect(drive.outcome.recommendation.verdict).toBe('undecided');
  });

  it('ends when everything is decided with stopEarly', async () => {
    const drive = await driveInMemory(conformance({ collect: { numQueries: 5000 }, strength: { stopEarly: true } }));
    expect(sent(drive)).toBeLessThan(400);
    expect(drive.outcome.recommendation.verdict).toBe('promote');
  });

  it('is not extended for a version that is violated', async () => {
    const drive = await driveInMemory(conformance({ collect: { numQueries: 200 } }), { service: failing(10) });
    expect(drive.outcome.recommendation.verdict).toBe('do not promote');
    expect(sent(drive)).toBe(200);
  });

  it('ends at maxRequests and leaves the answer open', async () => {
    const drive = await driveInMemory(conformance({ strength: { maxRequests: 300 } }));
    expect(sent(drive)).toBe(300);
    expect(drive.outcome.recommendation.verdict).toBe('undecided');
  });

  it('ends at maxSeconds', async () => {
    const drive = await driveInMemory(conformance({ strength: { maxSeconds: 4 } }));
    expect(sent(drive)).toBeLessThanOrEqual(4 * 50 + 5);
    expect(drive.outcome.recommendation.verdict).toBe('undecided');
  });

  it('for nobody but judged versions is extended, and load only is not counted', async () => {
    const drive = await driveInMemory(conformance({ collect: { loadOnly: true } }));
    expect(readRecord(drive.outcome.experiment)!.scopes).toEqual([]);
    expect(drive.outcome.recommendation.verdict).toBe('undecided');
  });
});

describe('failure', () => {
  it('is the end when a version never gives an HTTP answer, and nothing is judged', async () => {
    const drive = await driveInMemory(conformance(), { service: () => ({ latencyMs: 1, code: 'connect' }) });
    const { status } = drive.outcome.experiment;
    expect(drive.outcome.recommendation.verdict).toBe('failed');
    expect(conditionOf(status, 'Failed')).toMatchObject({ status: 'True', reason: 'HandlerFailed' });
    expect(conditionOf(status, 'Failed')!.message).toContain(
      'Start actions failed: metrics/collect: http://hello.test/ gave no HTTP answer',
    );
    // Defect 22. Mutation: in src/drive/status-changes.ts, withFailure, `withCompletion(failed, reported, ...)` -> `withCompletion(failed, 'Experiment failed', ...)`
    expect(status!.message).toContain('ECONNREFUSED');
    expect(drive.events.filter((event) => event.kind === 'verdict')).toEqual([]);
  });

  it('of transport after the first answer counts as errors', async () => {
    const drive = await driveInMemory(conformance(), {
      service: (_, k) => (k < 50 ? { latencyMs: 20, code: '200' } : { latencyMs: 1, code: 'connect' }),
    });
    expect(drive.outcome.recommendation.verdict).toBe('do not promote');
  });
});

describe('a Canary', () => {
  it('promotes a candidate that satisfies everything', async () => {
    const drive = await driveInMemory(canary(), { service: healthy });
    expect(drive.outcome.recommendation).toMatchObject({ verdict: 'promote', version: 'new' });
    expect(drive.outcome.experiment.status!.versionRecommendedForPromotion).toBe('new');
    expect(drive.outcome.experiment.status!.analysis!.winnerAssessment!.data).toEqual({
      winnerFound: true,
      winner: 'new',
    });
  });

  it('keeps the baseline when the candidate is violated', async () => {
    const drive = await driveInMemory(canary(), {
      service: (version, k) => (version === 'new' ? failing(10)(version, k) : healthy(version, k)),
    });
    expect(drive.outcome.recommendation).toMatchObject({
      verdict: 'do not promote',
      version: 'old',
      keepsBaseline: true,
    });
  });

  it('is not held up by a bad baseline', async () => {
    const drive = await driveInMemory(canary(), {
      service: (version, k) => (version === 'old' ? failing(2)(version, k) : healthy(version, k)),
    });
    expect(drive.outcome.recommendation).toMatchObject({ verdict: 'promote', version: 'new' });
  });
});

describe('iterations', () => {
  it('that can change nothing are counted as done', async () => {
    const drive = await driveInMemory(conformance({ duration: { intervalSeconds: 20, iterationsPerLoop: 15 } }));
    expect(drive.outcome.experiment.status!.completedIterations).toBe(15);
    expect(drive.events.find((event) => event.kind === 'iteration')).toMatchObject({ completed: 15, skipped: 14 });
  });

  it('run the loop tasks after every loop, the last too, and assess what they measured', async () => {
    const collect = (n: number) => ({
      task: 'metrics/collect',
      with: { numQueries: n, qps: 50, versions: [{ name: 'hello', url: 'http://hello.test/' }] },
    });
    const drive = await driveInMemory(
      conformance({
        actions: { start: [collect(10)], loop: [collect(200)] },
        duration: { intervalSeconds: 1, iterationsPerLoop: 2, maxLoops: 2 },
        strength: { extend: false },
      }),
    );
    expect(sent(drive)).toBe(410);
    expect(drive.outcome.recommendation.verdict).toBe('promote');
    expect(drive.outcome.experiment.status!.completedIterations).toBe(4);
    const { data } = drive.outcome.experiment.status!.analysis!.aggregatedMetrics!;
    expect(data['iter8-system/request-count']!.data['hello']!.value).toBe('410');
  });
});

describe('a driver that is killed', () => {
  it('is followed by one that goes on where the checkpoint was', async () => {
    const stop = new AbortController();
    const service = (version: string, k: number) => {
      if (k === 150) stop.abort();
      return healthy(version, k);
    };
    const first = await driveInMemory(conformance({ collect: { numQueries: 1000 } }), {
      service,
      options: { stop: stop.signal },
    });
    expect(first.outcome.interrupted).toBe(true);
    const counted = readRecord(first.outcome.experiment)!.tasks['start/0']!.counted![0]!.tally.response.n;
    expect(counted).toBeGreaterThan(100);
    const second = await driveInMemory(conformance({ collect: { numQueries: 1000 } }), { store: first.store });
    expect(second.load.plans[0]!.plannedRequests).toBe(1000 - counted);
    expect(sent(second)).toBe(1000);
    expect(second.outcome.recommendation.verdict).toBe('promote');
  });
});

describe('a load whose driver was killed in the middle of a tick', () => {
  it('gives each version what was planned for it, no more and no less', async () => {
    const stop = new AbortController();
    const written = canary({ strength: { extend: false } });
    const first = await driveInMemory(written, {
      service: (version, k) => {
        if (k === 40) stop.abort();
        return healthy(version, k);
      },
      options: { stop: stop.signal },
    });
    const key = { namespace: 'default', name: 'hello-experiment' };
    const { counted = [] } = readRecord(await first.store.get(key))!.tasks['start/0']!;
    const [old] = counted.filter(({ version }) => version === 'old');
    const n = old!.tally.response.n;
    // One request less of the baseline, as a killed driver leaves it.
    const fewer = tallyFor(
      Array.from({ length: n - 1 }, () => healthy('old', 0)),
      [],
      5_000,
    );
    const left = counted.map((one) => (one === old ? { ...one, tally: storeTally(fewer) } : one));
    const task = { 'start/0': { counted: left } };
    await first.store.patchStatus(key, {
      analysis: { aggregatedBuiltinHists: { data: { iter8ctl: { tasks: task } } } },
    });
    const second = await driveInMemory(written, { store: first.store });
    expect([sent(second, 'old'), sent(second, 'new')]).toEqual([100, 100]);
  });
});

describe('a store that takes nothing any more', () => {
  it('is said at the end, with what is lost and how to go on', async () => {
    const store = createMemoryStore({ clock: fakeClock() });
    const written = conformance({ strength: { extend: false } });
    let saved = 0;
    const full: ExperimentStore = {
      get: (key) => store.get(key),
      create: (written) => store.create(written),
      patchStatus: (...args) =>
        ++saved > 8 ? Promise.reject(new UnavailableError('no space left')) : store.patchStatus(...args),
    } as ExperimentStore;
    const options = { goOn: 'iter8ctl run shop' };
    let shown: Experiment | undefined;
    const onEvent = (event: Event) => {
      if (event.kind === 'object') shown = event.object;
    };
    const error = await driveInMemory(written, { store: full, options, onEvent }).catch((thrown: unknown) => thrown);
    // Whoever looks at this run sees what it knows, stored or not.
    expect(readRecord(shown!)?.scopes[0]?.tally.response.n).toBe(100);
    expect(shown!.status?.completedIterations).toBe(1);
    expect(error).toMatchObject({
      message: 'no space left',
      hint: expect.stringMatching(/go on with: iter8ctl run shop$/),
    });
    const second = await driveInMemory(written, { store });
    expect(sent(second)).toBe(100);
  });
});

describe('a record that cannot be written beside the object', () => {
  const written = conformance({ actions: { start: [{ run: 'prepare' }, LOAD] } });
  const reasons = [
    new UnavailableError('cannot write /state/hello.ndjson: the file system is read-only'),
    new ForbiddenError('cannot write /state/hello.ndjson: permission denied'),
  ];

  it.each(reasons)('keeps no script from being done, and no answer from being given: %s', async (reason) => {
    const beforeLog = () => {
      throw reason;
    };
    const { outcome, log } = await driveInMemory(written, { beforeLog });
    expect(hasEnded(outcome.experiment)).toBe(true);
    expect(outcome).toMatchObject({ interrupted: false, isBehind: false });
    expect(readRecord(outcome.experiment)).toMatchObject({ warnings: [expect.stringContaining(reason.message)] });
    expect(log).toEqual([]);
  });

  it('has all in it once it can be written again', async () => {
    let refused = 0;
    const beforeLog = () => {
      if (++refused < 4) throw reasons[0]!;
    };
    const [whole, late] = [await driveInMemory(written), await driveInMemory(written, { beforeLog })];
    const kinds = (log: readonly object[]) => log.map((line) => (line as { readonly kind: string }).kind);
    expect(kinds(late.log).filter((kind) => kind !== 'warning')).toEqual(kinds(whole.log));
  });
});

describe('a driver that lost the lock', () => {
  it('stores nothing more', async () => {
    const lost = new AbortController();
    const kill = new AbortController();
    const service = (version: string, k: number) => {
      if (k === 150) {
        lost.abort();
        kill.abort();
      }
      return healthy(version, k);
    };
    const drive = await driveInMemory(conformance({ collect: { numQueries: 1000 } }), {
      service,
      options: { kill: kill.signal, lost: lost.signal },
    });
    const stored = await drive.store.get({ namespace: 'default', name: 'hello-experiment' });
    expect(drive.outcome.interrupted).toBe(true);
    expect(readRecord(stored)?.tasks['start/0']?.counted?.[0]?.tally.response.n ?? 0).toBeLessThan(150);
  });
});

describe('what is stored', () => {
  it('keeps the fields of Iter8 0.7 beside our record, all nine built-ins among them', async () => {
    const drive = await driveInMemory(conformance(), { service: failing(10) });
    const { analysis } = drive.outcome.experiment.status!;
    expect(analysis!.aggregatedBuiltinHists!.data).toHaveProperty('hello.RetCodes.503');
    expect(analysis!.aggregatedBuiltinHists!.data).toHaveProperty('hello.DurationHistogram.Count');
    expect(Object.keys(analysis!.aggregatedMetrics!.data)).toHaveLength(9);
    expect(analysis!.versionAssessments!.data).toEqual({ hello: [true, false, true] });
    expect(analysis!.winnerAssessment!.data).toEqual({ winnerFound: false });
    expect(analysis!.weights!.data).toEqual([]);
  });

  it('stays small, however long the load was', async () => {
    const random = (k: number) => (Math.imul(k, 0x9e3779b1) >>> 0) / 2 ** 32;
    const drive = await driveInMemory(conformance({ collect: { numQueries: 20_000, qps: 2000 } }), {
      service: (_, k) => ({ latencyMs: 20 * Math.exp(3 * random(k)), code: '200' }),
    });
    expect(JSON.stringify(drive.outcome.experiment).length).toBeLessThan(256 * 1024);
  });
});
