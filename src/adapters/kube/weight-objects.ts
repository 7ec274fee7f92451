/**
 * The objects that hold the weights of versions (`weightObjRef`), of any kind that the API server knows: read, and patched.
 * All fields of one object change in one JSON patch, which the server refuses when the object has changed meanwhile.
 */
import { setTimeout } from 'node:timers/promises';
import { ConflictError, Iter8Error, messageOf, UnavailableError } from '../../errors.ts';
import { versionsIn, type Experiment, type WeightObjRef } from '../../experiment/experiment.ts';
import { parseFieldPath, readField, type FieldPath } from '../../expressions/field-path.ts';
import type { TrafficObjects } from '../../drive/ports.ts';
import { isSameSplit, isSameValue, shown, valueIn } from '../../traffic/weight-fields.ts';
import type { FieldReading, FieldValue, WeightField } from '../../traffic/weight-fields.ts';
import type { KubeClient } from './api-client.ts';
import type { Resource } from './resources.ts';
import { createDiscovery, type Discovery } from './discovery.ts';
import { FIELD_MANAGER, lastManagerOf, mayBeBy } from './field-managers.ts';
import { weightPatch } from './weight-patch.ts';

/** Somebody may change another part of the object again and again; then we give up. */
const MOST_TRIES = 7;
const FIRST_WAIT_MS = 25;
/** For pods of whoever gets more, before others lose theirs: a driver that is stopped has a minute in all. */
const LONGEST_WAIT_FOR_PODS_MS = 30_000;
const LOOK_AT_PODS_MS = 500;

export interface WeightObjectsOptions {
  readonly client: KubeClient;
  /** A controller moves traffic for many: nobody moves the traffic of another namespace through it. */
  readonly ownNamespaceOnly: boolean;
}

export function createWeightObjects({ client, ownNamespaceOnly }: WeightObjectsOptions): TrafficObjects {
  const discovery = createDiscovery(client);
  const open = (experiment: Experiment, signal: AbortSignal | undefined) =>
    new Objects({ client, discovery, ownNamespaceOnly, signal }, experiment);
  return {
    read: async (experiment, signal) => (await open(experiment, signal).read()).map(({ reading }) => reading),
    tryWrite: (experiment, to, signal) => open(experiment, signal).tryWrite(to),
    write: (experiment, change, signal) => open(experiment, signal).write(change),
  };
}

interface Source {
  readonly client: KubeClient;
  readonly discovery: Discovery;
  readonly ownNamespaceOnly: boolean;
  readonly signal: AbortSignal | undefined;
}

interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly text: string;
}

interface ReadField {
  readonly reading: FieldReading;
  readonly path: FieldPath;
  /** Fields of one object have one target. */
  readonly target: Target;
  readonly object: unknown;
}

class Objects {
  readonly #source: Source;
  readonly #experiment: Experiment;

  constructor(source: Source, experiment: Experiment) {
    this.#source = source;
    this.#experiment = experiment;
  }

  async read(): Promise<ReadField[]> {
    const targets = new Map<string, Target>();
    const objects = new Map<Target, Promise<unknown>>();
    return Promise.all(
      versionsIn(this.#experiment).flatMap(({ name: version, weightObjRef: ref }) =>
        ref === undefined ? [] : [this.#readField(version, ref, { targets, objects })],
      ),
    );
  }

  async #readField(
    version: string,
    ref: WeightObjRef,
    known: { readonly targets: Map<string, Target>; readonly objects: Map<Target, Promise<unknown>> },
  ): Promise<ReadField> {
    const { fieldPath = '' } = ref;
    const path = parseFieldPath(fieldPath);
    if ('problem' in path) throw new Iter8Error(`weightObjRef of ${version}: ${path.problem}`);
    const found = await this.#targetOf(version, ref);
    const key = JSON.stringify(found);
    const target = known.targets.get(key) ?? found;
    known.targets.set(key, target);
    const asked = known.objects.get(target) ?? this.#get(target);
    known.objects.set(target, asked);
    const object = await asked;
    const place = `${target.text} at ${fieldPath}`;
    const value = readField(object, path);
    if (value !== undefined && value !== null && typeof value !== 'number' && typeof value !== 'string')
      throw new Iter8Error(
        `${place} holds ${Array.isArray(value) ? 'a list' : `a ${typeof value}`}; expected a weight`,
      );
    const changedBy = lastManagerOf(object, path);
    return {
      path,
      target,
      object,
      reading: {
        version,
        value: value ?? null,
        place,
        isReplicas: path.pointer === '/spec/replicas',
        isText: /^\/metadata\/(annotations|labels)\//.test(path.pointer),
        mayBeOurs: mayBeBy(FIELD_MANAGER, object, path),
        ...(changedBy === undefined ? {} : { changedBy }),
      },
    };
  }

