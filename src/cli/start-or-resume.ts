/** What `run` does about what is already there: the table of docs/behavior.md 2. */
import { isDeepStrictEqual } from 'node:util';
import { ConflictError, foundOrUndefined, UsageError } from '../errors.ts';
import { metricWithDefaults, withDefaults } from '../experiment/defaults.ts';
import type { Experiment, ObjectKey, WrittenExperiment } from '../experiment/experiment.ts';
import type { WrittenMetric } from '../experiment/metric.ts';
import { hasEnded } from '../experiment/conditions.ts';
import type { HeldLock, Holder } from '../drive/ports.ts';
import type { Context } from './context.ts';
import { refuseSplitLeft } from './unreturned-traffic.ts';

export type Start =
  | { readonly given: false; readonly experiment: Experiment }
  | {
      readonly given: true;
      readonly written: WrittenExperiment;
      readonly metrics: readonly WrittenMetric[];
      readonly overwriteMetrics: boolean;
    };

/** Drive it, or watch the one who does. */
export type Settled =
  | { readonly kind: 'drive'; readonly experiment: Experiment; readonly lock: HeldLock }
  | { readonly kind: 'watch'; readonly experiment: Experiment; readonly heldBy: Holder };

export async function settle(
  context: Context,
  start: Start,
  how: { readonly restart: boolean; readonly say: (text: string) => void },
): Promise<Settled> {
  if (!start.given) {
    if (how.restart) throw new UsageError('--restart needs the manifest', { hint: 'give it with -f' });
    if (hasEnded(start.experiment)) throw alreadyCompleted(context, start.experiment.metadata);
    return hold(context, start.experiment);
  }
  const { written } = start;
  const namespace = written.metadata.namespace ?? context.namespace;
  await settleMetrics(context, start, namespace);
  const { name } = written.metadata;
  if (name === undefined) {
    const created = await context.store.create(written);
    how.say(`experiment ${created.metadata.name} created`);
    await context.records.reset({ namespace, name: created.metadata.name });
    return hold(context, created, { isNew: true });
  }
  const key = { namespace, name };
  const present = await find(context, key);
  if (present === undefined) return createAndHold(context, written, key);
  if (how.restart) return restart(context, written, key);
  refuseOther(context, written, present);
  return hold(context, present);
}

