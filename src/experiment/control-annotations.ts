/**
 * What people ask of an experiment that runs: annotations of it, so that `kubectl annotate` does what our commands do. Pure.
 *
 * A value is what is asked, and perhaps who asks: `finish/1 by alice`, `true by alice`. The second part is what they say of themselves.
 * Source: docs/behavior.md 6.3.
 */
import type { ObjectMeta } from './experiment.ts';

export const CONTROL_ANNOTATIONS = {
  /** The gate that is meant: `start/0`, `loop2/1`, `finish/1`. */
  approve: 'iter8.tools/approve',
  reject: 'iter8.tools/reject',
  /** `true`, or anything else to go on. */
  pause: 'iter8.tools/pause',
  /** `true`. */
  abort: 'iter8.tools/abort',
} as const;
export type ControlAnnotation = keyof typeof CONTROL_ANNOTATIONS;

export interface Asked {
  /** Who says to have asked; absent when nobody said it. */
  readonly by?: string | undefined;
}

type Annotations = ObjectMeta['annotations'];

const LONGEST_VALUE = 300;
const LONGEST_NAME = 100;

/** The value of such an annotation. */
export function controlValue(what: string, by: string): string {
  return `${what} by ${by.replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST_NAME)}`;
}

/** The decision on this gate. A rejection takes precedence over an approval. */
export function decisionOn(
  gate: string,
  annotations: Annotations,
): (Asked & { readonly approved: boolean }) | undefined {
  const rejected = readControl('reject', annotations);
  if (rejected?.what === gate) return { approved: false, by: rejected.by };
  const approved = readControl('approve', annotations);
  return approved?.what === gate ? { approved: true, by: approved.by } : undefined;
}

export function pauseIn(annotations: Annotations): Asked | undefined {
  return asked('pause', annotations);
}

/** Who ended the pause, when that was said. */
export function resumeIn(annotations: Annotations): Asked {
  return { by: readControl('pause', annotations)?.by };
}

export function abortIn(annotations: Annotations): Asked | undefined {
  return asked('abort', annotations);
}

/** ` by alice`, or nothing. */
export function byText({ by }: Asked): string {
  return by === undefined ? '' : ` by ${by}`;
}

function asked(key: 'pause' | 'abort', annotations: Annotations): Asked | undefined {
  const found = readControl(key, annotations);
  return found?.what === 'true' ? { by: found.by } : undefined;
}

function readControl(
  key: ControlAnnotation,
  annotations: Annotations = {},
): { readonly what: string; readonly by?: string | undefined } | undefined {
  const name = CONTROL_ANNOTATIONS[key];
  if (!Object.hasOwn(annotations, name)) return undefined;
  const [, what = '', by] = /^\s*(\S*)(?:\s+by\s+(.*\S))?/s.exec(annotations[name]!.slice(0, LONGEST_VALUE)) ?? [];
  return { what, by: by?.slice(0, LONGEST_NAME) };
}
