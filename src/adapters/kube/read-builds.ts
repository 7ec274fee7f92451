/**
 * Finds out what runs of each version: the pod template of its Deployment (StatefulSet, DaemonSet), or of the pods behind its
 * Service, with the digests of the images that run; of a Knative Service the revision, which never changes.
 *
 * Where a version's object is named, the first that is there: the object of its `weightObjRef`, or the Service that the field
 * beside the weight names (HTTPRoute, VirtualService, Ingress); its variables `deployment` and `service`; a Deployment or Service
 * of the version's own name.
 */
import { createHash } from 'node:crypto';
import { ForbiddenError, foundOrUndefined, Iter8Error, messageOf } from '../../errors.ts';
import { versionsIn, type Experiment, type Version, type WeightObjRef } from '../../experiment/experiment.ts';
import { parseFieldPath, readField } from '../../expressions/field-path.ts';
import type { BuildReader, VersionBuild } from '../../drive/ports.ts';
import { OBJECT_NAME } from '../../experiment/object-names.ts';
import type { Build } from '../../judge/record/build-changes.ts';
import { canonicalJson } from '../../text/canonical-json.ts';
import { isObject } from '../../text/check-fields.ts';
import type { KubeClient } from './api-client.ts';
import { PODS, SERVICES, type Resource } from './resources.ts';
import { createDiscovery, type Discovery } from './discovery.ts';
import { isText } from './value-types.ts';

const APPS = { group: 'apps', version: 'v1', namespaced: true } as const;
const WORKLOADS: Readonly<Record<string, Resource>> = {
  Deployment: { ...APPS, plural: 'deployments' },
  StatefulSet: { ...APPS, plural: 'statefulsets' },
  DaemonSet: { ...APPS, plural: 'daemonsets' },
};
/** Labels by which the makers of pods say of which template they are. */
const TEMPLATE_LABELS = ['pod-template-hash', 'controller-revision-hash', 'rollouts-pod-template-hash'];
/** Pods of one build are alike: so many of them are looked at. */
const MOST_PODS = 500;
const SHOWN_FINGERPRINT = 12;
/** The next look is not far: an experiment does not wait long for this one. */
const LONGEST_WAIT_MS = 5_000;

export interface BuildReaderOptions {
  readonly client: KubeClient;
  /** A controller reads for many: nobody learns through it what runs in the namespace of somebody else. */
  readonly ownNamespaceOnly: boolean;
}

export function createBuildReader(options: BuildReaderOptions): BuildReader {
  const discovery = createDiscovery(options.client);
  return {
    read: (experiment, signal) =>
      Promise.all(
        versionsIn(experiment).map((version) => new Look(options, { discovery, experiment, signal }).at(version)),
      ),
  };
}

interface Named {
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Service';
  readonly namespace: string;
  readonly name: string;
}

class Look {
  readonly #options: BuildReaderOptions;
  readonly #discovery: Discovery;
  readonly #own: string;
  readonly #signal: AbortSignal | undefined;

  constructor(
    options: BuildReaderOptions,
    how: { discovery: Discovery; experiment: Experiment; signal: AbortSignal | undefined },
  ) {
    this.#options = options;
    this.#discovery = how.discovery;
    this.#own = how.experiment.metadata.namespace;
    this.#signal = how.signal;
  }

