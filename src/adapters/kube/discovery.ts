/** From a kind as people write it (`Deployment`, `deploy`, `VirtualService.v1beta1.networking.istio.io`) to its path in the API. */
import { NotFoundError } from '../../errors.ts';
import { abortable, type KubeClient } from './api-client.ts';
import type { Resource } from './resources.ts';
import { isObject } from '../../text/check-fields.ts';
import { isText, isTextList } from './value-types.ts';

interface ApiResource {
  readonly name: string;
  readonly singularName?: string;
  readonly kind: string;
  readonly shortNames?: readonly string[];
  readonly namespaced: boolean;
}

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

interface ApiGroup {
  readonly name: string;
  /** The preferred one first. */
  readonly versions: readonly string[];
}

export interface Discovery {
  /** `TYPE[.VERSION][.GROUP]` as kubectl reads it. @throws NotFoundError */
  ofType(type: string, signal?: AbortSignal): Promise<Resource>;
  /** `apiVersion` and `kind` of a reference. @throws NotFoundError */
  ofKind(apiVersion: string, kind: string, signal?: AbortSignal): Promise<Resource>;
}

/** Asks the server for each group once, for all who want to know: a signal ends only the waiting of its owner. */
export function createDiscovery(client: KubeClient): Discovery {
  const lists = new Map<string, Promise<readonly ApiResource[]>>();
  let groups: Promise<readonly ApiGroup[]> | undefined;
  const listOf = ({ group, version }: GroupVersion): Promise<readonly ApiResource[]> => {
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    let list = lists.get(path);
    if (list === undefined) {
      list = client.raw<{ readonly resources?: unknown }>(path).then(({ resources }) => resourcesIn(resources));
      lists.set(path, list);
      list.catch(() => lists.delete(path));
    }
    return list;
  };
  const allGroups = async (): Promise<readonly ApiGroup[]> => {
    groups ??= client.raw<{ readonly groups?: unknown }>('/apis').then((answer) => groupsIn(answer.groups));
    groups.catch(() => (groups = undefined));
    return groups;
  };
  const inVersion = async (
    at: GroupVersion,
    type: string,
    signal: AbortSignal | undefined,
  ): Promise<Resource | undefined> => {
    const found = (await abortable(listOf(at), signal)).find((one) => !one.name.includes('/') && isNamed(one, type));
    return found === undefined ? undefined : { ...at, plural: found.name, namespaced: found.namespaced };
  };
  const unknown = (type: string) =>
    new NotFoundError(`${client.description} knows no kind ${JSON.stringify(type)}`, {
      hint: 'kubectl api-resources lists the kinds; write TYPE, TYPE.GROUP or TYPE.VERSION.GROUP',
    });
  return {
    ofType: async (type, signal) => {
      const [name = '', ...rest] = type.split('.');
      const qualified = rest.join('.');
      if (qualified === '') {
        const core = await inVersion({ group: '', version: 'v1' }, name, signal);
        if (core !== undefined) return core;
      }
      for (const { name: group, versions } of await abortable(allGroups(), signal)) {
        const written = versions.find((version) => qualified === `${version}.${group}`);
        if (qualified !== '' && written === undefined && qualified !== group) continue;
        const version = written ?? versions[0];
        if (version === undefined) continue;
        const found = await inVersion({ group, version }, name, signal).catch((error: unknown) => {
          if (qualified !== '' || signal?.aborted === true) throw error;
          return undefined; // an aggregated API that is down hides only itself
        });
        if (found !== undefined) return found;
      }
      throw unknown(type);
    },
    ofKind: async (apiVersion, kind, signal) => {
      const slash = apiVersion.indexOf('/');
      const at =
        slash < 0
          ? { group: '', version: apiVersion }
          : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
      const found = (await abortable(listOf(at), signal)).find((one) => !one.name.includes('/') && one.kind === kind);
      if (found === undefined) throw unknown(`${kind} of ${apiVersion}`);
      return { ...at, plural: found.name, namespaced: found.namespaced };
    },
  };
}

/** Whatever is no resource is left out: the server says of it that it is not there. */
function resourcesIn(written: unknown): readonly ApiResource[] {
  return (Array.isArray(written) ? written : []).filter(isObject).flatMap((one) =>
    isText(one['name']) && isText(one['kind'])
      ? [
          {
            name: one['name'],
            kind: one['kind'],
            namespaced: one['namespaced'] === true,
            ...(isText(one['singularName']) ? { singularName: one['singularName'] } : {}),
            ...(isTextList(one['shortNames']) ? { shortNames: one['shortNames'] } : {}),
          },
        ]
      : [],
  );
}

function groupsIn(written: unknown): readonly ApiGroup[] {
  return (Array.isArray(written) ? written : []).filter(isObject).flatMap(({ name, preferredVersion, versions }) => {
    const all = [preferredVersion, ...(Array.isArray(versions) ? versions : [])].filter(isObject);
    const names = all.map(({ version }) => version).filter(isText);
    return isText(name) ? [{ name, versions: [...new Set(names)] }] : [];
  });
}

function isNamed(one: ApiResource, type: string): boolean {
  const wanted = type.toLowerCase();
  return (
    one.kind.toLowerCase() === wanted ||
    one.name === wanted ||
    one.singularName === wanted ||
    (one.shortNames ?? []).includes(wanted)
  );
}
