/** Lets a server of ours listen where a flag says, or says why it cannot. */
import type { AddressInfo, Server } from 'node:net';
import { messageOf, UsageError } from '../../errors.ts';
import { listenAddress } from '../../text/listen-address.ts';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'no permission to listen there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its host name cannot be looked up now',
};

/**
 * Resolves with the host and the port once it listens; a port 0 has become a free one. `onError` takes what goes wrong with single
 * connections from then on.
 *
 * @throws UsageError when it is no address, or it cannot listen there
 */
export async function listen(
  server: Server,
  {
    address,
    flag,
    onError,
  }: { readonly address: string; readonly flag: string; readonly onError: (error: Error) => void },
): Promise<{ readonly host: string; readonly port: number }> {
  const { host, port } = listenAddress(address, flag);
  await new Promise<void>((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => {
      const reason = REASONS[error.code ?? ''] ?? messageOf(error);
      reject(new UsageError(`${flag} ${address}: ${reason}`, { hint: 'name another address', cause: error }));
    };
    server.once('error', refused);
    server.listen(port, host, () => {
      server.off('error', refused).on('error', onError);
      resolve();
    });
  });
  return { host, port: (server.address() as AddressInfo).port };
}
