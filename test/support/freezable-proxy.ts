/** A TCP proxy whose connections can be frozen: open, and silent in both directions, as behind a dead firewall. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface FreezableProxy extends AsyncDisposable {
  readonly port: number;
  /** Freezes the connections that there are; later ones work. */
  freeze(): void;
}

export async function freezableProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<FreezableProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    freeze: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
