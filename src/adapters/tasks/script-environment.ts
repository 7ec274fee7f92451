/** What a script on this machine gets of our own environment: what programs need to work, nothing that says who we are. */

/** Names, besides LC_*. docs/cluster.md lists them too. */
const PASSED: ReadonlySet<string> = new Set(
  'PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TERM TMPDIR XDG_CONFIG_HOME XDG_CACHE_HOME SSL_CERT_FILE SSL_CERT_DIR NO_PROXY no_proxy'.split(
    ' ',
  ),
);
const PROXIES: ReadonlySet<string> = new Set(
  'HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy'.split(' '),
);

export function passedEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    if (PASSED.has(name) || name.startsWith('LC_')) passed[name] = value;
    else if (PROXIES.has(name)) passed[name] = withoutUser(value);
  }
  return passed;
}

/** How to get out of the network, without a user and a password. */
function withoutUser(proxy: string): string {
  return proxy.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/i, '$1');
}
