/** Which question a method and a path are. Pure. */
import type { ObjectKey } from '../experiment/experiment.ts';
import { LABEL, LONGEST_NAME, SUBDOMAIN } from '../experiment/object-names.ts';
import { parseDurationMs } from '../text/duration.ts';
import { splitOnce } from '../text/split-once.ts';
import { RefusedError } from './answer.ts';
import { LONGEST_WAIT_MS } from './wait-until-decided.ts';

export const HOOKS = ['rollout', 'confirm-promotion', 'rollback', 'event'] as const;
export type Hook = (typeof HOOKS)[number];

export type Route =
  | { readonly kind: 'experiment'; readonly key: ObjectKey; readonly waitMs: number }
  | { readonly kind: 'verdict'; readonly namespace: string }
  | { readonly kind: 'flagger'; readonly hook: Hook };

export const isNamespace = (text: string): boolean => LABEL.test(text);
export const isName = (text: string): boolean => text.length <= LONGEST_NAME && SUBDOMAIN.test(text);

/** @throws RefusedError */
export function routeOf(method: string, target: string): Route {
  const [path, search] = splitOnce(target, '?');
  const parts = path.split('/');
  const [, v1, namespaces, namespace = '', kind, name = ''] = parts;
  if (v1 === 'v1' && namespaces === 'namespaces' && isNamespace(namespace)) {
    if (kind === 'experiments' && parts.length === 6 && isName(name)) {
      expectMethod(method, 'GET');
      return { kind: 'experiment', key: { namespace, name }, waitMs: waitOf(search) };
    }
    if (kind === 'verdicts' && parts.length === 5) {
      expectMethod(method, 'POST');
      expectNoQuery(search);
      return { kind: 'verdict', namespace };
    }
  }
  const hook = HOOKS.find((one) => path === `/flagger/v1/${one}`);
  if (hook !== undefined) {
    expectMethod(method, 'POST');
    expectNoQuery(search);
    return { kind: 'flagger', hook };
  }
  throw new RefusedError(404, 'there is nothing at this path', {
    details: [
      'GET /v1/namespaces/NAMESPACE/experiments/NAME?wait=60s',
      'POST /v1/namespaces/NAMESPACE/verdicts',
      `POST /flagger/v1/${HOOKS.join('|')}`,
    ],
  });
}

function expectMethod(method: string, allowed: string): void {
  if (method !== allowed) throw new RefusedError(405, `expected ${allowed}`, { headers: { Allow: allowed } });
}

function expectNoQuery(search: string | undefined): void {
  if (search !== undefined && search !== '') throw new RefusedError(400, 'there are no parameters here');
}

function waitOf(search: string | undefined): number {
  const parameters = [...new URLSearchParams(search ?? '')];
  if (parameters.length === 0) return 0;
  const [name, text] = parameters[0]!;
  if (parameters.length > 1 || name !== 'wait') throw new RefusedError(400, 'the only parameter is wait, once');
  const ms = parseDurationMs(text) ?? -1;
  if (!(ms >= 0 && ms <= LONGEST_WAIT_MS))
    throw new RefusedError(400, `wait: expected a duration from 0s to ${LONGEST_WAIT_MS / 1000}s, such as 60s`);
  return ms;
}
