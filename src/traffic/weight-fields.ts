/**
 * How the split of traffic stands in fields of objects, and what to write there for another one. Pure.
 *
 * A field holds percent, a weight relative to the others (HTTPRoute), or pods (`spec.replicas`); as a number, or as a text
 * (annotations). Versions are never distinguished by position.
 */
import type { Experiment, Weight } from '../experiment/experiment.ts';
import { versionRoles } from '../judge/question/question.ts';
import { wholePods } from './whole-pods.ts';

/** What a field holds; null: it is not there. */
export type FieldValue = number | string | null;

export interface WeightField {
  readonly version: string;
  readonly value: FieldValue;
}

/** A field as it was read. */
export interface FieldReading extends WeightField {
  /** For people: `HTTPRoute shop/web at .spec.rules[0].backendRefs[1].weight`. */
  readonly place: string;
  /** It counts pods: whole, and never none for a version that is to be measured. */
  readonly isReplicas: boolean;
  /** A text is to be written where nothing is yet. */
  readonly isText: boolean;
  /** Who changed it last, as the API server recorded it. */
  readonly changedBy?: string | undefined;
  /** That may have been we. */
  readonly mayBeOurs?: boolean | undefined;
}

export type Split = { readonly weights: readonly Weight[] } | { readonly problem: string };

/**
 * The percent of each version, in the order of the spec. Undefined where the fields do not say it: more than one version has
 * none. Weights of all versions that do not sum to 100 are relative.
 */
export function splitOf(experiment: Experiment, fields: readonly FieldReading[]): Split | undefined {
  const versions = versionRoles(experiment);
  if (fields.length === 0 || fields.length < versions.length - 1) return undefined;
  const numbers = new Map<string, number>();
  for (const field of fields) {
    const number = numberIn(field.value);
    if (number === undefined)
      return { problem: `${field.place} holds ${shown(field.value)}; expected a weight: a number from 0` };
    numbers.set(field.version, number);
  }
  const pods = fields.filter(({ isReplicas }) => isReplicas);
  if (pods.length > 0 && (pods.length < fields.length || fields.length < versions.length))
    return { problem: `${pods[0]!.place} counts pods; then every version needs such a field` };
  const sum = [...numbers.values()].reduce((total, value) => total + value, 0);
  if (fields.length < versions.length) {
    if (sum > 100)
      return { problem: `${fields.map(({ place }) => place).join(' and ')}: expected percent, got ${sum} in all` };
    return { weights: versions.map(({ name }) => ({ name, value: numbers.get(name) ?? 100 - sum })) };
  }
  if (fields.every(({ value }) => value === null))
    return { problem: `${fields[0]!.place} holds nothing; expected a weight: a number from 0` };
  if (sum === 0) return { problem: `${fields.map(({ place }) => place).join(' and ')}: no version has any traffic` };
  return { weights: versions.map(({ name }) => ({ name, value: percentOf(numbers.get(name)!, sum) })) };
}

/** To three digits behind the point: exact where it is whole. */
function percentOf(value: number, sum: number): number {
  return Math.round((1e5 * value) / sum) / 1e3;
}

export interface PodRules {
  readonly baseline: string | undefined;
  /** Percent that candidates get at most; absent: no cap. */
  readonly most?: number | undefined;
  /** What the fields hold now. Absent: as at the start. */
  readonly now?: readonly WeightField[] | undefined;
}

/** What to write for these weights (whole percent). `start`: as first read; pods keep their number in all. */
export function valuesFor(
  weights: readonly Weight[],
  start: readonly FieldReading[],
  rules: PodRules = { baseline: undefined },
): WeightField[] {
  const wanted = start.map(({ version }) => weights.find(({ name }) => name === version)?.value ?? 0);
  const podsIn = (fields: readonly WeightField[]) =>
    start.map(({ version }) => numberIn(fields.find((field) => field.version === version)?.value ?? null) ?? 0);
  const numbers = start.every(({ isReplicas }) => isReplicas)
    ? wholePods(wanted, {
        start: podsIn(start),
        now: podsIn(rules.now ?? start),
        baseline: start.findIndex(({ version }) => version === rules.baseline),
        most: rules.most,
      })
    : wanted;
  return start.map(({ version, value, isText }, index) => {
    const number = numbers[index]!;
    return { version, value: isText || typeof value === 'string' ? String(number) : number };
  });
}

/**
 * Why the caps of the experiment cannot be kept with so many pods: a candidate has at least one. Undefined where they can.
 */
export function tooFewPods(experiment: Experiment, fields: readonly FieldReading[]): string | undefined {
  if (fields.length === 0 || !fields.every(({ isReplicas }) => isReplicas)) return undefined;
  const total = fields.reduce((sum, { value }) => sum + (numberIn(value) ?? 0), 0);
  const { maxCandidateWeight: most } = experiment.spec.strategy.weights;
  const least = percentOf(1, total);
  if (total === 0 || most === 0 || least <= most) return undefined;
  return `one of ${total} pods is ${percentOf(1, total)} % of the traffic, more than maxCandidateWeight (${most} %) allows; take at least ${Math.ceil(100 / most)} pods`;
}

/** Whether the fields hold what they should. Texts and numbers of one value are the same. */
/** The value of its field; null where it has none. */
export function valueIn(fields: readonly WeightField[], version: string): FieldValue {
  return fields.find((field) => field.version === version)?.value ?? null;
}

export function isSameSplit(a: readonly WeightField[], b: readonly WeightField[]): boolean {
  return a.every(({ version, value }) => isSameValue(value, b.find((field) => field.version === version)?.value));
}

export function isSameValue(a: FieldValue | undefined, b: FieldValue | undefined): boolean {
  return a === b || (a != null && b != null && numberIn(a) !== undefined && numberIn(a) === numberIn(b));
}

/** A field that is not there is no traffic. */
function numberIn(value: FieldValue): number | undefined {
  if (value === null) return 0;
  if (typeof value === 'string' && !/^\d{1,9}(\.\d{1,9})?$/.test(value.trim())) return undefined;
  const number = Number(value);
  return Number.isFinite(number) && number >= 0 ? number : undefined;
}

export function shown(value: FieldValue): string {
  return value === null ? 'nothing' : JSON.stringify(value).slice(0, 60);
}
