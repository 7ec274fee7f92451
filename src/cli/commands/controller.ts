/** `iter8ctl controller`: drives, in the cluster, every experiment that nobody else drives. */
import { SYSTEM_NAMESPACE } from '../../experiment/metric-names.ts';
import { Command, Option } from 'commander';
import { UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { LEVELS, createLog, type Level, type Log } from '../../controller/structured-log.ts';
import { openContext, type Context } from '../context.ts';
import { openApi, type ApiSettings } from '../controller-api.ts';
import { measuredOutputs } from '../telemetry.ts';
import { notEmpty, numberFlag, prometheusFlag, withKubeFlags, type StoreFlags } from '../shared-flags.ts';

interface ControllerFlags extends StoreFlags {
  readonly selector?: string;
  readonly concurrency: number;
  readonly allowScripts?: boolean;
  readonly scriptImage?: string;
  readonly scriptServiceAccount: string;
  readonly healthAddress?: string;
  readonly leaderElection?: boolean;
  readonly apiAddress?: string;
  readonly apiAuth?: 'token' | 'none';
  readonly apiAudience?: string;
  readonly apiTlsDir?: string;
  readonly apiPlainHttp?: boolean;
  readonly apiPrometheus?: string;
  readonly logLevel: Level;
  readonly logFormat: 'json' | 'text';
}

const DEFAULT_CONCURRENCY = 10;

export function controllerCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('controller')
    .description('drives every experiment that nobody else drives: what install --image runs in the cluster')
    .option('-n, --namespace <name>', 'only experiments of this namespace (default: all)', notEmpty)
    .option('-l, --selector <labels>', 'only experiments with these labels')
    .option('--concurrency <n>', 'experiments at once', numberFlag({ min: 1, integer: true }), DEFAULT_CONCURRENCY)
    .option('--allow-scripts', 'run scripts of experiments, as Jobs in their namespaces')
    .option('--script-image <name>', 'image of these Jobs, with bash')
    .option('--script-service-account <name>', 'account of these Jobs, in the namespace of the experiment', 'default')
    .option(
      '--health-address <host:port>',
      'serve /healthz, /readyz and /metrics there; whoever reaches it may read them',
    )
    .option('--api-address <host:port>', 'serve the HTTP API there (docs/api.md); without it there is none', notEmpty)
    .addOption(
      new Option(
        '--api-auth <how>',
        'whose requests it answers: tokens of the cluster and their rights, or anybody',
      ).choices(['token', 'none']),
    )
    .option(
      '--api-audience <name>',
      'whom tokens have to be made for (default: the API server of the cluster)',
      notEmpty,
    )
    .option(
      '--api-tls-dir <dir>',
      'tls.crt and tls.key of the API, where a Secret is mounted; read again when they change',
    )
    .option('--api-plain-http', 'tokens without TLS: where the network encrypts by itself')
    .option('--api-prometheus <url>', 'the Prometheus that verdicts ask; without it there are none', prometheusFlag)
    .option('--no-leader-election', 'drive at once, whoever else does')
    .addOption(new Option('--log-level <level>', 'least level that is logged').choices([...LEVELS]).default('info'))
    .addOption(new Option('--log-format <format>', 'how').choices(['json', 'text']).default('json'));
  return withKubeFlags(command).action(async (flags: ControllerFlags) => {
    done(await controller(flags, io));
  });
}

async function controller(flags: ControllerFlags, io: Io): Promise<ExitCode> {
  if (flags.allowScripts === true && flags.scriptImage === undefined)
    throw new UsageError('--allow-scripts needs --script-image: the image of the Jobs that run them');
  const api = apiSettings(flags);
  const log = createLog(io.stderr, { clock: io.clock, level: flags.logLevel, format: flags.logFormat });
  const stop = new AbortController();
  let code: ExitCode = EXIT.ok;
  const stopListening = io.onSignal((signal) => {
    // A controller that ends when its cluster ends it has done all that it was asked: its pod is Completed, not in Error.
    code = signal === 'SIGTERM' ? EXIT.ok : EXIT.interrupted;
    log('info', 'stopping: what is measured is saved, and locks are released', { signal });
    stop.abort();
  });
  try {
    const lost = await lead(flags, io, { api, log, stop: stop.signal });
    return lost ? EXIT.unavailable : code;
  } finally {
    stopListening();
  }
}