  async #targetOf(version: string, ref: WeightObjRef): Promise<Target> {
    const { apiVersion = '', kind = '', name = '' } = ref;
    const { discovery, signal, ownNamespaceOnly } = this.#source;
    const own = this.#experiment.metadata.namespace;
    const resource = await discovery.ofKind(apiVersion, kind, signal);
    const namespace = resource.namespaced ? (ref.namespace ?? own) : undefined;
    if (ownNamespaceOnly && namespace !== own)
      throw new Iter8Error(
        `weightObjRef of ${version}: ${kind} ${name} is ${namespace === undefined ? 'of no namespace' : `of namespace ${namespace}`}; the controller moves traffic in ${own} only`,
      );
    const text = namespace === undefined || namespace === own ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
    return { resource, namespace, name, text };
  }

  #get({ resource, namespace, name }: Target): Promise<unknown> {
    const { client, signal } = this.#source;
    return client.request<unknown>({ verb: 'get', resource, namespace, name, signal });
  }

  async write({ from, to, start = [] }: Parameters<TrafficObjects['write']>[1]): Promise<FieldReading[]> {
    let untilMs: number | undefined;
    await this.#repeated(async () => {
      const fields = await this.read();
      refuseOther(fields, [...from, to], start);
      const order = inOrder(fields, to);
      const hasReady = order.some((target) => isFalling(target, fields, to) && readyPods(objectOf(target, fields)) > 0);
      // Also whoever was given more by a try, or a driver, before this one.
      const raised = order.filter((target) => isRaised(target, fields, { from: [...from, start], to }));
      for (const target of order) {
        if (hasReady && isFalling(target, fields, to)) {
          untilMs ??= performance.now() + LONGEST_WAIT_FOR_PODS_MS;
          for (const one of raised.splice(0)) await this.#awaitReady(one, untilMs);
        }
        await this.#patch(target, fields, { to, isTrial: false });
      }
    });
    const after = await this.read();
    const readings = after.map(({ reading }) => reading);
    if (!isSameSplit(to, readings)) refuseOther(after, [to], []);
    return readings;
  }

  /** Until as many pods are ready as are wanted, or until then. */
  async #awaitReady(target: Target, untilMs: number): Promise<void> {
    const { signal } = this.#source;
    while (!hasItsPods(await this.#get(target)) && performance.now() < untilMs)
      await setTimeout(LOOK_AT_PODS_MS, undefined, { signal });
  }

  /** A dry run on the server: admission, rights and schema answer as they would, and nothing is stored. */
  async tryWrite(to: readonly WeightField[]): Promise<void> {
    await this.#repeated(async () => {
      const fields = await this.read();
      for (const target of inOrder(fields, to)) {
        const answer = await this.#patch(target, fields, { to, isTrial: true });
        if (answer !== undefined)
          refuseDropped(
            fields.filter((field) => field.target === target),
            answer,
            to,
          );
      }
    });
  }

  /** Others may change other parts of an object meanwhile (its status, most often): that is no quarrel about traffic. */
  async #repeated(work: () => Promise<void>): Promise<void> {
    const { signal } = this.#source;
    for (let tries = 1; ; tries++) {
      try {
        await work();
        return;
      } catch (error) {
        if (!(error instanceof ConflictError) || error instanceof TrafficChangedError) throw error;
        if (tries === MOST_TRIES)
          throw new UnavailableError(`${messageOf(error)}; it changes again and again`, { cause: error });
        await setTimeout(FIRST_WAIT_MS * 2 ** tries, undefined, { signal });
      }
    }
  }

  /** The object as the server has it then; undefined where nothing is to be changed. */
  async #patch(
    target: Target,
    all: readonly ReadField[],
    { to, isTrial }: { readonly to: readonly WeightField[]; readonly isTrial: boolean },
  ): Promise<unknown> {
    const { client, signal } = this.#source;
    const fields = all.filter((field) => field.target === target);
    const wrong = fields.filter(({ reading }) => !isSameValue(reading.value, valueIn(to, reading.version)));
    if (wrong.length === 0) return undefined;
    const { resource, namespace, name } = target;
    return client.request({
      verb: 'patch',
      resource,
      namespace,
      name,
      query: { fieldManager: FIELD_MANAGER, ...(isTrial ? { dryRun: 'All' } : {}) },
      contentType: 'application/json-patch+json',
      body: weightPatch(
        target.text,
        fields[0]!.object,
        wrong.map(({ path, reading }) => ({ path, place: reading.place, value: valueIn(to, reading.version) })),
      ),
      signal,
    });
  }
}

