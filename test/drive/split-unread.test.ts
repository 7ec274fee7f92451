/** What nobody paired, compared while it cannot always be read how traffic is split, and somebody else may change it. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/drive/events.ts';
import { UnavailableError } from '../../src/errors.ts';
import type { LiveBlocks } from '../../src/evidence/two-versions/live-blocks.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { replayRecord } from '../../src/replay/replay.ts';
import { servedUsers, type Users } from '../support/served-users.ts';

const INTERVAL_SECONDS = 60;
const START = { old: 90, new: 10 };

const REWARD = { rewards: [{ metric: 'clicks', preferredDirection: 'High' }] };
const AT_MOST_A_TENTH_MORE = { strength: { relative: [{ metric: 'errors', maxIncreasePercent: 10 }] } };

interface Scenario {
  readonly criteria: object;
  /** The split stays as it was at the start, as far as the experiment is concerned. */
  readonly isHeld?: boolean;
  readonly iterations?: number;
  /** Somebody else changes the split then, to this weight of the candidate. */
  readonly change?: { readonly second: number; readonly to: number } | undefined;
  /** Whether a read of the split fails, from the first measurement on. */
  readonly unread: (second: number) => boolean;
}

/** Two versions that are alike, in an evening that becomes another at a second. */
const alikeUntil =
  (end: number, [before, after]: readonly [number, number]): Users['chance'] =>
  (_, second) =>
    second < end ? before : after;

async function compared(
  { criteria, isHeld = false, iterations = 4, change, unread }: Scenario,
  chance: Users['chance'],
) {
  const { drive, clock, traffic } = servedUsers({ start: START, perSecond: 1000, chance });
  const startMs = clock.now();
  const second = () => (clock.now() - startMs) / 1000;
  const read = traffic.read.bind(traffic);
  let isRunning = false;
  const objects = traffic as { read: typeof traffic.read };
  objects.read = (...args) =>
    isRunning && unread(second()) ? Promise.reject(new UnavailableError('no route to host')) : read(...args);
  const sleep = clock.sleep.bind(clock);
  let isChanged = change === undefined;
  clock.sleep = async (ms, signal) => {
    await sleep(ms, signal);
    if (isChanged || second() < change!.second) return;
    isChanged = true;
    traffic.beforeWrite(); // whoever was served until now
    traffic.touch('old', 100 - change!.to);
    traffic.touch('new', change!.to);
  };
  const asked = {
    strategy: {
      testingPattern: criteria === REWARD ? 'A/B' : 'Canary',
      deploymentPattern: 'Progressive',
      weights: isHeld ? { maxCandidateWeight: START.new } : {},
    },
    criteria,
    duration: { intervalSeconds: INTERVAL_SECONDS, iterationsPerLoop: iterations },
  };
  const onEvent = (event: Event) => {
    isRunning ||= event.kind === 'condition' && event.stage === 'Running';
  };
  const run = await drive(asked, { onEvent });
  return { ...run, record: readRecord(run.outcome.experiment)!, verdict: run.outcome.recommendation.verdict };
}

/** Requests that were compared, and what came of them: of both versions. */
function comparedIn({ record: { reward, liveBlocks } }: Awaited<ReturnType<typeof compared>>): readonly number[] {
  if (reward !== undefined) return reward.contest!.totals.flatMap(({ n, sum }) => [n, Math.round(sum)]);
  const [{ blocks, newest }] = Object.values(liveBlocks!['new']!) as [LiveBlocks];
  const { a, b } = newest!.whole;
  return [...blocks, [a.n, a.sum, b.n, b.sum]].reduce((all, block) => all.map((n, index) => n + block[index]!));
}

const ASKED = [
  ['a reward', REWARD],
  ['live counters', AT_MOST_A_TENTH_MORE],
] as const;

describe.each(ASKED)('%s', (_, criteria) => {
  it.each([
    ['the last', 4, (second: number) => second === 180],
    ['the first', 2, (second: number) => second === 0],
  ])('says nothing of a change of weights that could not be seen at %s measurement', async (_which, iterations, at) => {
    const last = (iterations - 1) * INTERVAL_SECONDS;
    // To what a promotion leaves there: nobody finds it changed by others afterwards.
    const change = { second: last - 30, to: 100 };
    let isUnread = false;
    const unread = (second: number) => !isUnread && at(second) && (isUnread = true);
    // The new version has most of its requests when many click, or few fail.
    const chance = alikeUntil(change.second, criteria === REWARD ? [0.05, 0.4] : [0.4, 0.05]);
    const { verdict, outcome } = await compared({ criteria, iterations, change, unread }, chance);
    expect([verdict, isUnread]).toEqual(['failed', true]);
    expect(outcome.recommendation.reasons.join()).toMatch(/it was changed by kubectl-edit/);
  });

  it('goes on where the split is as it was: nothing that was measured is lost', async () => {
    const chance: Users['chance'] = (version) => (version === 'new' ? 0.055 : 0.05);
    const known = (unread: Scenario['unread']) => compared({ criteria, isHeld: true, unread }, chance);
    const [all, later] = [await known(() => false), await known((second) => second === INTERVAL_SECONDS)];
    expect(comparedIn(later)).toEqual(comparedIn(all));
  });
});

it('comes to the same in a replay', async () => {
  const { log, record } = await compared(
    { criteria: REWARD, isHeld: true, unread: (second) => second === INTERVAL_SECONDS },
    (version) => (version === 'new' ? 0.06 : 0.05),
  );
  const { reward, rewardResult } = record;
  expect(readRecord(replayRecord(log, { strength: {} }))).toMatchObject({ reward, rewardResult });
});
