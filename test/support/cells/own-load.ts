/** Limits on our own load, through the real judge: looked at all the time, by kind of limit, drift, candidates, pairs, kills. */
import { addPairs, EMPTY_PAIR_TALLY, type PairedSide } from '../../../src/evidence/paired/request-pairs.ts';
import type { Tally } from '../../../src/evidence/request-tally.ts';
import { Judge } from '../../../src/judge/judge.ts';
import { latencyLimits } from '../../../src/judge/question/limits.ts';
import type { Question } from '../../../src/judge/question/question.ts';
import { pairedMeanLimits, pairedPercentileLimits } from '../../../src/judge/question/relative-limits.ts';
import { drawNormal, type Uniform } from '../../../src/traffic/seeded-random.ts';
import { questionOn } from '../questions.ts';
import { tallyFor, TIMEOUT_MS, type Outcome } from '../simulated-load.ts';
import type { Cell } from './cell.ts';

const M = 'iter8-system/';

/** An outcome of a version (0 is the baseline) at a part (0 to 1) of the load. */
type Draw = (random: Uniform, version: number, part: number) => Outcome;

export interface OwnLoad {
  readonly objectives?: readonly object[];
  readonly relative?: readonly object[];
  readonly cap?: readonly object[];
  readonly candidates: number;
  readonly draw: Draw;
  /** Of each version. */
  readonly requests: number;
  readonly lookEvery: number;
  /** From this part on the baseline runs alone. */
  readonly aloneFrom?: number;
  /** The run is killed and resumed so often, in seconds of 20 requests: what is under way then is never known. */
  readonly killEverySeconds?: number;
}

const PER_SECOND = 20;

const compiled = new Map<string, Question>();

/** Compiled once for each cell: it is the same in all runs. */
function questionFor({ objectives = [], relative, cap, candidates }: OwnLoad) {
  const key = JSON.stringify([objectives, relative, cap, candidates]);
  const names = Array.from({ length: candidates + 1 }, (_, i) => `v${i}`);
  const present = compiled.get(key);
  if (present !== undefined) return { names, question: present };
  const question = questionOn(
    names,
    candidates === 0 ? 'Conformance' : candidates === 1 ? 'Canary' : 'A/B/N',
    {
      objectives,
      strength: { ...(relative === undefined ? {} : { relative }), ...(cap === undefined ? {} : { cap }) },
    },
    [{ timeout: '10s', versions: names.map((name) => ({ name, url: `http://${name}.test/` })) }],
  );
  compiled.set(key, question);
  return { names, question };
}

/** Names of versions for which some row was ever satisfied, or violated; `passed`: all rows were at one look. */
export function everJudged(random: Uniform, load: OwnLoad) {
  const { names, question } = questionFor(load);
  const judge = new Judge(question);
  const limits = latencyLimits(question.limits);
  const meanLimits = pairedMeanLimits(question.relative);
  const percentileLimits = pairedPercentileLimits(question.relative);
  const found = { satisfied: new Set<string>(), violated: new Set<string>(), passed: new Set<string>() };
  for (let sent = 0; sent < load.requests; sent += load.lookEvery) {
    const isAlone = sent >= (load.aloneFrom ?? 1) * load.requests;
    const drawn = names.map((_, version) =>
      Array.from({ length: load.lookEvery }, (__, k) => load.draw(random, version, (sent + k) / load.requests)),
    );
    for (const [version, name] of names.entries()) {
      if (isAlone && version > 0) continue;
      judge.add({ version: name }, countedOf(drawn[version]!, sent, load.killEverySeconds, limits));
      if (version === 0 || question.relative.length === 0) continue;
      const pairs = drawn[0]!.map((base, k) => [sideOf(base), sideOf(drawn[version]![k]!)] as const);
      judge.addPairTally({ version: name }, addPairs(EMPTY_PAIR_TALLY, pairs, meanLimits, percentileLimits));
    }
    const rows = judge.look({ elapsedSeconds: 1 + sent / PER_SECOND, planDone: false, bounds: false });
    for (const { version, verdict } of rows) if (verdict !== 'undecided') found[verdict].add(version);
    for (const name of names)
      if (rows.every(({ version, verdict }) => version !== name || verdict === 'satisfied')) found.passed.add(name);
  }
  return found;
}

const isError = ({ code }: Outcome): boolean => !/^[123]/.test(code);

function sideOf(outcome: Outcome): PairedSide {
  const ms = /^\d/.test(outcome.code) ? Math.min(outcome.latencyMs, TIMEOUT_MS) : TIMEOUT_MS;
  return [ms, ms, Number(isError(outcome)), Number(isError(outcome))];
}