/** Whoever gets more comes first, so that at no moment less is asked for in all than before. */
function inOrder(fields: readonly ReadField[], to: readonly WeightField[]): Target[] {
  return [...new Set(fields.toSorted((a, b) => rise(b, to) - rise(a, to)).map(({ target }) => target))];
}

function rise({ reading }: ReadField, to: readonly WeightField[]): number {
  return Number(valueIn(to, reading.version) ?? 0) - Number(reading.value ?? 0);
}

/** It gets more pods than it had at one of these times, and loses none. */
function isRaised(
  target: Target,
  fields: readonly ReadField[],
  { from, to }: Parameters<TrafficObjects['write']>[1],
): boolean {
  return fields.some((field) => {
    const { version, isReplicas } = field.reading;
    const had = from.map((values) => Number(valueIn(values, version) ?? 0));
    const gets = Number(valueIn(to, version) ?? 0);
    return field.target === target && isReplicas && rise(field, to) >= 0 && had.some((value) => value < gets);
  });
}

/** It loses pods. */
function isFalling(target: Target, fields: readonly ReadField[], to: readonly WeightField[]): boolean {
  return fields.some((field) => field.target === target && field.reading.isReplicas && rise(field, to) < 0);
}

const objectOf = (target: Target, fields: readonly ReadField[]): unknown =>
  fields.find((field) => field.target === target)?.object;

function numberAt(object: unknown, ...segments: string[]): number {
  const value = readField(object, { segments, pointer: '' });
  return typeof value === 'number' || typeof value === 'string' ? Number(value) || 0 : 0;
}

/** As Deployments, StatefulSets and what follows them say; 0 where nothing is said. */
const readyPods = (object: unknown): number => numberAt(object, 'status', 'readyReplicas');

function hasItsPods(object: unknown): boolean {
  const isSeen = numberAt(object, 'status', 'observedGeneration') >= numberAt(object, 'metadata', 'generation');
  return isSeen && readyPods(object) >= numberAt(object, 'spec', 'replicas');
}

/** Traffic is not split as we left it: somebody else moves it, too. */
class TrafficChangedError extends ConflictError {}

function refuseDropped(fields: readonly ReadField[], answer: unknown, to: readonly WeightField[]): void {
  for (const { path, reading } of fields) {
    const wanted = valueIn(to, reading.version);
    const value = (readField(answer, path) as FieldValue | undefined) ?? null;
    if (!isSameValue(value, wanted))
      throw new Iter8Error(
        `${reading.place} would hold ${shown(value)} where ${shown(wanted)} is written: the server drops or changes it; check fieldPath`,
      );
  }
}

/**
 * Each field must hold what one of these says, or what `ours` says, by us. @throws ConflictError where somebody else moves the same
 * traffic
 */
function refuseOther(
  fields: readonly ReadField[],
  allowed: readonly (readonly WeightField[])[],
  ours: readonly WeightField[],
): void {
  const other = fields.filter(({ reading: { version, value, mayBeOurs } }) => {
    const holds = (values: readonly WeightField[]) => isSameValue(value, valueIn(values, version));
    return !allowed.some(holds) && !(ours.length > 0 && holds(ours) && mayBeOurs === true);
  });
  if (other.length === 0) return;
  throw new TrafficChangedError(
    other
      .map(({ reading: { place, value, version, changedBy } }) => {
        const expected = shown(valueIn(allowed[0]!, version));
        return `${place} holds ${shown(value)}, not ${expected}${changedBy === undefined ? '' : `; it was changed by ${changedBy}`}`;
      })
      .join('; '),
  );
}
