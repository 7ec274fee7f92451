/**
 * Which build of each version was measured, as far as its pods can be found, and whether it is still the same. Pure.
 *
 * Evidence is about one build (docs/behavior.md 10.4). Pods come and go with the same build: only what they are made of counts,
 * and a version without pods keeps what was known of it.
 */
import { inOrderOf } from '../../experiment/spec-order.ts';

export interface Build {
  /** Where it was found: `Deployment shop/hello-v2`. */
  readonly object: string;
  /** Fingerprint of the pod template, or the name of an immutable revision; absent where the object has neither. */
  readonly template?: string | undefined;
  /** Images as the template names them, by container. */
  readonly images: Readonly<Record<string, string>>;
  /** What pods say of the template that they are made of (`pod-template-hash`), sorted. Empty without pods. */
  readonly hashes: readonly string[];
  /** Digests of the images that run, sorted, by container. */
  readonly digests: Readonly<Record<string, readonly string[]>>;
}

/** By version. A version of which nothing is found is left out. */
export type Builds = Readonly<Record<string, Build>>;

export interface BuildChange {
  readonly version: string;
  /** `image app of Deployment shop/hello-v2 was hello:2, is hello:3`. */
  readonly what: string;
}

/** The first version that is another build now; undefined where none is known to be. `now` lacks what is gone. */
export function buildChange(before: Builds, now: Builds): BuildChange | undefined {
  for (const [version, build] of inOrderOf(Object.keys(before), before)) {
    const what = changeOf(build, now[version]);
    if (what !== undefined) return { version, what };
  }
  return undefined;
}

function changeOf(before: Build, now: Build | undefined): string | undefined {
  if (now === undefined) return `${before.object} is gone`;
  const { object } = before;
  if (object !== now.object) return `it was ${object}, and is ${now.object}`;
  for (const [container, image] of Object.entries(before.images)) {
    const present = now.images[container];
    if (present !== undefined && present !== image)
      return `image ${container} of ${object} was ${image}, is ${present}`;
  }
  if (before.template !== now.template)
    return `pod template of ${object} was ${before.template ?? 'unknown'}, is ${now.template ?? 'unknown'}`;
  for (const [container, digests] of Object.entries(before.digests)) {
    const present = now.digests[container] ?? [];
    if (differ(digests, present))
      return `image ${container} of ${object} ran as ${digests.join(' and ')}, runs as ${present.join(' and ')}`;
  }
  if (differ(before.hashes, now.hashes))
    return `pods of ${object} were made of template ${before.hashes.join(' and ')}, are made of ${now.hashes.join(' and ')}`;
  return undefined;
}

/** Without pods nothing is known: that is no difference. */
function differ(before: readonly string[], now: readonly string[]): boolean {
  if (before.length === 0 || now.length === 0) return false;
  return before.length !== now.length || before.some((one, at) => one !== now[at]);
}

/** What is known of builds after another look that found no change: what had no pods before may have some now, and the other way round. */
export function knownBuilds(before: Builds | undefined, now: Builds): Builds {
  if (before === undefined) return now;
  const known: Record<string, Build> = { ...before };
  for (const [version, build] of Object.entries(now)) {
    const old = before[version];
    if (old === undefined) {
      known[version] = build;
      continue;
    }
    const hadDigests = Object.entries(old.digests).filter(([, digests]) => digests.length > 0);
    known[version] = {
      ...build,
      hashes: build.hashes.length > 0 ? build.hashes : old.hashes,
      digests: { ...Object.fromEntries(hadDigests), ...nonEmpty(build.digests) },
    };
  }
  return known;
}

const nonEmpty = (digests: Build['digests']): Build['digests'] =>
  Object.fromEntries(Object.entries(digests).filter(([, list]) => list.length > 0));
