/** Kinds of objects that are asked for at several places. */
import { API_GROUP, API_GROUP_VERSION } from '../../experiment/contract-words.ts';

/** A kind of object and how its path is made. */
export interface Resource {
  /** Empty: the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const ITER8 = { group: API_GROUP, version: API_GROUP_VERSION, namespaced: true } as const;
export const EXPERIMENTS: Resource = { ...ITER8, plural: 'experiments' };
export const METRICS: Resource = { ...ITER8, plural: 'metrics' };
export const NAMESPACES: Resource = { group: '', version: 'v1', plural: 'namespaces', namespaced: false };
export const PODS: Resource = { group: '', version: 'v1', plural: 'pods', namespaced: true };
export const SERVICES: Resource = { group: '', version: 'v1', plural: 'services', namespaced: true };
