/** What an object is waited for, written as `kubectl wait --for` takes it. Pure. */
import { sanitizeLine } from '../text/sanitize.ts';
import { parseFieldPath, type FieldPath } from './field-path.ts';

export type WaitFor =
  /** It is there; it is not there any more. */
  | { readonly kind: 'create' | 'delete' }
  | { readonly kind: 'condition'; readonly type: string; readonly status: string }
  /** `text`: the path as it is written. `value` absent: any. */
  | { readonly kind: 'field'; readonly path: FieldPath; readonly text: string; readonly value: string | undefined };

/** `condition=available`, `condition=ready=false`, `jsonpath={.status.phase}=Running`, `create`, `delete`; or what is wrong with it. */
export function parseWaitFor(written: string): WaitFor | { readonly problem: string } {
  if (written === 'create' || written === 'delete') return { kind: written };
  const condition = /^condition=([^=]+)(?:=(.*))?$/.exec(written);
  if (condition !== null) return { kind: 'condition', type: condition[1]!, status: condition[2] ?? 'True' };
  const jsonpath = /^jsonpath=['"]?\{?(\.[^}=]+)\}?['"]?(?:==?(.*))?$/.exec(written);
  if (jsonpath === null)
    return {
      problem: `${JSON.stringify(sanitizeLine(written).slice(0, 100))} cannot be read; expected condition=NAME, condition=NAME=VALUE, jsonpath={.PATH}=VALUE, create or delete`,
    };
  const path = parseFieldPath(jsonpath[1]!);
  return 'problem' in path ? path : { kind: 'field', path, text: jsonpath[1]!, value: jsonpath[2] };
}

export function waitForProblem(written: string): string | undefined {
  const parsed = parseWaitFor(written);
  return 'problem' in parsed ? parsed.problem : undefined;
}
