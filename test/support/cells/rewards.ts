/** Rewards: of our own load by pairs of requests; of a backend in blocks, while weights change and rewards arrive late. */
import {
  addContestBlock,
  judgeContest,
  startContest,
  type ContestRules,
} from '../../../src/evidence/two-versions/best-version.ts';
import {
  addReading,
  readingDueMs,
  startReadings,
  weightsChanged,
} from '../../../src/evidence/two-versions/reward-blocks.ts';
import { contestLimits, judgePairedContest } from '../../../src/evidence/paired/paired-contest.ts';
import {
  addPairs,
  EMPTY_PAIR_TALLY,
  type PairedSide,
  type RequestPair,
} from '../../../src/evidence/paired/request-pairs.ts';
import type { Uniform } from '../../../src/traffic/seeded-random.ts';
import type { Cell } from './cell.ts';

const VERSIONS = ['a', 'b'];
const look = { alpha: 0.05, contenders: new Set(VERSIONS), satisfied: new Set(VERSIONS) };
const TIMEOUT_MS = 10_000;

/** A latency in ms, and whether it failed. */
type Draw = (random: Uniform) => readonly [ms: number, failed: boolean];

/** Whether somebody wins a contest on our own load, looked at every 200 pairs. */
function pairedWinner(random: Uniform, draws: readonly [Draw, Draw], reward: ContestRules['reward'], pairs = 4000) {
  const rules: ContestRules = { versions: VERSIONS, reward, preferred: 'low', marginPercent: 0 };
  const limits = contestLimits(rules);
  let tally = EMPTY_PAIR_TALLY;
  const side = (draw: Draw): PairedSide => {
    const [ms, failed] = draw(random);
    return [ms, ms, Number(failed), Number(failed)];
  };
  for (let sent = 0; sent < pairs; sent += 200) {
    const list = Array.from({ length: 200 }, (): RequestPair => [side(draws[0]), side(draws[1])]);
    tally = addPairs(tally, list, limits);
    const result = judgePairedContest(rules, () => tally, look);
    if (result.kind === 'winner') return result.version;
  }
  return undefined;
}

/** Timeouts of 2 %. */
const timingOut: Draw = (random) => (random() < 0.02 ? [TIMEOUT_MS, true] : [-50 * Math.log(1 - random()), false]);
const around =
  (ms: number, errors: number): Draw =>
  (random) => [ms * (0.5 + random()), random() < errors];

interface Earning {
  /** Percent of the second version in each iteration. */
  readonly weight: (iteration: number) => number;
  readonly delaySeconds: number;
  /** What the judge allows for. */
  readonly allowedSeconds: number;
  /** Conversion rates at a part (0 to 1) of the experiment. */
  readonly rates: (part: number) => readonly [number, number];
  /** What a conversion is worth, up to a cap; absent: conversions are counted. */
  readonly worth?: { readonly draw: (random: Uniform) => number; readonly cap: number };
}

const ITERATIONS = 30;
const SECONDS = 40;
const PER_SECOND = 50;

/** Who wins a contest of conversions that arrive late, with 40 s an iteration. */
function earningWinner(
  random: Uniform,
  { weight, delaySeconds, allowedSeconds, rates, worth }: Earning,
): string | undefined {
  let contest = startContest({
    versions: VERSIONS,
    reward: worth === undefined ? { kind: 'share' } : { kind: 'mean', cap: worth.cap },
    preferred: 'high',
    marginPercent: 0,
  });
  const cap = worth?.cap ?? 1;
  let readings = startReadings(0);
  const totals = VERSIONS.map(() => ({ n: 0, sum: 0 }));
  const late = VERSIONS.map((): number[] => []);
  const delayMs = 1000 * allowedSeconds;
  const read = (second: number) => {
    const earned = new Map(VERSIONS.map((version, i) => [version, { ...totals[i]! }]));
    const next = addReading(readings, { atMs: 1000 * second, earned, cap, delayMs });
    readings = next.readings;
    if (next.block !== undefined) contest = addContestBlock(contest, next.block);
  };
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    for (let k = 0; k < SECONDS; k++) {
      const second = iteration * SECONDS + k;
      const now = rates(second / (ITERATIONS * SECONDS));
      for (let request = 0; request < PER_SECOND; request++) {
        const i = random() < weight(iteration) / 100 ? 1 : 0;
        totals[i]!.n += 1;
        if (random() >= now[i]) continue;
        const value = worth === undefined ? 1 : Math.min(worth.cap, worth.draw(random));
        late[i]![second + delaySeconds] = (late[i]![second + delaySeconds] ?? 0) + value;
      }
      for (const [i, total] of totals.entries()) total.sum += late[i]![second] ?? 0;
      const dueMs = readingDueMs(readings, delayMs);
      if (dueMs !== undefined && 1000 * (second + 1) >= dueMs) read(second + 1);
    }
    read((iteration + 1) * SECONDS);
    const result = judgeContest(contest, look);
    if (result.kind === 'winner') return result.version;
    if (weight(iteration + 1) !== weight(iteration))
      readings = weightsChanged(readings, 1000 * (iteration + 1) * SECONDS);
  }
  return undefined;
}

