/** An object that `install` makes, and where it goes. */
import type { Resource } from '../adapters/kube/resources.ts';

export interface InstallObject {
  readonly resource: Resource;
  readonly object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: {
      readonly name: string;
      readonly namespace?: string;
      readonly labels?: Readonly<Record<string, string>>;
    };
    readonly [field: string]: unknown;
  };
}

/** Of everything that we install. */
export const LABELS: Readonly<Record<string, string>> = {
  'app.kubernetes.io/name': 'iter8ctl',
  'app.kubernetes.io/part-of': 'iter8',
  'app.kubernetes.io/managed-by': 'iter8ctl',
};

/** `Deployment iter8-system/iter8ctl-controller`. */
export function objectText({ object: { kind, metadata } }: InstallObject): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
}
