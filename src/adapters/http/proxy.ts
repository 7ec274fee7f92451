/** The proxy that the environment names for a server, as kubectl and other programs in Go read it. Pure. */
import { BlockList, isIP } from 'node:net';

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
  if (isLoopback(url)) return undefined;
  const host = hostOf(url);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  // Commas as programs in Go have them, or spaces as curl also takes.
  const exempt = (env['NO_PROXY'] || env['no_proxy'] || '').toLowerCase().split(/[\s,]+/);
  if (exempt.some((entry) => entry !== '' && exempts(entry, host, port))) return undefined;
  const proxy = env[variable]!.trim();
  return { variable, url: proxy.includes('://') ? proxy : `http://${proxy}` };
}

/** Whether what is sent there stays on this machine. */
export function isLoopback(url: URL): boolean {
  const host = hostOf(url);
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');

/** `*`, `host`, `host:port`, `.domain`, `domain` with all below it, an address (`[::1]:443` with its port), or a block of them. */
function exempts(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const block = /^([\d.]+|[\da-f:.]*:[\da-f:.]*)\/(\d{1,3})$/.exec(entry);
  if (block !== null) return inBlock(host, block[1]!, Number(block[2]));
  const [, name = '', own] = isIP(entry) === 6 ? ['', entry] : (/^(.+?)(?::(\d+))?$/.exec(entry) ?? []);
  if (own !== undefined && own !== port) return false;
  const bare = name
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/^\*?\./, '.')
    .replace(/(?<=.)\.$/, '');
  if (isIP(bare) !== 0) return inBlock(host, bare, isIP(bare) === 6 ? 128 : 32);
  return bare.startsWith('.') ? host.endsWith(bare) : host === bare || host.endsWith(`.${bare}`);
}

function inBlock(host: string, base: string, bits: number): boolean {
  const version = isIP(base);
  if (version === 0 || isIP(host) !== version || bits > (version === 6 ? 128 : 32)) return false;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  const block = new BlockList();
  block.addSubnet(base, bits, family);
  return block.check(host, family);
}
