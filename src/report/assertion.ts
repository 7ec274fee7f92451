/** What `assert` found, for programs. */
import type { Assertion, AssertionState } from '../judge/assert-conditions.ts';
import { OUTPUT_VERSION } from './json-text.ts';

/** `kind: Assertion`. */
export function plainAssertion({
  experiment,
  namespace,
  holds,
  conditions,
}: {
  readonly experiment: string;
  readonly namespace: string;
  readonly holds: boolean;
  readonly conditions: readonly { readonly condition: Assertion; readonly state: AssertionState }[];
}) {
  return { apiVersion: OUTPUT_VERSION, kind: 'Assertion', experiment, namespace, holds, conditions };
}