/** What is under way at a kill is an error with the latency of the timeout for "satisfied", and did not happen for "violated". */
function countedOf(
  outcomes: readonly Outcome[],
  sent: number,
  killEverySeconds: number | undefined,
  limits: ReturnType<typeof latencyLimits>,
): Tally {
  if (killEverySeconds === undefined) return tallyFor(outcomes, limits);
  const isLost = ({ latencyMs }: Outcome, k: number) => {
    const second = (sent + k) / PER_SECOND;
    return (second % killEverySeconds) + latencyMs / 1000 > killEverySeconds;
  };
  const response = tallyFor(
    outcomes.map((one, k) => (isLost(one, k) ? { latencyMs: TIMEOUT_MS, code: 'timeout' } : one)),
    limits,
  );
  const service = tallyFor(
    outcomes.filter((one, k) => !isLost(one, k)),
    limits,
  );
  return {
    ...response,
    service: service.service,
    limits: Object.fromEntries(
      Object.entries(response.limits).map(([key, count]) => [
        key,
        { response: count.response, service: service.limits[key]!.service },
      ]),
    ),
  };
}

const answer = (latencyMs: number, failed = false): Outcome => ({ latencyMs, code: failed ? '503' : '200' });
const failing =
  (share: (part: number, version: number) => number): Draw =>
  (random, version, part) =>
    answer(20, random() < share(part, version));
const exponential = (random: Uniform, mean: number) => -mean * Math.log(1 - random());
const lognormal = (random: Uniform, mean: number) => mean * Math.exp(drawNormal(random) - 0.5);

const upper = (metric: string, limit: number) => ({ metric: M + metric, upperLimit: String(limit) });
const lower = (metric: string, limit: number) => ({ metric: M + metric, lowerLimit: String(limit) });
const load = { candidates: 0, requests: 3000, lookEvery: 100 };

type Verdict = 'satisfied' | 'violated';

/** Neither verdict may be wrong at the limit itself, where both are. */
const atLimit = (name: string, one: Partial<OwnLoad> & Pick<OwnLoad, 'draw'>, slow = false): Cell[] =>
  (['satisfied', 'violated'] as const).map(
    (verdict: Verdict): Cell => ({
      name: `${name}: not ${verdict} at the limit`,
      atMost: 0.05,
      slow,
      run: (random) => everJudged(random, { ...load, ...one })[verdict].size > 0,
    }),
  );

/** Mean of min(latency, timeout) of this bimodal service: 400 + 0.95 * 60. */
const bimodal = (random: Uniform) => (random() < 0.04 ? 12_000 : exponential(random, 62.5));
/** Mean of a lognormal around 500 with a timeout of 10 s: nearly 500. */
const LOGNORMAL_MEAN = 499;

const ONE_SAMPLE: readonly Cell[] = [
  ...[0.01, 0.05, 0.5].flatMap((limit, k) =>
    atLimit(
      `error rate of ${100 * limit} %`,
      { objectives: [upper('error-rate', limit)], draw: failing(() => limit) },
      k > 0,
    ),
  ),
  ...atLimit('error rate of at least 30 %', { objectives: [lower('error-rate', 0.3)], draw: failing(() => 0.3) }, true),
  ...atLimit(
    'error rate that falls from 9 % to 1 % (on average above 5 % until the end)',
    { objectives: [upper('error-rate', 0.05)], draw: failing((part) => 0.09 - 0.08 * part) },
    true,
  ).slice(0, 1),
  ...atLimit(
    'p95 of 500 ms',
    { objectives: [upper('latency-95th-percentile', 500)], draw: (random) => answer(random() < 0.05 ? 800 : 100) },
    true,
  ),
  ...atLimit(
    'mean of lognormal latencies',
    {
      objectives: [upper('mean-latency', LOGNORMAL_MEAN)],
      draw: (random) => answer(Math.min(TIMEOUT_MS, lognormal(random, 500))),
    },
    true,
  ),
  ...atLimit(
    'mean of bimodal latencies, with timeouts',
    {
      objectives: [upper('mean-latency', 0.04 * TIMEOUT_MS + 0.96 * 62.5)],
      draw: (random) => {
        const ms = bimodal(random);
        return ms > TIMEOUT_MS ? { latencyMs: TIMEOUT_MS, code: 'timeout' } : answer(ms);
      },
    },
    true,
  ),
  ...atLimit(
    'mean of at least 100 ms',
    { objectives: [lower('mean-latency', 100)], draw: (random) => answer(exponential(random, 100)) },
    true,
  ),
];

const THREE = [upper('error-rate', 0.02), upper('mean-latency', 100), upper('latency-95th-percentile', 300)];
const threeAtLimit: Draw = (random) => answer(exponential(random, 100), random() < 0.02);