/** Whatever `settle` would refuse of what is there now: for `plan`, which changes nothing. */
export async function startProblem(
  context: Context,
  start: Start,
  how: { readonly restart: boolean },
): Promise<UsageError | undefined> {
  try {
    if (!start.given) {
      if (hasEnded(start.experiment)) throw alreadyCompleted(context, start.experiment.metadata);
      return undefined;
    }
    const { written, metrics, overwriteMetrics } = start;
    const namespace = written.metadata.namespace ?? context.namespace;
    for (const metric of metrics) await presentMetric(context, inNamespace(metric, namespace), overwriteMetrics);
    const { name } = written.metadata;
    const present = name === undefined || how.restart ? undefined : await find(context, { namespace, name });
    if (present !== undefined) refuseOther(context, written, present);
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
}

/** @throws UsageError when the experiment that is there has ended, or is another one */
function refuseOther(context: Context, written: WrittenExperiment, present: Experiment): void {
  const { namespace, name } = present.metadata;
  const key = { namespace, name };
  if (hasEnded(present)) throw alreadyCompleted(context, key);
  const difference = firstDifference(withDefaults(present, key).spec, withDefaults(written, key).spec);
  if (difference !== undefined) {
    throw new UsageError(`experiment ${name} is there already with another spec: ${difference} differs`, {
      hint: `resume it (${context.asTyped('run', key)}), start again with --restart, or use another name`,
    });
  }
}

const find = ({ store }: Context, key: ObjectKey): Promise<Experiment | undefined> => foundOrUndefined(store.get(key));

async function createAndHold(context: Context, written: WrittenExperiment, key: ObjectKey): Promise<Settled> {
  let created: Experiment;
  try {
    created = await context.store.create(written);
  } catch (error) {
    // Somebody else has made it since it was looked for: it is there already.
    const present = error instanceof ConflictError ? await find(context, key) : undefined;
    if (present === undefined) throw error;
    refuseOther(context, written, present);
    return hold(context, present);
  }
  await context.records.reset(key);
  return hold(context, created, { isNew: true });
}

/** Deletes and creates it again, unless a live driver holds it. */
async function restart(context: Context, written: WrittenExperiment, key: ObjectKey): Promise<Settled> {
  const holder = await context.lock.holder(key);
  if (holder !== undefined) {
    throw new UsageError(`experiment ${key.name} is being driven by ${holder.description}`, {
      hint: `end that run first, or watch it: ${context.asTyped('watch', key)}`,
    });
  }
  // It is there: somebody asks for it to be started again. A damaged one knows nothing of traffic.
  const present = await context.store.get(key).catch(() => undefined);
  if (present !== undefined)
    refuseSplitLeft(present, context, `or delete it all the same: ${context.asTyped('delete', key, '--force')}`);
  await context.store.delete(key);
  return createAndHold(context, written, key);
}

async function hold(context: Context, experiment: Experiment, how = { isNew: false }): Promise<Settled> {
  const settled = await take(context, experiment, how);
  if (settled === 'ended') throw alreadyCompleted(context, experiment.metadata);
  return settled;
}

/** Its driver is gone: who may drive it now. It may have ended just before its driver went. */
export async function settleAgain(context: Context, key: ObjectKey): Promise<Settled | 'ended'> {
  const experiment = await context.store.get(key);
  return hasEnded(experiment) ? 'ended' : take(context, experiment, { isNew: false });
}

async function take(
  context: Context,
  experiment: Experiment,
  { isNew }: { readonly isNew: boolean },
): Promise<Settled | 'ended'> {
  const key = { namespace: experiment.metadata.namespace, name: experiment.metadata.name };
  const taken = await context.lock.acquire(key, context.self);
  if ('heldBy' in taken) return { kind: 'watch', experiment, heldBy: taken.heldBy };
  try {
    // Between the look and the lock somebody else may have driven it further, or to its end.
    const now = isNew ? experiment : await context.store.get(key);
    if (!hasEnded(now)) return { kind: 'drive', experiment: now, lock: taken.held };
    await taken.held.release();
    return 'ended';
  } catch (error) {
    await taken.held.release();
    throw error;
  }
}

function alreadyCompleted(context: Context, key: ObjectKey): UsageError {
  return new UsageError(`experiment ${key.name} has already run to its end; its answer is about what was tested then`, {
    hint: `look at it: ${context.asTyped('describe', key)}; run it again: ${context.asTyped('run', { namespace: key.namespace }, '-f', 'FILE', '--restart')}; or give the manifest a generateName`,
  });
}

/** Metrics beside the experiment: created if missing; one that differs is refused unless it may be overwritten. */
async function settleMetrics(
  context: Context,
  start: Extract<Start, { given: true }>,
  experimentNamespace: string,
): Promise<void> {
  for (const metric of start.metrics) {
    const written = inNamespace(metric, experimentNamespace);
    const present = await presentMetric(context, written, start.overwriteMetrics);
    if (present === 'other') await context.store.replaceMetric(written);
    if (present !== 'absent') continue;
    await context.store.createMetric(written).catch((conflict: unknown) => {
      if (!(conflict instanceof ConflictError)) throw conflict;
    });
  }
}

type PlacedMetric = WrittenMetric & { readonly metadata: { readonly namespace: string } };

function inNamespace(metric: WrittenMetric, experimentNamespace: string): PlacedMetric {
  const namespace = metric.metadata.namespace ?? experimentNamespace;
  return { ...metric, metadata: { ...metric.metadata, namespace } };
}

/** @throws UsageError when another one is there, and may not be overwritten */
async function presentMetric(
  { store }: Context,
  written: PlacedMetric,
  mayOverwrite: boolean,
): Promise<'absent' | 'same' | 'other'> {
  const { namespace, name = '' } = written.metadata;
  const present = await foundOrUndefined(store.getMetric({ namespace, name }));
  if (present === undefined) return 'absent';
  if (firstDifference(present.spec, metricWithDefaults(written, { namespace }).spec) === undefined) return 'same';
  if (mayOverwrite) return 'other';
  throw new UsageError(`metric ${namespace}/${name} is there already and differs`, {
    hint: 'replace it with --overwrite-metrics, or rename it',
  });
}

/** Path of the first field in which two specs differ, or undefined when they say the same. */
function firstDifference(present: object, wanted: object, path = 'spec'): string | undefined {
  if (isDeepStrictEqual(plain(present), plain(wanted))) return undefined;
  const a = present as Readonly<Record<string, unknown>>;
  const b = wanted as Readonly<Record<string, unknown>>;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [x, y] = [a[key], b[key]];
    if (isDeepStrictEqual(plain(x), plain(y))) continue;
    const at = Array.isArray(present) ? `${path}[${key}]` : `${path}.${key}`;
    return typeof x === 'object' && x !== null && typeof y === 'object' && y !== null
      ? (firstDifference(x, y, at) ?? at)
      : at;
  }
  return undefined;
}

/** Without undefined fields, which the store does not keep. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
