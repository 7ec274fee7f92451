/**
 * What is wrong with the cluster and the user that were chosen in a kubeconfig: all of it at once, each with the field and the
 * entry that it stands in. client-node takes every value as it is. Pure.
 * Source: k8s.io/client-go/tools/clientcmd, validation of clusters and users.
 */
import { isObject } from '../../text/check-fields.ts';
import type { KubeCluster, KubeUser } from './kubeconfig-entries.ts';
import { isText, isTextList } from './value-types.ts';

const isUnset = (value: unknown): value is undefined | null | '' =>
  value === undefined || value === null || value === '';

/** `number 5`, `a list`; of a text nothing of its content, which may be a secret. */
function got(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'a map';
  return isText(value) ? 'text' : `${typeof value} ${JSON.stringify(value)}`;
}

/** The same of what may be a secret: a password of digits alone is one, too. */
const gotSecret = (value: unknown): string => (typeof value === 'number' ? 'a number' : got(value));

export function clusterProblems(cluster: KubeCluster, name: string): string[] {
  const found: string[] = [];
  const at = (field: string) => `${field} of cluster ${name}`;
  const texts: readonly (readonly [string, unknown])[] = [
    ['certificate-authority', cluster.caFile],
    ['certificate-authority-data', cluster.caData],
    ['tls-server-name', cluster.tlsServerName],
  ];
  for (const [field, value] of texts)
    if (!isUnset(value) && !isText(value)) found.push(`${at(field)}: expected text, got ${got(value)}`);
  if (!isUrl(cluster.server, ['http:', 'https:']))
    found.push(
      `${at('server')}: expected a URL with http:// or https://, got ${isText(cluster.server) ? shownUrl(cluster.server) : got(cluster.server)}`,
    );
  if (!isUnset(cluster.proxyUrl) && !isUrl(cluster.proxyUrl, PROXY_SCHEMES)) {
    const written = isText(cluster.proxyUrl) ? shownUrl(cluster.proxyUrl) : got(cluster.proxyUrl);
    found.push(`${at('proxy-url')}: expected a URL with http://, https:// or socks5://, got ${written}`);
  }
  found.push(...extensionProblems(cluster.extensions, at('extensions')));
  return found;
}

function extensionProblems(extensions: unknown, where: string): string[] {
  if (extensions === undefined) return [];
  const names = Array.isArray(extensions)
    ? extensions.map((one: unknown) => (isObject(one) ? one['name'] : undefined))
    : [undefined];
  if (!names.every(isText)) return [`${where}: expected a list of entries with name and extension`];
  const twice = names.find((name, index) => names.indexOf(name) < index);
  return twice === undefined ? [] : [`${where}: the name ${JSON.stringify(twice)} is there twice`];
}

/** What is no URL may hold a user and a password all the same. */
function shownUrl(written: string): string {
  return JSON.stringify(written.replace(/^.*@/s, '***@'));
}

/** `socks:` and its kin are what client-node takes as well. */
const PROXY_SCHEMES = ['http:', 'https:', 'socks5:', 'socks5h:', 'socks4:', 'socks4a:', 'socks:'];

function isUrl(value: unknown, schemes: readonly string[]): boolean {
  return isText(value) && URL.canParse(value) && schemes.includes(new URL(value).protocol) && value.includes('://');
}

export function userProblems(user: KubeUser, name: string): string[] {
  const found: string[] = [];
  const at = (field: string) => `${field} of user ${name}`;
  const texts: readonly (readonly [string, unknown])[] = [
    ['token', user.token],
    ['tokenFile', user.tokenFile],
    ['username', user.username],
    ['password', user.password],
    ['client-certificate', user.certFile],
    ['client-certificate-data', user.certData],
    ['client-key', user.keyFile],
    ['client-key-data', user.keyData],
    ['as', user.impersonateUser],
    ['as-uid', user.impersonateUid],
  ];
  for (const [field, value] of texts)
    if (!isUnset(value) && !isText(value)) found.push(`${at(field)}: expected text, got ${gotSecret(value)}`);
  const [hasCert, hasKey] = [
    !isUnset(user.certFile) || !isUnset(user.certData),
    !isUnset(user.keyFile) || !isUnset(user.keyData),
  ];
  if (hasCert && !hasKey)
    found.push(`${at('client-key')} is missing: it goes with the client-certificate that is there`);
  if (hasKey && !hasCert && isUnset(user.token) && isUnset(user.tokenFile) && isUnset(user.username) && !user.exec)
    found.push(`${at('client-certificate')} is missing: it goes with the client-key that is there`);
  found.push(...impersonationProblems(user, at), ...execProblems(user.exec, at), ...providerProblems(user, at));
  return found;
}

