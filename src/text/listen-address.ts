/** Where a server of ours listens: `host:port`, or a port alone. */
import { UsageError } from '../errors.ts';

const MOST = 65_535;

/**
 * A port alone is on loopback: who wants others to reach it says so (`0.0.0.0:9090`). Port 0: a free one.
 *
 * @throws UsageError when it is neither
 */
export function listenAddress(text: string, flag: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^(?:(\[[\da-fA-F:.]+\]|[\w.-]+)?:)?(\d{1,5})$/.exec(text) ?? [];
  if (port === '' || Number(port) > MOST)
    throw new UsageError(`${flag} ${text}: expected HOST:PORT or PORT`, { hint: `for example ${flag} 127.0.0.1:9090` });
  return { host: host === '' ? '127.0.0.1' : host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