/** @throws UsageError */
function apiSettings(flags: ControllerFlags): ApiSettings | undefined {
  const { apiAddress: address, apiAuth, apiAudience: audience, apiTlsDir: tlsDir, apiPrometheus: prometheus } = flags;
  const { apiPlainHttp = false } = flags;
  if (address === undefined) {
    if (apiPlainHttp || [apiAuth, audience, tlsDir, prometheus].some((one) => one !== undefined))
      throw new UsageError('the flags --api-... need --api-address: without it there is no API');
    return undefined;
  }
  const auth = apiAuth ?? 'token';
  if (auth === 'none' && audience !== undefined)
    throw new UsageError('--api-audience is about tokens: not with --api-auth none');
  if (tlsDir !== undefined && apiPlainHttp) throw new UsageError('give --api-tls-dir or --api-plain-http, not both');
  if (auth === 'token' && tlsDir === undefined && !apiPlainHttp)
    throw new UsageError('tokens would go over the network as they are: --api-tls-dir is missing', {
      hint: 'or --api-plain-http, where the network encrypts by itself; or --api-auth none, to ask for no token',
    });
  return { address, auth, audience, tlsDir, prometheus, namespace: flags.namespace };
}

/** Waits to be the leader, then drives until `stop`, or until the lead is lost: true then. */
async function lead(
  flags: ControllerFlags,
  io: Io,
  how: { readonly api: ApiSettings | undefined; readonly log: Log; readonly stop: AbortSignal },
): Promise<boolean> {
  const { log, stop } = how;
  const [
    { Reconciler },
    { healthAnswer },
    { createDrive },
    { createLeaseLock },
    { whileLeading },
    { MeasuredExperiments },
    { controllerSamples },
    { serveTexts },
  ] = await Promise.all([
    import('../../controller/reconcile.ts'),
    import('../../controller/health-answer.ts'),
    import('../controller-drive.ts'),
    import('../../adapters/kube/lease.ts'),
    import('../../controller/leader.ts'),
    import('../../telemetry/measured-experiments.ts'),
    import('../../telemetry/controller-samples.ts'),
    import('../../adapters/telemetry/http-server.ts'),
  ]);
  const pod = io.env['POD_NAME'];
  const opened = await openContext({ ...flags, local: false }, io, (text) => log('warn', text));
  const context: Context =
    pod === undefined ? opened : { ...opened, self: { ...opened.self, description: `controller ${pod}` } };
  const { kube } = context;
  if (kube === undefined) throw new UsageError('the controller needs a cluster');
  let synced = false;
  let leading = false;
  const ended = new AbortController();
  const driving = await createDrive(context, io, { ...flags, allowScripts: flags.allowScripts === true, log });
  const experiments = new MeasuredExperiments(io.clock, (key) => reconciler.isDriven(key));
  const reconciler = new Reconciler(
    {
      store: context.store,
      lock: context.lock,
      self: context.self,
      clock: io.clock,
      log,
      drive: driving.drive,
      seen: (experiment) => experiments.see(experiment),
      gone: (key) => experiments.forget(key),
    },
    {
      namespace: flags.namespace,
      selector: flags.selector,
      stop: AbortSignal.any([stop, ended.signal]),
      onSynced: () => (synced = true),
    },
  );
  const measured = await measuredOutputs(
    io,
    () => [
      ...controllerSamples({ ...reconciler.state, leading, turns: driving.turns() }),
      // One that stands by has seen nothing, or no longer sees it.
      ...(leading ? experiments.samples() : []),
    ],
    (text) => log('warn', text),
  );
  const health = { ready: () => synced || !leading, metrics: (accept: string) => measured.text(accept) };
  const server =
    flags.healthAddress === undefined
      ? undefined
      : await serveTexts(flags.healthAddress, '--health-address', (asked) => healthAnswer(asked, health));
  const closeApi = how.api === undefined ? undefined : await openApi({ ...context, kube }, io, { ...how.api, log });
  log('info', 'controller started', { cluster: context.store.description, namespace: flags.namespace ?? 'all' });
  try {
    if (flags.leaderElection === false) {
      leading = true;
      await reconciler.run();
      return false;
    }
    const home = io.env['POD_NAMESPACE'] ?? SYSTEM_NAMESPACE;
    const lock = createLeaseLock(kube, () => Promise.resolve({ namespace: home, name: 'iter8ctl-controller' }));
    const ports = { lock, key: { namespace: home, name: 'controller' }, self: context.self, clock: io.clock, log };
    return await whileLeading(ports, stop, async (lost) => {
      leading = true;
      lost.addEventListener('abort', () => ended.abort(), { once: true });
      try {
        await reconciler.run();
      } finally {
        leading = false;
      }
    });
  } catch (error) {
    if (stop.aborted) return false;
    throw error;
  } finally {
    await closeApi?.();
    await server?.close();
    await driving.close();
    await measured.end();
  }
}