function impersonationProblems(user: KubeUser, at: (field: string) => string): string[] {
  const found: string[] = [];
  const groups: unknown = user.impersonateGroups;
  const extra: unknown = user.impersonateExtra;
  if (groups !== undefined && !isTextList(groups)) found.push(`${at('as-groups')}: expected a list of texts`);
  if (extra !== undefined && !(isObject(extra) && Object.values(extra).every(isTextList)))
    found.push(`${at('as-user-extra')}: expected a map of lists of texts`);
  if (isUnset(user.impersonateUser) && [groups, extra, user.impersonateUid].some((value) => !isUnset(value)))
    found.push(`${at('as')} is missing: as-uid, as-groups and as-user-extra go with it`);
  return found;
}

const MODES = ['Never', 'IfAvailable', 'Always'];

function execProblems(exec: unknown, at: (field: string) => string): string[] {
  if (exec === undefined || exec === null) return [];
  if (!isObject(exec)) return [`${at('exec')}: expected a map, got ${got(exec)}`];
  const found: string[] = [];
  const { command, args, env, apiVersion, installHint, interactiveMode } = exec;
  if (!isText(command) || command === '' || command.includes('\0'))
    found.push(
      `${at('exec.command')}: expected the name or path of a program, got ${isText(command) ? JSON.stringify(command) : got(command)}`,
    );
  if (args !== undefined && args !== null && !(isTextList(args) && !args.some((one) => one.includes('\0'))))
    found.push(`${at('exec.args')}: expected a list of texts, got ${got(args)}`);
  if (env !== undefined && env !== null && !(Array.isArray(env) && env.every(isVariable)))
    found.push(`${at('exec.env')}: expected a list of entries with name and value`);
  for (const [field, value] of Object.entries({ apiVersion, installHint }))
    if (!isUnset(value) && !isText(value)) found.push(`${at(`exec.${field}`)}: expected text, got ${got(value)}`);
  if (!isUnset(interactiveMode) && !MODES.includes(interactiveMode as string))
    found.push(`${at('exec.interactiveMode')}: expected one of ${MODES.join(', ')}`);
  return found;
}

const isVariable = (entry: unknown): boolean =>
  isObject(entry) &&
  isText(entry['name']) &&
  /^[^=\0]+$/.test(entry['name']) &&
  isText(entry['value']) &&
  !entry['value'].includes('\0');

/** Only OpenID Connect is left of them; the others ran commands whose output client-node puts into its errors. */
function providerProblems({ authProvider }: KubeUser, at: (field: string) => string): string[] {
  const provider: unknown = authProvider;
  if (provider === undefined || provider === null) return [];
  if (!isObject(provider) || !isText(provider['name'])) return [`${at('auth-provider')}: expected a map with a name`];
  if (provider['name'] !== 'oidc')
    return [
      `${at('auth-provider')}: there is no provider ${JSON.stringify(provider['name'])} (kubectl has none since 1.26); use a credential plugin: exec`,
    ];
  const config = provider['config'];
  if (config === undefined || config === null) return [];
  if (!isObject(config)) return [`${at('auth-provider.config')}: expected a map, got ${got(config)}`];
  return Object.entries(config)
    .filter(([, value]) => !isUnset(value) && !isText(value))
    .map(([field, value]) => `${at(`auth-provider.config.${field}`)}: expected text, got ${gotSecret(value)}`);
}