const same = (): readonly [number, number] => [0.1, 0.1];
const drifting = (part: number): readonly [number, number] => [0.2 - 0.15 * part, 0.2 - 0.15 * part];
const ramp = (iteration: number) => 10 + Math.round((80 * Math.min(iteration, ITERATIONS - 1)) / (ITERATIONS - 1));
const alternating = (iteration: number) => (iteration % 2 === 0 ? 20 : 70);
const fixed = () => 30;

const late = (name: string, earning: Omit<Earning, 'allowedSeconds'>, slow: boolean): Cell => ({
  name: `rewards that arrive late, ${name}: identical versions have no winner`,
  atMost: 0.05,
  slow,
  run: (random) => earningWinner(random, { ...earning, allowedSeconds: earning.delaySeconds }) !== undefined,
});

export const REWARD_CELLS: readonly Cell[] = [
  {
    name: 'reward on our own load: identical mean latencies with timeouts, cap of 1 s, have no winner',
    atMost: 0.05,
    run: (random) => pairedWinner(random, [timingOut, timingOut], { kind: 'mean', cap: 1000 }) !== undefined,
  },
  {
    name: 'reward on our own load: identical mean latencies up to the timeout have no winner',
    atMost: 0.05,
    slow: true,
    run: (random) => pairedWinner(random, [timingOut, timingOut], { kind: 'mean', cap: TIMEOUT_MS }) !== undefined,
  },
  {
    name: 'reward on our own load: identical error rates have no winner',
    atMost: 0.05,
    slow: true,
    run: (random) => pairedWinner(random, [around(100, 0.05), around(100, 0.05)], { kind: 'share' }) !== undefined,
  },
  {
    name: 'reward on our own load: 20 ms win against 2 s within 4,000 pairs',
    atLeast: 0.99,
    run: (random) =>
      pairedWinner(random, [around(2000, 0), around(20, 0)], { kind: 'mean', cap: TIMEOUT_MS }, 4000) === 'b',
  },
  {
    name: 'reward on our own load: 1 % of errors win against 5 % within 2,000 pairs',
    atLeast: 0.95,
    run: (random) => pairedWinner(random, [around(9, 0.01), around(9, 0.05)], { kind: 'share' }, 2000) === 'a',
  },
  late('weights ramp, 10 s', { weight: ramp, delaySeconds: 10, rates: same }, true),
  late('weights ramp, 10 s, drift', { weight: ramp, delaySeconds: 10, rates: drifting }, false),
  late('weights alternate, 5 s', { weight: alternating, delaySeconds: 5, rates: same }, true),
  late('weights alternate, 10 s, drift', { weight: alternating, delaySeconds: 10, rates: drifting }, false),
  late(
    'weights alternate, 10 s, drift, revenue up to a cap',
    {
      weight: alternating,
      delaySeconds: 10,
      rates: drifting,
      worth: { draw: (random) => -40 * Math.log(1 - random()), cap: 100 },
    },
    true,
  ),
  late('weights fixed, 10 s, drift', { weight: fixed, delaySeconds: 10, rates: drifting }, true),
  {
    name: 'rewards that arrive late: without the allowance identical versions have a winner',
    atLeast: 0.3,
    run: (random) =>
      earningWinner(random, { weight: alternating, delaySeconds: 10, allowedSeconds: 0, rates: same }) !== undefined,
  },
  {
    name: 'rewards that arrive late, weights alternate: 14 % win against 10 %',
    atLeast: 0.9,
    run: (random) =>
      earningWinner(random, {
        weight: alternating,
        delaySeconds: 10,
        allowedSeconds: 10,
        rates: () => [0.1, 0.14],
      }) === 'b',
  },
];