  async at(version: Version): Promise<VersionBuild> {
    const { name } = version;
    try {
      const build = (await this.#fromReference(version.weightObjRef)) ?? (await this.#fromNames(version));
      return { version: name, ...(build === undefined ? {} : { build }) };
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (!(error instanceof Iter8Error)) throw error;
      return { version: name, problem: messageOf(error) };
    }
  }

  async #fromReference(ref: WeightObjRef | undefined): Promise<Build | undefined> {
    if (ref?.apiVersion === undefined || ref.kind === undefined || ref.name === undefined) return undefined;
    const namespace = ref.namespace ?? this.#own;
    if (!this.#isReadable(namespace)) return undefined;
    const { apiVersion, kind, name } = ref;
    if (apiVersion.startsWith('apps/') && isWorkload(kind)) return this.#ofNamed({ kind, namespace, name });
    if (apiVersion === 'v1' && kind === 'Service') return this.#ofNamed({ kind, namespace, name });
    const resource = await this.#discovery.ofKind(apiVersion, kind, this.#signal);
    const object = await this.#get(resource, { namespace: resource.namespaced ? namespace : undefined, name });
    if (object === undefined) return undefined;
    const revision = revisionAt(object, ref.fieldPath ?? '');
    if (revision !== undefined)
      return { object: `Revision ${namespace}/${revision}`, template: revision, images: {}, hashes: [], digests: {} };
    const service = serviceAt(object, ref.fieldPath ?? '', namespace);
    return service !== undefined && this.#isReadable(service.namespace) ? this.#ofNamed(service) : undefined;
  }

  async #fromNames({ name, variables = [] }: Version): Promise<Build | undefined> {
    const named = (variable: string, kind: Named['kind']): Named[] =>
      variables
        .filter((one) => one.name.toLowerCase() === variable)
        .map((one) => ({ kind, namespace: this.#own, name: one.value }));
    const own = { namespace: this.#own, name };
    const implied: Named[] = [
      { kind: 'Deployment', ...own },
      { kind: 'Service', ...own },
    ];
    for (const one of [...named('deployment', 'Deployment'), ...named('service', 'Service')]) {
      const build = await this.#ofNamed(one);
      if (build !== undefined) return build;
    }
    for (const one of implied) {
      const build = await this.#ofNamed(one).catch((error: unknown) => {
        if (error instanceof ForbiddenError) return undefined; // nobody has named it
        throw error;
      });
      if (build !== undefined) return build;
    }
    return undefined;
  }

  #isReadable(namespace: string): boolean {
    return !this.#options.ownNamespaceOnly || namespace === this.#own;
  }

  async #ofNamed({ kind, namespace, name }: Named): Promise<Build | undefined> {
    if (!OBJECT_NAME.test(name)) return undefined;
    const object = await this.#get(WORKLOADS[kind] ?? SERVICES, { namespace, name });
    if (object === undefined) return undefined;
    const text = `${kind} ${namespace}/${name}`;
    if (kind === 'Service') {
      const selector = selectorText(at(object, 'spec', 'selector'));
      // A Service without selector, or of another cluster: nobody knows what is behind it.
      if (selector === undefined) return undefined;
      return { object: text, images: {}, ...(await this.#pods(namespace, selector)) };
    }
    const template = at(object, 'spec', 'template');
    const images = imagesOf(at(template, 'spec', 'containers'));
    const selector = selectorText(at(object, 'spec', 'selector', 'matchLabels'));
    const pods = selector === undefined ? NO_PODS : await this.#pods(namespace, selector, new Set(Object.keys(images)));
    return { object: text, template: fingerprint(template), images, ...pods };
  }

  /** `containers`: those that count; absent: all. Others are put in by whoever runs the cluster. */
  async #pods(namespace: string, selector: string, containers?: ReadonlySet<string>): Promise<PodFacts> {
    const list = await this.#options.client
      .request<{ readonly items?: unknown }>({
        verb: 'list',
        resource: PODS,
        namespace,
        query: { labelSelector: selector, limit: String(MOST_PODS) },
        signal: this.#signal,
        timeoutMs: LONGEST_WAIT_MS,
      })
      .catch((error: unknown) => {
        if (error instanceof ForbiddenError) return {};
        throw error;
      });
    return podFacts('items' in list && Array.isArray(list.items) ? list.items : [], containers);
  }

  async #get(
    resource: Resource,
    { namespace, name }: { readonly namespace: string | undefined; readonly name: string },
  ): Promise<unknown> {
    return foundOrUndefined(
      this.#options.client.request<unknown>({
        verb: 'get',
        resource,
        namespace,
        name,
        signal: this.#signal,
        timeoutMs: LONGEST_WAIT_MS,
      }),
    );
  }
}

const isWorkload = (kind: string): kind is 'Deployment' | 'StatefulSet' | 'DaemonSet' => Object.hasOwn(WORKLOADS, kind);

const at = (object: unknown, ...segments: (string | number)[]): unknown => readField(object, { segments, pointer: '' });

type PodFacts = Pick<Build, 'hashes' | 'digests'>;
const NO_PODS: PodFacts = { hashes: [], digests: {} };

