/** `iter8ctl install` and `uninstall`: CRDs, roles and, with an image, the controller. */
import { Command, Option } from 'commander';
import { ConflictError, UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { withDefaults } from '../../experiment/defaults.ts';
import type { ApiOptions, OtelOptions } from '../../install/deployment.ts';
import type { Io } from '../../io.ts';
import { whileWaiting } from '../../render/spinner.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { openKube } from '../context.ts';
import { readManifests } from '../manifest-flags.ts';
import {
  durationFlag,
  notEmpty,
  numberFlag,
  prometheusFlag,
  repeated,
  withKubeFlags,
  type StoreFlags,
} from '../shared-flags.ts';

interface InstallFlags extends StoreFlags {
  readonly dryRun?: boolean;
  readonly image?: string;
  readonly replicas: number;
  readonly allowScripts?: boolean;
  readonly scriptImage?: string;
  readonly api?: boolean;
  readonly apiTlsSecret?: string;
  readonly apiPlainHttp?: boolean;
  readonly apiPrometheus?: string;
  readonly otel?: readonly string[];
  readonly otelHeadersSecret?: string;
  readonly timeout: number;
  readonly forceConflicts?: boolean;
  readonly printRole?: boolean;
  readonly filename?: readonly string[];
  readonly ignoreOthers?: boolean;
}

interface UninstallFlags extends StoreFlags {
  readonly dryRun?: boolean;
  readonly deleteExperiments?: boolean;
}

const DEFAULT_WAIT_MS = 120_000;

export function installCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('install')
    .description('makes the CRDs and roles in the cluster, and with --image the controller')
    .option('--dry-run', 'print the objects as YAML, change nothing')
    .option('--image <name>', 'run the controller of this image in the cluster (see deploy/)')
    .option('--replicas <n>', 'controllers; one drives, the others wait', numberFlag({ min: 0, integer: true }), 1)
    .option('--allow-scripts', 'the controller may run scripts of experiments, as Jobs beside them')
    .option('--script-image <name>', 'image of these Jobs, with bash (default: that of --image)')
    .option('--api', 'the controller serves the HTTP API, as Service iter8ctl-api (docs/api.md)')
    .option('--api-tls-secret <name>', 'Secret of type kubernetes.io/tls in iter8-system, for the API', notEmpty)
    .option('--api-plain-http', 'the API without TLS: tokens go over the network as they are')
    .option('--api-prometheus <url>', 'the Prometheus that verdicts of the API ask', prometheusFlag)
    .option(
      '--otel <name=value>',
      'a variable of OpenTelemetry: where the controller pushes measured values (docs/observability.md); repeat it',
      repeated,
    )
    .option(
      '--otel-headers-secret <name>',
      'Secret in iter8-system whose key headers goes with each push, such as Authorization=...',
      notEmpty,
    )
    .option('--print-role', 'with -f: print the Roles that driving this experiment takes, as YAML, and change nothing')
    .option('-f, --filename <file>', 'with --print-role: the manifest of the experiment; repeat it', repeated)
    .option('--ignore-others', 'with -f: skip objects of other kinds in these files, with a note')
    .option('--force-conflicts', 'take over fields that others have set to something else')
    .addOption(
      new Option('--timeout <duration>', 'longest wait for the controller to be available')
        .argParser(durationFlag)
        .default(DEFAULT_WAIT_MS, '2m'),
    );
  return withKubeFlags(command).action(async (flags: InstallFlags) => {
    await install(flags, io);
    done(EXIT.ok);
  });
}

async function install(flags: InstallFlags, io: Io): Promise<void> {
  if (flags.printRole === true) return printRole(flags, io);
  if (flags.filename !== undefined) throw new UsageError('-f goes with --print-role: install takes no manifest');
  if (flags.image === undefined && (flags.allowScripts === true || flags.scriptImage !== undefined))
    throw new UsageError('--allow-scripts and --script-image are about the controller: they go with --image');
  const api = apiOf(flags);
  const otel = await otelOf(flags);
  const { installObjects } = await import('../../install/manifests.ts');
  const objects = installObjects(
    flags.image === undefined
      ? undefined
      : {
          image: flags.image,
          replicas: flags.replicas,
          allowScripts: flags.allowScripts === true,
          scriptImage: flags.scriptImage ?? flags.image,
          api,
          otel,
        },
  );
  if (flags.dryRun === true) {
    const { writeYamlDocuments } = await import('../../adapters/manifest/write-yaml.ts');
    io.stdout.write(writeYamlDocuments(objects.map(({ object }) => object)));
    return;
  }
  const [{ applyObject, fieldsOfOthers, waitUntilReady }, { objectText }, client] = await Promise.all([
    import('../../install/apply.ts'),
    import('../../install/install-object.ts'),
    openKube(flags, io),
  ]);
  const force = flags.forceConflicts === true;
  const taken = (await fieldsOfOthers(client, objects)).map(
    ({ object, owner, field }) => `${object}: ${field} belongs to ${owner}`,
  );
  if (taken.length > 0 && !force) {
    throw new ConflictError(`nothing is installed: others have set fields that install would change`, {
      details: taken,
      hint: 'if they may be taken over: --force-conflicts',
    });
  }
  for (const line of taken) io.stderr.write(`taken over: ${sanitizeLine(line)}\n`);
  for (const one of objects) {
    io.stdout.write(`${objectText(one)} ${await applyObject(client, one, { force })}\n`);
    await whileWaiting(`waiting until ${objectText(one)} is ready`, { output: io.stderr, env: io.env }, () =>
      waitUntilReady(client, one, { clock: io.clock, waitMs: flags.timeout }),
    );
  }
  io.stderr.write(
    flags.image === undefined
      ? `installed in ${sanitizeLine(client.description)}; experiments are driven by iter8ctl run (for a controller: --image)\n`
      : `installed in ${sanitizeLine(client.description)}; experiments are driven by the controller as soon as they are created\n`,
  );
}

