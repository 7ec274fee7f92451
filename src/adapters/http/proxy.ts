/** The proxy that the environment names for a server, as kubectl and other programs in Go read it. Pure. */

type Env = Readonly<Record<string, string | undefined>>;

/** A proxy, and the variable that names it. */
export interface EnvProxy {
  readonly url: string;
  readonly variable: string;
}

/**
 * The proxy, or undefined to connect directly. Lower case names count too; loopback is never proxied. Its URL is as it is
 * written, but for the scheme, which is http where it is left out: it may be no URL.
 * Source: golang.org/x/net/http/httpproxy.
 */
export function proxyFor(server: string, env: Env): EnvProxy | undefined {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined) return undefined;
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const variable = [name, name.toLowerCase()].find((one) => (env[one] ?? '') !== '');
  if (variable === undefined) return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return undefined;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const exempt = (env['NO_PROXY'] || env['no_proxy'] || '').split(',').map((entry) => entry.trim().toLowerCase());
  if (exempt.some((entry) => entry !== '' && exempts(entry, host.toLowerCase(), port))) return undefined;
  const proxy = env[variable]!.trim();
  return { variable, url: proxy.includes('://') ? proxy : `http://${proxy}` };
}

/** `*`, `host`, `host:port`, `.domain`, `domain` with all below it, an address, or a block of IPv4 addresses. */
function exempts(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const block = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(entry);
  if (block !== null) return inBlock(host, block[1]!, Number(block[2]));
  const withPort = /^(.+):(\d+)$/.exec(entry);
  if (withPort !== null && withPort[2] !== port) return false;
  const name = (withPort?.[1] ?? entry).replace(/^\*?\./, '.');
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

function inBlock(host: string, base: string, bits: number): boolean {
  const [a, b] = [addressOf(host), addressOf(base)];
  if (a === undefined || b === undefined || bits > 32) return false;
  const size = 2 ** (32 - bits);
  return Math.floor(a / size) === Math.floor(b / size);
}

function addressOf(text: string): number | undefined {
  const parts = text.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255))) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}
