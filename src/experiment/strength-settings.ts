/** Settings of spec.criteria.strength: how much evidence a verdict needs. Source: docs/behavior.md 11. */
import type { Issue } from '../errors.ts';
import { isObject } from '../text/check-fields.ts';
import type { WrittenQuantity } from './experiment.ts';
import { parseShape } from './schema-issues.ts';
import { strengthSchema, type WrittenStrength } from './strength-schema.ts';

/** A limit relative to the baseline. */
export interface RelativeLimit {
  readonly metric: string;
  /** In percent of the baseline's value, 0 or more. */
  readonly maxIncreasePercent?: number | undefined;
  /** In the metric's unit (ms, share, count), 0 or more. */
  readonly maxIncrease?: number | undefined;
}

/** The largest value of a metric that counts, in its unit: larger ones count as this. */
export interface ValueCap {
  readonly metric: string;
  readonly max: WrittenQuantity;
}

/** What missing data of one metric means. */
export interface NoDataOfMetric {
  readonly metric: string;
  readonly verdict: 'undecided' | 'violated';
}

/** All settings, defaults applied. */
export interface StrengthSettings {
  /** Per side, above 0.5 and below 1; `none` compares point values as Iter8 0.7 did. */
  readonly confidence: number | 'none';
  /** Goes on at the same rate when the planned load leaves an objective undecided. */
  readonly extend: boolean;
  /** Where extending ends, per collect task. */
  readonly maxSeconds: number;
  readonly maxRequests: number;
  /** No verdict before. */
  readonly minSeconds: number;
  readonly minRequests: number;
  /** For live counters: how long a request may be under way. Source: docs/method.md 0.7. */
  readonly inFlightSeconds: number;
  /** For rewards under a split of traffic that changes: seconds within which a reward arrives. Absent: `inFlightSeconds`. */
  readonly rewardDelay: number | undefined;
  /** Ends load and iterations as soon as everything is decided. */
  readonly stopEarly: boolean;
  /** What it means for an objective that there is no data, whatever the reason. */
  readonly noData: 'undecided' | 'violated';
  /** The same for the objectives of one metric. */
  readonly noDataFor: readonly NoDataOfMetric[];
  readonly relative: readonly RelativeLimit[];
  /** Percent within which versions count as equal, so that the baseline is kept. */
  readonly margin: number;
  readonly cap: readonly ValueCap[];
  readonly policy: 'progressive' | 'bandit';
  /** What follows when a version becomes another build: the answer is undecided, or all is measured again. */
  readonly onChange: 'undecided' | 'restart';
}

export const DEFAULT_STRENGTH: StrengthSettings = {
  confidence: 0.95,
  extend: true,
  maxSeconds: 900,
  maxRequests: 100_000,
  minSeconds: 0,
  minRequests: 0,
  inFlightSeconds: 10,
  rewardDelay: undefined,
  stopEarly: false,
  noData: 'undecided',
  noDataFor: [],
  relative: [],
  margin: 0,
  cap: [],
  policy: 'progressive',
  onChange: 'undecided',
};

/**
 * Reads spec.criteria.strength; absent means all defaults. A setting that is wrong is an issue, and its default holds: the
 * settings can always be used, so that an object with foreign settings can still be described.
 */
export function parseStrength(written: unknown): { readonly settings: StrengthSettings; readonly issues: Issue[] } {
  if (written === undefined || written === null) return { settings: DEFAULT_STRENGTH, issues: [] };
  // As most have it: not worth making the schema.
  if (isObject(written) && Object.keys(written).length === 0) return { settings: DEFAULT_STRENGTH, issues: [] };
  const prefix = ['spec', 'criteria', 'strength'];
  const { value, issues } = parseShape(strengthSchema, written, prefix, 'setting');
  if (value !== undefined) return { settings: withDefaults(value), issues };
  const usable: Record<string, unknown> = {};
  for (const [key, one] of typeof written === 'object' ? Object.entries(written) : []) {
    if (parseShape(strengthSchema, { [key]: one }).value !== undefined) usable[key] = one;
  }
  return { settings: withDefaults(strengthSchema.parse(usable)), issues };
}

function withDefaults(written: WrittenStrength): StrengthSettings {
  const given = Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined));
  return { ...DEFAULT_STRENGTH, ...given };
}
