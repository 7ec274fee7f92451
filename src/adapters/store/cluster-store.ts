/**
 * Experiments and metrics as objects of a cluster. Nothing is ever replaced by us but a metric that was asked for: changes are
 * merge patches of `status`, or of labels, annotations and finalizers; nothing writes `spec`.
 */
import { metricWithDefaults, withDefaults } from '../../experiment/defaults.ts';
import {
  API_VERSION,
  keyText,
  type Experiment,
  type ObjectKey,
  type WrittenExperiment,
} from '../../experiment/experiment.ts';
import type { Metric, WrittenMetric } from '../../experiment/metric.ts';
import { parseExperiment, parseMetric } from '../../experiment/parse.ts';
import {
  keptOf,
  type ExperimentStore,
  type ListAllOptions,
  type PatchOptions,
  type StoreEvent,
  type WatchOptions,
} from '../../drive/ports.ts';
import type { MergePatch } from '../../experiment/apply-merge-patch.ts';
import { ConflictError, InvalidManifestError, NotFoundError, UnavailableError } from '../../errors.ts';
import type { ApiRequest, KubeClient } from '../kube/api-client.ts';
import { EXPERIMENTS, METRICS, NAMESPACES, type Resource } from '../kube/resources.ts';
import { FIELD_MANAGER } from '../kube/field-managers.ts';
import { listPages, listWatch, type KubeObject, type WatchTiming } from '../kube/list-watch.ts';
import { retryConflicts, retryExpired } from '../kube/retry.ts';
import { checkMetadataPatch } from './object-changes.ts';

export interface ClusterStoreOptions {
  readonly client: KubeClient;
  /** Called for objects that cannot be read; they are left out of lists and watches. */
  readonly onUnreadable?: ((error: InvalidManifestError) => void) | undefined;
  /** For tests. */
  readonly timing?: Partial<WatchTiming>;
}

const MERGE_PATCH = 'application/merge-patch+json';

export function createClusterStore(options: ClusterStoreOptions): ExperimentStore {
  return new ClusterStore(options);
}

/** A conflict that trying again does not solve. */
class OtherObjectError extends ConflictError {}

class ClusterStore implements ExperimentStore {
  readonly description: string;
  readonly #client: KubeClient;
  readonly #options: ClusterStoreOptions;

  constructor(options: ClusterStoreOptions) {
    this.#options = options;
    this.#client = options.client;
    this.description = options.client.description;
  }

  async get(key: ObjectKey, signal?: AbortSignal): Promise<Experiment> {
    return this.#experiment(await this.#ask({ verb: 'get', resource: EXPERIMENTS, ...key, signal }));
  }

