/** The HTTP API with this cluster's ports. */
import type { KubeClient } from '../adapters/kube/api-client.ts';
import { messageOf } from '../errors.ts';
import type { Io } from '../io.ts';
import type { Log } from '../controller/structured-log.ts';
import { SIGNATURE } from '../version.ts';
import type { Context } from './context.ts';
import { openMetrics } from './open-driver.ts';
import { whoDrives } from './who-drives.ts';

export interface ApiSettings {
  readonly address: string;
  readonly auth: 'token' | 'none';
  readonly audience?: string | undefined;
  /** Absent: plain HTTP. */
  readonly tlsDir?: string | undefined;
  readonly prometheus?: string | undefined;
  readonly namespace?: string | undefined;
}

/** Resolves once it listens; the function closes it. */
export async function openApi(
  context: Context & { readonly kube: KubeClient },
  io: Io,
  settings: ApiSettings & { readonly log: Log },
): Promise<() => Promise<void>> {
  const [{ Api }, { Access }, { serveApi }, { followTlsPair, readTlsPair }, { Waits }, { mayThey, userOfToken }] =
    await Promise.all([
      import('../api/api.ts'),
      import('../api/access.ts'),
      import('../api/server.ts'),
      import('../api/tls-files.ts'),
      import('../api/wait-until-decided.ts'),
      import('../adapters/kube/token-review.ts'),
    ]);
  const { log, auth, audience, tlsDir } = settings;
  const { kube, store } = context;
  const reviews =
    auth === 'none'
      ? undefined
      : {
          userOf: (token: string, signal: AbortSignal) => userOfToken(kube, token, { audience, signal }),
          may: mayThey.bind(undefined, kube),
        };
  if (reviews === undefined)
    log('warn', 'the API answers whoever reaches it (--api-auth none)', { address: settings.address });
  // An engine of its own: a program that a caller sends must not hold up the measurements of experiments.
  const metrics = openMetrics(context, io, { ownNamespaceOnly: true });
  const waits = new Waits(store, io.clock);
  const api = new Api({
    store,
    access: new Access(reviews),
    waits,
    metrics,
    clock: io.clock,
    driven: (experiment, signal) => whoDrives(experiment, context, signal),
    prometheus: settings.prometheus,
    namespace: settings.namespace,
    by: SIGNATURE,
    log,
  });
  const tls = tlsDir === undefined ? undefined : await readTlsPair(tlsDir);
  const server = await serveApi({
    address: settings.address,
    tls,
    handle: (request) => api.answer(request),
    onError: (error) => log('error', 'a request of the API failed', { reason: messageOf(error) }),
  });
  const unfollow =
    tls === undefined || tlsDir === undefined
      ? undefined
      : followTlsPair(tlsDir, tls, {
          use: (pair) => {
            server.useTls(pair);
            log('info', 'the API has another certificate now');
          },
          onProblem: (text) => log('warn', 'the API keeps the certificate that it has', { reason: text }),
        });
  log('info', 'the API listens', { address: settings.address, port: server.port });
  return async () => {
    unfollow?.();
    waits.close();
    await server.close();
    await metrics.close();
  };
}