const SEVERAL: readonly Cell[] = [
  {
    name: 'three objectives at their limits: none is violated',
    atMost: 0.05,
    slow: true,
    run: (random) => everJudged(random, { ...load, objectives: THREE, draw: threeAtLimit }).violated.size > 0,
  },
  {
    name: 'three candidates just within their limits: no candidate is violated',
    atMost: 0.05,
    run: (random) => {
      const { violated } = everJudged(random, {
        ...load,
        candidates: 3,
        requests: 2000,
        objectives: [upper('error-rate', 0.05)],
        draw: failing(() => 0.05),
      });
      return ['v1', 'v2', 'v3'].some((name) => violated.has(name));
    },
  },
  {
    name: 'three candidates at their limits: no candidate passes',
    atMost: 0.05,
    slow: true,
    run: (random) => {
      const { passed } = everJudged(random, {
        ...load,
        candidates: 3,
        requests: 2000,
        objectives: [upper('error-rate', 0.05)],
        draw: failing(() => 0.05),
      });
      return ['v1', 'v2', 'v3'].some((name) => passed.has(name));
    },
  },
  {
    name: 'a good version passes three objectives within 3,000 requests',
    atLeast: 0.95,
    slow: true,
    run: (random) =>
      everJudged(random, {
        ...load,
        objectives: THREE,
        draw: (uniform) => answer(exponential(uniform, 30), uniform() < 0.002),
      }).passed.size > 0,
  },
];

const KILLED: readonly Cell[] = [
  {
    name: 'a run that is killed every 20 s: 6 % of slow requests are not satisfied at 5 %',
    atMost: 0.05,
    run: (random) =>
      everJudged(random, {
        ...load,
        objectives: [upper('latency-95th-percentile', 1000)],
        draw: (uniform) => answer(uniform() < 0.06 ? 8000 : 50),
        killEverySeconds: 20,
      }).satisfied.size > 0,
  },
  {
    name: 'a run that is killed every 20 s: 4 % of slow requests are not violated at 5 %',
    atMost: 0.05,
    slow: true,
    run: (random) =>
      everJudged(random, {
        ...load,
        objectives: [upper('latency-95th-percentile', 1000)],
        draw: (uniform) => answer(uniform() < 0.04 ? 8000 : 50),
        killEverySeconds: 20,
      }).violated.size > 0,
  },
];

const pairs = { candidates: 1, requests: 3000, lookEvery: 150 };
const worse = (metric: string, maxIncreasePercent: number) => [{ metric: M + metric, maxIncreasePercent }];
/** Errors of 8 % that fall to 2 %; the candidate has so many times as many. */
const drifting = (times: number): Draw =>
  failing((part, version) => (0.08 - 0.06 * part) * (version === 0 ? 1 : times));
/** Latencies that halve at a fifth of the load; the candidate's are so many times as long. */
const halving =
  (times: number, mean = 100): Draw =>
  (random, version, part) =>
    answer((part < 0.2 ? 1 : 0.5) * mean * (0.5 + random()) * (version === 0 ? 1 : times));
const doubling =
  (times: number): Draw =>
  (random, version, part) =>
    answer((part < 0.2 ? 0.5 : 1) * 100 * (0.5 + random()) * (version === 0 ? 1 : times));
const timingOut =
  (times: number): Draw =>
  (random, version) =>
    random() < 0.02
      ? { latencyMs: TIMEOUT_MS, code: 'timeout' }
      : answer(exponential(random, 100) * (version === 0 ? 1 : times));

const RELATIVE: readonly Cell[] = [
  ...atLimit(
    'relative error rate of 50 % more, drifting',
    { ...pairs, relative: worse('error-rate', 50), draw: drifting(1.5) },
    true,
  ),
  ...atLimit(
    'relative mean of 20 % more, latencies halve, baseline runs on alone',
    { ...pairs, relative: worse('mean-latency', 20), draw: halving(1.2), aloneFrom: 0.3 },
    true,
  ),
  ...atLimit(
    'relative mean with a cap of 1 s, timeouts',
    {
      ...pairs,
      relative: worse('mean-latency', 0),
      cap: [{ metric: `${M}mean-latency`, max: 1000 }],
      draw: timingOut(1),
    },
    true,
  ),
  ...(['violated', 'satisfied'] as const).map(
    (verdict): Cell => ({
      name: `relative p95, the baseline runs on alone ${verdict === 'violated' ? 'when latencies halve: identical' : 'when they double: 25 % slower'} is not ${verdict} at 10 %`,
      atMost: 0.05,
      run: (random) =>
        everJudged(random, {
          ...pairs,
          relative: worse('latency-95th-percentile', 10),
          draw: verdict === 'violated' ? halving(1) : doubling(1.25),
          aloneFrom: 0.2,
        })[verdict].has('v1'),
    }),
  ),
  {
    name: 'relative p95: identical narrow latencies are satisfied at 10 % within 3,000 pairs',
    atLeast: 0.9,
    slow: true,
    run: (random) =>
      everJudged(random, {
        ...pairs,
        relative: worse('latency-95th-percentile', 10),
        draw: (uniform) => answer(100 * Math.exp(0.15 * drawNormal(uniform))),
      }).satisfied.has('v1'),
  },
];

export const OWN_LOAD_CELLS: readonly Cell[] = [...ONE_SAMPLE, ...SEVERAL, ...KILLED, ...RELATIVE];
