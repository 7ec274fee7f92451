/**
 * Which readings of a reward make a block: number and sum of each version since the start, read now and then, as the differences that
 * are compared (`best-version.ts`).
 *
 * A reward arrives later than its request: after a change of the weights those that arrive belong to requests that were divided
 * by the old weights, and are set against new ones. Identical versions with a delay of 10 s get a winner in 87 % of
 * the runs that way. So after a change the first `delayMs` do not count: a block begins with the first reading after them. While the
 * weights stay as they are, every block counts whole.
 *
 * What must hold: a reward arrives within `delayMs` of its request; within a block the weights are constant, and a version earns
 * steadily. Where weights change with each iteration, a reading is needed at `readingDueMs` besides the one at its end.
 */
import type { Amount } from './means-by-block.ts';

/** Plain data: stored between readings. */
export interface RewardReadings {
  /** Where the present block began; absent until a reading that counts. */
  readonly atMs?: number | undefined;
  /** What each version had then, since the start. */
  readonly seen: Readonly<Record<string, Amount>>;
  /** The last change of weights. */
  readonly changedMs?: number | undefined;
}

/** From the start of an experiment, when nobody has earned anything: the first block counts from there. */
export function startReadings(startMs: number): RewardReadings {
  return { atMs: startMs, seen: {} };
}

/** The readings after a change of the weights: what was earned since the last reading, and until `readingDueMs`, is let go. */
export function weightsChanged(readings: RewardReadings, changedMs: number): RewardReadings {
  return { ...readings, changedMs: Math.max(changedMs, readings.changedMs ?? changedMs) };
}

/** When a reading is needed for the next block to begin; undefined while a block is under way. */
export function readingDueMs({ atMs, changedMs }: RewardReadings, delayMs: number): number | undefined {
  if (changedMs === undefined) return undefined;
  const dueMs = changedMs + delayMs;
  return atMs !== undefined && atMs >= dueMs ? undefined : dueMs;
}

export interface RewardReading {
  readonly atMs: number;
  /** Number and sum since the start, of each version; undefined where the query failed. */
  readonly earned: ReadonlyMap<string, Amount | undefined>;
  /** The largest value: 1 for shares. */
  readonly cap: number;
  readonly delayMs: number;
}

/**
 * The block that this reading ends, and the readings after it. There is no block while the delay after a change of weights lasts;
 * nor when a value is missing or cannot be (a share of 1.001): then the block goes on, and what was learnt before stays.
 */
export function addReading(
  readings: RewardReadings,
  { atMs, earned, cap, delayMs }: RewardReading,
): { readonly readings: RewardReadings; readonly block?: ReadonlyMap<string, Amount> } {
  const now = [...earned].filter((one): one is [string, Amount] => isPossible(one[1], cap));
  if (now.length < earned.size || earned.size === 0) return { readings };
  const begun = { ...readings, atMs, seen: Object.fromEntries(now) };
  const dueMs = readingDueMs(readings, delayMs);
  if (dueMs !== undefined) return { readings: atMs >= dueMs ? begun : readings };
  // A backend that forgot: what it has now is where the next block begins.
  if (now.some(([version, one]) => isForgotten(one, readings.seen[version]))) return { readings: begun };
  const since = now.map(([version, one]) => [version, earnedSince(one, readings.seen[version], cap)] as const);
  if (since.every(([, { block }]) => block.n === 0)) return { readings };
  return {
    readings: { ...begun, seen: Object.fromEntries(since.map(([version, { seen }]) => [version, seen])) },
    block: new Map(since.map(([version, { block }]) => [version, block])),
  };
}

/** Sums are products of a printed mean and a number. */
const ROUNDING = 1e-9;

function isPossible(amount: Amount | undefined, cap: number): amount is Amount {
  if (amount === undefined || !Number.isFinite(amount.n) || !Number.isFinite(amount.sum)) return false;
  const room = ROUNDING * (1 + cap * amount.n);
  return amount.n >= 0 && amount.sum >= -room && amount.sum <= cap * amount.n + room;
}

/** What is extrapolated falls by less: the factor of `increase` in Prometheus is at most 2, and falls towards 1. */
function isForgotten({ n, sum }: Amount, before: Amount | undefined): boolean {
  return before !== undefined && (n < 0.9 * before.n || sum < 0.5 * before.sum);
}

/**
 * What is extrapolated falls a little where nothing is added. That is a block without any reward, and counts as one: a version whose
 * reward is rare would seem to earn more if such blocks were left out. What it lacks is taken from the blocks to come (`seen`).
 */
function earnedSince(
  now: Amount,
  before: Amount | undefined,
  cap: number,
): { readonly block: Amount; readonly seen: Amount } {
  const { n: nBefore, sum: sumBefore } = before ?? { n: 0, sum: 0 };
  const [nSince, sumSince] = [now.n - nBefore, now.sum - sumBefore];
  if (isPossible({ n: nSince, sum: sumSince }, cap)) return { block: { n: nSince, sum: sumSince }, seen: now };
  const n = Math.max(0, nSince);
  const sum = Math.min(Math.max(0, sumSince), cap * n);
  return { block: { n, sum }, seen: { n: nBefore + n, sum: sumBefore + sum } };
}
