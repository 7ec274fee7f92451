/** What a store does to an object, whatever it keeps it in. Pure. */
import { isObject } from '../../text/check-fields.ts';
import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { applyMergePatch } from '../../experiment/apply-merge-patch.ts';
import { ConflictError, InvalidManifestError, UsageError } from '../../errors.ts';
import type { MergePatch } from '../../experiment/apply-merge-patch.ts';

/** An experiment or metric as it was written: no defaults, unknown fields in it. */
export type StoredObject = Readonly<Record<string, unknown>> & { readonly metadata: Readonly<Record<string, unknown>> };

/** Fields that the store alone sets. */
const SET_BY_STORE = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'managedFields',
  'selfLink',
];
const PATCHABLE = new Set(['labels', 'annotations', 'finalizers']);
/** As the API server: no vowels, no digits that look like letters. Source: k8s.io/apimachinery/pkg/util/rand. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
/** What an API server keeps of `generateName`, so that the suffix fits a label of 63 characters. */
const LONGEST_PREFIX = 58;

/** The namespace of what names none, in a folder or in memory. */
export const LOCAL_NAMESPACE = 'default';

interface Named {
  readonly metadata: { readonly name?: string | undefined; readonly generateName?: string | undefined };
}

/** The name as written, else a new random one each time. Throws InvalidManifestError when there is nothing to make it from. */
export function nameFor(object: Named): string {
  const { name, generateName } = object.metadata;
  if (name !== undefined && name !== '') return name;
  if (generateName === undefined || generateName === '') {
    const issue = { path: 'metadata.name', message: 'expected a name, or metadata.generateName' };
    throw new InvalidManifestError('the object has no name', [issue]);
  }
  const suffix = Array.from({ length: 5 }, () => SUFFIX_ALPHABET[randomInt(SUFFIX_ALPHABET.length)]);
  return generateName.slice(0, LONGEST_PREFIX) + suffix.join('');
}

/** True when `nameFor` makes another name when it is asked again. */
export function hasGeneratedName(object: Named): boolean {
  return object.metadata.name === undefined || object.metadata.name === '';
}

/** A new object as it is stored first: without status, with the fields that the store sets. */
export function newObject(
  written: Readonly<Record<string, unknown>>,
  given: { readonly name: string; readonly namespace: string; readonly uid: string; readonly nowMs: number },
): StoredObject {
  const { status: _status, metadata, ...rest } = written;
  const kept = Object.entries(metadata ?? {}).filter(([key]) => !SET_BY_STORE.includes(key));
  return {
    apiVersion: rest['apiVersion'], // these first, for people
    kind: rest['kind'],
    metadata: {
      ...Object.fromEntries(kept),
      name: given.name,
      namespace: given.namespace,
      uid: given.uid,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: wireTime(given.nowMs),
    },
    ...rest,
  };
}

/** Replaces a metric: what the store had set stays, all else is the new one's. */
export function replacedObject(before: StoredObject, written: Readonly<Record<string, unknown>>): StoredObject {
  const { metadata, ...rest } = written;
  const kept = Object.entries(metadata ?? {}).filter(([key]) => !SET_BY_STORE.includes(key));
  const own = Object.entries(before.metadata).filter(([key]) => SET_BY_STORE.includes(key));
  const generation =
    Number(before.metadata['generation'] ?? 1) + (isDeepStrictEqual(before['spec'], rest['spec']) ? 0 : 1);
  const { name, namespace } = before.metadata;
  const after = { ...Object.fromEntries(kept), name, namespace, ...Object.fromEntries(own), generation };
  return { apiVersion: rest['apiVersion'], kind: rest['kind'], metadata: after, ...rest };
}

/** The object with its status patched; the same object when that changes nothing. */
export function withStatusPatch(object: StoredObject, patch: MergePatch): StoredObject {
  const status = applyMergePatch(object['status'] ?? {}, patch);
  return isDeepStrictEqual(status, object['status'] ?? {}) ? object : { ...object, status };
}

/** The object with labels, annotations and finalizers patched; the same object when that changes nothing. */
export function withMetadataPatch(object: StoredObject, patch: MergePatch): StoredObject {
  checkMetadataPatch(patch);
  const metadata = applyMergePatch(object.metadata, patch);
  const changed = isObject(metadata) && !isDeepStrictEqual(metadata, object.metadata);
  return changed ? { ...object, metadata } : object;
}

/** @throws ConflictError when another object has taken its name meanwhile */
export function checkUid(object: StoredObject, expected: string | undefined, what: string): void {
  const present = object.metadata['uid'];
  if (expected !== undefined && expected !== present)
    throw new ConflictError(`${what} is another object now: expected uid ${expected}, found ${String(present)}`);
}

/** @throws UsageError for a patch of what a store or its user sets for good */
export function checkMetadataPatch(patch: MergePatch): void {
  for (const key of Object.keys(patch)) {
    if (!PATCHABLE.has(key))
      throw new UsageError(`metadata.${key} cannot be patched: only labels, annotations and finalizers can`);
  }
}

/** The object with the next resourceVersion. What a hand wrote there is counted on from, if it is a number. */
export function withNextVersion(object: StoredObject): StoredObject {
  const version = revisionOf(object);
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version + 1n) } };
}

/** Number of the last change as the object has it; 0 when it has none. */
export function revisionOf(object: StoredObject): bigint {
  const written = object.metadata['resourceVersion'];
  const text = typeof written === 'string' ? written : '';
  return /^\d{1,20}$/.test(text) ? BigInt(text) : 0n;
}

/** RFC 3339 in UTC with seconds, as in `metadata.creationTimestamp`. */
function wireTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
