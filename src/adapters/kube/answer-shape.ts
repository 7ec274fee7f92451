/**
 * Looks at what an API server answers before anybody relies on it: a proxy, a gateway or a server that is broken may answer
 * 200 with anything. Only what is common to all objects; what is inside is looked at where it is read. Pure.
 */
import { UnavailableError } from '../../errors.ts';
import { isObject } from '../../text/check-fields.ts';

/** Where it came from, and what was asked: for the message. */
export interface AnswerOf {
  /** `the Kubernetes API at https://... (context kind-dev)`. */
  readonly api: string;
  /** `list experiments.iter8.tools in namespace default`. */
  readonly asked: string;
}

function bad(of: AnswerOf, what: string): UnavailableError {
  return new UnavailableError(`${of.api} answers to ${of.asked} with something that is ${what}`, {
    hint: 'is it a Kubernetes API? A proxy or gateway may answer in its place',
  });
}

/** Any answer but a list: a map. @throws UnavailableError */
export function checkObject(value: unknown, of: AnswerOf): void {
  if (!isObject(value)) throw bad(of, 'no object');
  const { metadata } = value;
  if (metadata !== undefined && metadata !== null && !isObject(metadata))
    throw bad(of, 'no object: its metadata is no map');
}

/** An object that has a name. @throws UnavailableError */
export function checkNamed(value: unknown, of: AnswerOf): void {
  checkObject(value, of);
  const problem = nameProblem(value);
  if (problem !== undefined) throw bad(of, `no object: ${problem}`);
}

/** `items` is a list of objects with names, or absent. @throws UnavailableError */
export function checkList(value: unknown, of: AnswerOf): void {
  if (!isObject(value)) throw bad(of, 'no list');
  const { items, metadata } = value;
  if (metadata !== undefined && metadata !== null && !isObject(metadata))
    throw bad(of, 'no list: its metadata is no map');
  const next: unknown = (metadata as { continue?: unknown } | null | undefined)?.continue;
  if (next !== undefined && next !== null && typeof next !== 'string') throw bad(of, 'no list: continue is no text');
  if (items === undefined || items === null) return;
  if (!Array.isArray(items)) throw bad(of, 'no list: its items are none');
  for (const [index, item] of items.entries()) {
    const problem = nameProblem(item);
    if (problem !== undefined) throw bad(of, `no list: items[${index}] ${problem}`);
  }
}

/** Why it cannot be an object of the cluster, or undefined. */
export function nameProblem(value: unknown): string | undefined {
  if (!isObject(value)) return 'is no object';
  const { metadata } = value;
  if (!isObject(metadata)) return 'has no metadata';
  if (typeof metadata['name'] !== 'string' || metadata['name'] === '') return 'has no metadata.name';
  for (const field of ['namespace', 'uid', 'resourceVersion'])
    if (metadata[field] !== undefined && metadata[field] !== null && typeof metadata[field] !== 'string')
      return `has a metadata.${field} that is no text`;
  return undefined;
}
