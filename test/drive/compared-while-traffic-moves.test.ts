/** What nobody paired, compared while the experiment itself moves traffic: from each change on, whenever the next measurement is. */
import { describe, expect, it } from 'vitest';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { replayRecord } from '../../src/replay/replay.ts';
import { runs } from '../support/search-depth.ts';
import { mostWrong } from '../support/seeded.ts';
import { servedUsers, type Users } from '../support/served-users.ts';

const INTERVAL_SECONDS = 60;
const MINUTES = { start: { old: 100, new: 0 }, perSecond: 1000 };

interface Asked {
  readonly iterations: number;
  readonly deploymentPattern?: string;
  readonly weights?: object;
  readonly criteria?: object;
}

const clicks = { rewards: [{ metric: 'clicks', preferredDirection: 'High' }] };

const asked = ({ iterations, deploymentPattern = 'Progressive', weights = {}, criteria = clicks }: Asked) => ({
  strategy: { testingPattern: criteria === clicks ? 'A/B' : 'Canary', deploymentPattern, weights },
  criteria,
  duration: { intervalSeconds: INTERVAL_SECONDS, iterationsPerLoop: iterations },
});

const answer = async (users: Users, to: Asked) =>
  (await servedUsers(users).drive(asked(to))).outcome.recommendation.verdict;

const better = (version: string) => (version === 'new' ? 0.15 : 0.1);
const alike = () => 0.1;

describe('a reward', () => {
  it('is compared in each iteration of a ramp', async () => {
    // Mutation: in src/drive/await-iteration.ts, `if (untilReadMs < leftMs()) {` -> `if (false) {`
    expect(await answer({ ...MINUTES, chance: better }, { iterations: 8 })).toBe('promote');
  });

  it('does not count what is late for a change of BlueGreen, which comes before the first measurement', async () => {
    const halves = { iterations: 3, deploymentPattern: 'BlueGreen', weights: { maxCandidateWeight: 50 } };
    const verdict = (delaySeconds: number, chance: Users['chance']) =>
      answer({ ...MINUTES, delaySeconds, chance }, halves);
    expect(await verdict(10, alike)).toBe('undecided');
    expect(await verdict(10, better)).toBe('promote');
  });

  it.each([-3_600_000, 3_600_000])(
    'does not count what is late for a change when the clock is set by %d ms',
    async (stepMs) => {
      const total = async (setByMs: number) => {
        const { drive, clock } = servedUsers({
          start: { old: 90, new: 10 },
          perSecond: 1000,
          delaySeconds: 10,
          chance: alike,
        });
        const now = clock.now.bind(clock);
        clock.now = () => now() + (clock.monotonicMs() >= 90_000 ? setByMs : 0);
        const { outcome } = await drive(asked({ iterations: 5 }));
        return readRecord(outcome.experiment)!.reward!.contest!.totals;
      };
      expect(await total(stepMs)).toEqual(await total(0));
    },
  );

  it('does not count an iteration in which traffic was moved and put back', async () => {
    // Many click in the second minute, until the driver is ended at its half: new has a fifth of the requests then, and a tenth after it.
    const chance: Users['chance'] = (_, second) => (second >= 60 && second < 90 ? 0.5 : 0.1);
    const { drive, clock, traffic } = servedUsers({ start: { old: 90, new: 10 }, perSecond: 1000, chance });
    const to = asked({ iterations: 6 });
    const stop = new AbortController();
    const sleep = clock.sleep.bind(clock);
    const endsAtMs = clock.now() + 90_000;
    clock.sleep = async (ms, signal) => {
      await sleep(ms, signal);
      if (clock.now() >= endsAtMs) stop.abort();
    };
    const { outcome } = await drive(to, { options: { stop: stop.signal } });
    expect(outcome.interrupted).toBe(true);
    expect(traffic.writes).toEqual([
      [80, 20],
      [90, 10],
    ]);
    expect((await drive(to)).outcome.recommendation.verdict).toBe('undecided');
  });

  it('of versions that are alike makes one win as rarely as is promised', async () => {
    const all = runs(60);
    let wrong = 0;
    for (let seed = 1; seed <= all; seed++) {
      const { drive } = servedUsers({
        start: { old: 100, new: 0 },
        perSecond: 20,
        delaySeconds: 5,
        chance: alike,
        seed,
      });
      const { outcome } = await drive(asked({ iterations: 15 }));
      if (outcome.recommendation.verdict !== 'undecided') wrong += 1;
    }
    expect(wrong / all).toBeLessThanOrEqual(mostWrong(all));
  });

  it('comes to the same in a replay', async () => {
    const { outcome, log } = await servedUsers({ ...MINUTES, delaySeconds: 5, chance: better }).drive(
      asked({ iterations: 5 }),
    );
    const again = readRecord(replayRecord(log, { strength: {} }))!;
    const { reward, rewardResult } = readRecord(outcome.experiment)!;
    expect(again).toMatchObject({ reward, rewardResult });
  });
});

describe('live counters', () => {
  const criteria = { strength: { relative: [{ metric: 'errors', maxIncreasePercent: 20 }] } };

  it.each([
    ['promote', 0.5],
    ['do not promote', 2],
  ])('are compared in each iteration of a ramp: %s', async (verdict, times) => {
    const chance: Users['chance'] = (version) => (version === 'new' ? times : 1) * 0.02;
    expect(await answer({ start: { old: 95, new: 5 }, perSecond: 200, chance }, { iterations: 8, criteria })).toBe(
      verdict,
    );
  });
});