/** @throws UsageError */
function apiOf(flags: InstallFlags): ApiOptions | undefined {
  const { apiTlsSecret: tlsSecret, apiPrometheus: prometheus, apiPlainHttp = false } = flags;
  if (flags.api !== true) {
    if (tlsSecret !== undefined || prometheus !== undefined || apiPlainHttp)
      throw new UsageError('--api-tls-secret, --api-plain-http and --api-prometheus go with --api');
    return undefined;
  }
  if (flags.image === undefined) throw new UsageError('--api is about the controller: it goes with --image');
  if ((tlsSecret !== undefined) === apiPlainHttp)
    throw new UsageError('--api needs --api-tls-secret, or --api-plain-http where the network encrypts by itself');
  return { tlsSecret, prometheus };
}

/** @throws UsageError */
async function otelOf(flags: InstallFlags): Promise<OtelOptions | undefined> {
  if (flags.otel === undefined && flags.otelHeadersSecret === undefined) return undefined;
  if (flags.image === undefined)
    throw new UsageError('--otel and --otel-headers-secret are about the controller: they go with --image');
  return (await import('../otel-flags.ts')).otelOptions(flags);
}

/** What the experiment of a manifest needs; the cluster is asked only how the kinds are called that hold its weights. */
async function printRole(flags: InstallFlags, io: Io): Promise<void> {
  const { filename: files } = flags;
  if (files === undefined) throw new UsageError('--print-role is about one experiment: name its manifest with -f');
  const [{ neededPermissions }, { weightPermissions }, roles, { writeYamlDocuments }] = await Promise.all([
    import('../../preflight/permissions.ts'),
    import('../try-traffic.ts'),
    import('../../install/roles-of-one-experiment.ts'),
    import('../../adapters/manifest/write-yaml.ts'),
  ]);
  const { experiment: written } = await readManifests(files, io, flags);
  const { versionInfo } = written.spec;
  const versions = versionInfo === undefined ? [] : [versionInfo.baseline, ...(versionInfo.candidates ?? [])];
  const namespace = written.metadata.namespace ?? flags.namespace;
  const isAsked = namespace === undefined || versions.some(({ weightObjRef }) => weightObjRef !== undefined);
  const kube = isAsked ? await openKube(flags, io) : undefined;
  const experiment = withDefaults(written, { namespace: namespace ?? kube?.namespace ?? 'default' });
  const found = roles.experimentRoles(experiment.metadata.name, [
    ...neededPermissions(experiment, { create: true }),
    ...(kube === undefined ? [] : await weightPermissions(experiment, kube)),
  ]);
  io.stdout.write(`${roles.bindingHint(found)}${writeYamlDocuments(found)}`);
}

export function uninstallCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('uninstall')
    .description('removes what install made; refuses while there are experiments')
    .option('--dry-run', 'say what would be removed, change nothing')
    .option('--delete-experiments', 'also when there are experiments: they go too, with all that they measured');
  return withKubeFlags(command).action(async (flags: UninstallFlags) => {
    await uninstall(flags, io);
    done(EXIT.ok);
  });
}

async function uninstall(flags: UninstallFlags, io: Io): Promise<void> {
  const [{ countExperiments, deleteObject, findObject, waitUntilGone }, { uninstallObjects }, { objectText }, client] =
    await Promise.all([
      import('../../install/apply.ts'),
      import('../../install/manifests.ts'),
      import('../../install/install-object.ts'),
      openKube(flags, io),
    ]);
  const { count, some } = await countExperiments(client);
  if (count > 0 && flags.deleteExperiments !== true) {
    throw new UsageError(
      `there ${count === 1 ? 'is 1 experiment' : `are ${count} experiments`} in ${client.description}: ${some.join(', ')}${count > some.length ? ' ...' : ''}`,
      {
        hint: 'without the CRDs they are gone, with all that they measured; if that is what you want: --delete-experiments',
      },
    );
  }
  for (const one of uninstallObjects()) {
    if (flags.dryRun === true) {
      if (await findObject(client, one)) io.stdout.write(`${objectText(one)} would be removed\n`);
    } else if (await deleteObject(client, one)) {
      await whileWaiting(`waiting until ${objectText(one)} is gone`, { output: io.stderr, env: io.env }, () =>
        waitUntilGone(client, one, { clock: io.clock, waitMs: DEFAULT_WAIT_MS }),
      );
      io.stdout.write(`${objectText(one)} removed\n`);
    }
  }
}