  list(options: ListAllOptions = {}): Promise<Experiment[]> {
    return retryExpired(() => this.#list(options), options.signal);
  }

  async #list(options: ListAllOptions): Promise<Experiment[]> {
    const found: Experiment[] = [];
    let anything = false;
    for await (const page of listPages(this.#client, {
      namespace: options.namespace,
      labelSelector: options.selector,
      signal: options.signal,
    })) {
      for (const object of page.items) {
        anything = true;
        const experiment = this.#readable(object);
        const kept = experiment === undefined ? undefined : keptOf(experiment, options);
        if (kept !== undefined) found.push(kept);
      }
    }
    if (!anything && options.namespace !== undefined) await this.#checkNamespace(options.namespace);
    return found;
  }

  async *watch(options: WatchOptions & { readonly signal: AbortSignal }): AsyncGenerator<StoreEvent, void, undefined> {
    const reported = new Set<string>();
    for await (const event of listWatch<KubeObject>(this.#client, {
      namespace: options.namespace,
      labelSelector: options.selector,
      fieldSelector: options.name === undefined ? undefined : `metadata.name=${options.name}`,
      signal: options.signal,
      ...(this.#options.timing === undefined ? {} : { timing: this.#options.timing }),
    })) {
      if (event.kind === 'set') {
        const object = this.#readable(event.object);
        if (object === undefined) continue;
        const key = `${object.metadata.namespace}/${object.metadata.name}`;
        yield { kind: reported.has(key) ? 'modified' : 'added', object };
        reported.add(key);
      } else if (event.kind === 'deleted') {
        if (!reported.delete(`${event.namespace}/${event.name}`)) continue;
        const object = event.object === undefined ? undefined : this.#readable(event.object);
        yield { kind: 'deleted', object: object ?? gone(event) };
      } else {
        yield event;
      }
    }
  }

  async create(experiment: WrittenExperiment, signal?: AbortSignal): Promise<Experiment> {
    const { status: _, ...written } = experiment;
    return this.#experiment(await this.#create(EXPERIMENTS, written, signal));
  }

  async patchStatus(key: ObjectKey, patch: MergePatch, options: PatchOptions = {}): Promise<Experiment> {
    return this.#patch(key, { status: patch }, options, 'status');
  }

  async patchMetadata(key: ObjectKey, patch: MergePatch, options: PatchOptions = {}): Promise<Experiment> {
    checkMetadataPatch(patch);
    return this.#patch(key, { metadata: patch }, options);
  }

  async delete(key: ObjectKey, signal?: AbortSignal): Promise<void> {
    await this.#ask({ verb: 'delete', resource: EXPERIMENTS, ...key, signal });
  }

  async getMetric(key: ObjectKey, signal?: AbortSignal): Promise<Metric> {
    return metricOf(await this.#ask({ verb: 'get', resource: METRICS, ...key, signal }));
  }

  async createMetric(metric: WrittenMetric, signal?: AbortSignal): Promise<Metric> {
    return metricOf(await this.#create(METRICS, metric, signal));
  }

  async replaceMetric(metric: WrittenMetric, signal?: AbortSignal): Promise<Metric> {
    const namespace = metric.metadata.namespace ?? this.#client.namespace;
    const name = metric.metadata.name ?? '';
    const present = await this.getMetric({ namespace, name }, signal);
    const { resourceVersion } = present.metadata;
    return metricOf(
      await this.#ask({
        verb: 'update',
        resource: METRICS,
        namespace,
        name,
        query: { fieldManager: FIELD_MANAGER },
        body: { ...metric, metadata: { ...metric.metadata, namespace, name, resourceVersion } },
        signal,
      }),
    );
  }

  #create<T>(
    resource: Resource,
    written: Pick<WrittenExperiment | WrittenMetric, 'metadata'>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const namespace = written.metadata.namespace ?? this.#client.namespace;
    return this.#ask({
      verb: 'create',
      resource,
      namespace,
      query: { fieldManager: FIELD_MANAGER },
      body: { ...written, metadata: { ...written.metadata, namespace } },
      signal,
    });
  }

  #ask<T>(request: ApiRequest): Promise<T> {
    return this.#client.request<T>(request);
  }

  /** Without a version to compare the server merges into what is there; a conflict then is only its own haste. */
  async #patch(
    key: ObjectKey,
    body: Readonly<Record<string, unknown>>,
    options: PatchOptions,
    subresource?: string,
  ): Promise<Experiment> {
    const { uid, signal } = options;
    const mayPass = (error: ConflictError) =>
      options.resourceVersion === undefined && !(error instanceof OtherObjectError);
    const answer = await retryConflicts(
      async () => {
        // The server does not compare uids in patches of a status: the version of the object that was looked at does it.
        const resourceVersion =
          options.resourceVersion ?? (uid === undefined ? undefined : await this.#versionOf(key, uid, signal));
        return this.#client.request({
          verb: 'patch',
          resource: EXPERIMENTS,
          ...key,
          subresource,
          query: { fieldManager: FIELD_MANAGER },
          contentType: MERGE_PATCH,
          body:
            resourceVersion === undefined
              ? body
              : { ...body, metadata: { ...(body['metadata'] as object | undefined), resourceVersion } },
          signal,
        });
      },
      { signal, worth: mayPass },
    ).catch((error: unknown) => {
      if (!(error instanceof ConflictError) || !mayPass(error)) throw error;
      throw new UnavailableError(
        `experiment ${keyText(key)} in ${this.description} is changed by others all the time`,
        {
          cause: error,
        },
      );
    });
    return this.#experiment(answer);
  }

  /** @throws OtherObjectError when the name belongs to another object now */
  async #versionOf(key: ObjectKey, uid: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    const { metadata } = await this.#client.request<KubeObject>({ verb: 'get', resource: EXPERIMENTS, ...key, signal });
    if (metadata.uid !== uid)
      throw new OtherObjectError(`experiment ${keyText(key)} in ${this.description} is another object now`);
    return metadata.resourceVersion;
  }

  /** An empty list of a namespace that is not there is a slip of the user; an account may not be allowed to know. */
  async #checkNamespace(name: string): Promise<void> {
    try {
      await this.#client.request({ verb: 'get', resource: NAMESPACES, name });
    } catch (error) {
      if (!(error instanceof NotFoundError)) return;
      throw new NotFoundError(`namespace ${name} does not exist in ${this.description}`, {
        hint: 'name another with -n; kubectl get namespaces shows which there are',
        cause: error,
      });
    }
  }

  #experiment(object: unknown): Experiment {
    const { value, issues } = parseExperiment(withKind(object, 'Experiment'));
    if (value === undefined) {
      const { namespace = '', name = '' } = (object as Partial<KubeObject>).metadata ?? {};
      throw new InvalidManifestError(`experiment ${namespace}/${name} in ${this.description} cannot be read`, issues);
    }
    return withDefaults(value, { namespace: this.#client.namespace });
  }

  #readable(object: unknown): Experiment | undefined {
    try {
      return this.#experiment(object);
    } catch (error) {
      if (!(error instanceof InvalidManifestError)) throw error;
      this.#options.onUnreadable?.(error);
      return undefined;
    }
  }
}

/** Items of a list carry neither kind nor apiVersion of their own on some servers. */
function withKind(object: unknown, kind: string): unknown {
  return { apiVersion: API_VERSION, kind, ...(object as object) };
}

function metricOf(object: unknown): Metric {
  const { value, issues } = parseMetric(withKind(object, 'Metric'));
  if (value === undefined) throw new InvalidManifestError('a metric of the cluster cannot be read', issues);
  return metricWithDefaults(value, { namespace: value.metadata.namespace ?? 'default' });
}

/** What is left to report of an object that went while the connection was lost: its name. */
function gone({ namespace, name }: ObjectKey): Experiment {
  return withDefaults(
    {
      apiVersion: API_VERSION,
      kind: 'Experiment',
      metadata: { namespace, name },
      spec: { target: 'unknown', strategy: { testingPattern: 'Conformance' } },
    },
    { namespace, name },
  );
}