function podFacts(pods: readonly unknown[], containers: ReadonlySet<string> | undefined): PodFacts {
  const hashes = new Set<string>();
  const digests = new Map<string, Set<string>>();
  for (const pod of pods) {
    const isOver = ['Succeeded', 'Failed'].includes(String(at(pod, 'status', 'phase')));
    if (isOver || isText(at(pod, 'metadata', 'deletionTimestamp'))) continue;
    const label = TEMPLATE_LABELS.map((one) => at(pod, 'metadata', 'labels', one)).find(isText);
    if (label !== undefined) hashes.add(label);
    const statuses = at(pod, 'status', 'containerStatuses');
    for (const status of Array.isArray(statuses) ? statuses : []) {
      const [name, id] = [at(status, 'name'), at(status, 'imageID')];
      if (!isText(name) || !isText(id) || id === '' || containers?.has(name) === false) continue;
      const known = digests.get(name) ?? new Set<string>();
      digests.set(name, known.add(digestOf(id)));
    }
  }
  return {
    hashes: [...hashes].toSorted(),
    digests: Object.fromEntries([...digests].map(([name, ids]) => [name, [...ids].toSorted()])),
  };
}

/** `sha256:...` of `docker.io/library/nginx@sha256:...`: registries and prefixes differ between nodes. */
function digestOf(imageId: string): string {
  return /sha256:[0-9a-f]{64}/.exec(imageId)?.[0] ?? imageId.slice(0, 200);
}

function imagesOf(containers: unknown): Record<string, string> {
  const images = (Array.isArray(containers) ? containers : []).flatMap((one) => {
    const [name, image] = [at(one, 'name'), at(one, 'image')];
    return isText(name) && isText(image) ? [[name, image] as const] : [];
  });
  return Object.fromEntries(images);
}

function fingerprint(template: unknown): string {
  return createHash('sha256').update(canonicalJson(template)).digest('hex').slice(0, SHOWN_FINGERPRINT);
}

/** Undefined where it selects nothing, or everything. */
function selectorText(labels: unknown): string | undefined {
  if (!isObject(labels)) return undefined;
  const pairs = Object.entries(labels).filter(([, value]) => isText(value));
  return pairs.length === 0 ? undefined : pairs.map(([key, value]) => `${key}=${String(value)}`).join(',');
}

/** What stands beside the weight. */
function besides(object: unknown, fieldPath: string): unknown {
  const parsed = parseFieldPath(fieldPath);
  return 'problem' in parsed ? undefined : at(object, ...parsed.segments.slice(0, -1));
}

/** The revision that an entry of a Knative Service's traffic leads to. */
function revisionAt(object: unknown, fieldPath: string): string | undefined {
  if (!String(at(object, 'apiVersion')).startsWith('serving.knative.dev/')) return undefined;
  const entry = besides(object, fieldPath);
  const revision = at(entry, 'revisionName');
  if (isText(revision) && revision !== '') return revision;
  const latest = at(object, 'status', 'latestReadyRevisionName');
  return at(entry, 'latestRevision') === true && isText(latest) ? latest : undefined;
}

/** The Service that the entry of a route leads to: of the Gateway API, of Istio (without subset), or of an Ingress. */
function serviceAt(object: unknown, fieldPath: string, namespace: string): Named | undefined {
  const entry = besides(object, fieldPath);
  if (String(at(object, 'apiVersion')).startsWith('gateway.networking.k8s.io/')) {
    const [name, kind, other] = [at(entry, 'name'), at(entry, 'kind'), at(entry, 'namespace')];
    if (!isText(name) || (kind !== undefined && kind !== 'Service')) return undefined;
    return { kind: 'Service', name, namespace: isText(other) ? other : namespace };
  }
  const host = at(entry, 'destination', 'host');
  if (isText(host) && at(entry, 'destination', 'subset') === undefined) {
    const [first = '', second = namespace, third] = host.split('.');
    return third === undefined || third === 'svc' ? { kind: 'Service', name: first, namespace: second } : undefined;
  }
  return at(object, 'kind') === 'Ingress' ? onlyBackend(object, namespace) : undefined;
}

function onlyBackend(ingress: unknown, namespace: string): Named | undefined {
  const rules = at(ingress, 'spec', 'rules');
  const names = (Array.isArray(rules) ? rules : []).flatMap((rule) => {
    const paths = at(rule, 'http', 'paths');
    return (Array.isArray(paths) ? paths : []).map((path) => at(path, 'backend', 'service', 'name'));
  });
  const [name, ...others] = new Set(names);
  return isText(name) && others.length === 0 ? { kind: 'Service', name, namespace } : undefined;
}
