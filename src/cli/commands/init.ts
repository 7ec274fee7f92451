/** `iter8ctl init`: writes a manifest from flags to standard output. */
import { Command } from 'commander';
import { InvalidManifestError, UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { writeYamlDocuments } from '../../adapters/manifest/write-yaml.ts';
import type { WrittenExperiment } from '../../experiment/experiment.ts';
import { quickExperiment } from '../../experiment/experiment-from-flags.ts';
import { checkExperiment } from '../../validation/validate.ts';
import { PACKS, packExperiment } from '../../metric-packs/experiment-from-pack.ts';
import { payloadFrom } from '../payload-flag.ts';
import { durationFlag, numberFlag, repeated } from '../shared-flags.ts';

/** Flags that describe an experiment without a manifest; `run` takes them too. */
export interface QuickFlags {
  readonly url?: string[];
  readonly slo?: string[];
  readonly qps?: number;
  readonly requests?: number;
  readonly duration?: number;
  readonly header?: string[];
  readonly method?: string;
  readonly payload?: string;
  readonly contentType?: string;
  readonly name?: string;
}

/** What the load is like: only where a quick run sends it. */
export const LOAD_FLAGS = ['requests', 'duration', 'header', 'method', 'payload', 'contentType'] as const;

/** A flag as it is written. */
export const written = (flag: string): string => `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

export function withQuickFlags(command: Command): Command {
  return withLoadFlags(
    command
      .option('--url <[name=]url>', 'what to judge; twice for a baseline and a candidate', repeated)
      .option(
        '--slo <metric<=limit>',
        "an objective, e.g. 'p95<=300ms', 'error-rate<=1%', 'mean<=150ms'; repeat it",
        repeated,
      ),
    100,
  ).option('--name <name>', 'name of the experiment (default: made from the host)');
}

/** What the load is like. */
export function withLoadFlags(command: Command, requests?: number): Command {
  const planned = requests === undefined ? '' : ` (default ${requests})`;
  return command
    .option(
      '--qps <n>',
      'requests a second for each version (default 8; 0: as fast as possible)',
      numberFlag({ min: 0 }),
    )
    .option('--requests <n>', `planned requests for each version${planned}`, numberFlag({ min: 1, integer: true }))
    .option('--duration <duration>', 'planned length of the load, instead of --requests', durationFlag)
    .option('--header <name: value>', 'a header of every request; repeat it', repeated)
    .option('--method <method>', 'GET, HEAD, POST, PUT, PATCH, DELETE ... (default: POST with a payload, else GET)')
    .option('--payload <text>', 'the body of every request; @FILE: the text in that file')
    .option('--content-type <type>', 'of the payload (default: application/octet-stream)');
}

export async function experimentFromFlags(flags: QuickFlags, namespace: string | undefined) {
  return quickExperiment({
    urls: flags.url ?? [],
    slos: flags.slo ?? [],
    headers: flags.header ?? [],
    method: flags.method,
    payload: await payloadFrom(flags.payload),
    contentType: flags.contentType,
    name: flags.name,
    namespace,
    qps: flags.qps,
    requests: flags.requests,
    duration: flags.duration === undefined ? undefined : `${flags.duration / 1000}s`,
  });
}

export function initCommand(io: Io, done: (code: ExitCode) => void): Command {
  return withQuickFlags(new Command('init').description('writes a manifest from flags to standard output'))
    .option('-n, --namespace <name>', 'namespace to write into the manifest')
    .option(
      '--metrics <pack>',
      `judge live traffic by the counters of a mesh or proxy (with --url load is sent besides): ${PACKS.map(({ name }) => name).join(', ')}`,
    )
    .option('--prometheus <url>', 'with --metrics: where Prometheus is, as the experiment will reach it')
    .option('--versions <names>', 'with --metrics: the workload to judge, or BASELINE,CANDIDATE')
    .action(async (flags: InitFlags) => {
      const objects = flags.metrics === undefined ? [await sendingLoad(flags)] : watchingLive(flags, flags.metrics);
      io.stdout.write(writeYamlDocuments(objects));
      done(EXIT.ok);
    });
}

interface InitFlags extends QuickFlags {
  readonly namespace?: string;
  readonly metrics?: string;
  readonly prometheus?: string;
  readonly versions?: string;
}

async function sendingLoad(flags: InitFlags): Promise<WrittenExperiment> {
  for (const flag of ['prometheus', 'versions'] as const)
    if (flags[flag] !== undefined)
      throw new UsageError(`--${flag} goes with --metrics`, { hint: 'name a pack: --metrics istio' });
  return checked(await experimentFromFlags(flags, flags.namespace));
}

function watchingLive(flags: InitFlags, pack: string): object[] {
  for (const flag of LOAD_FLAGS)
    if (flags[flag] !== undefined)
      throw new UsageError(`${written(flag)} and --metrics cannot be given together`, {
        hint: 'with --url load is sent between measurements, 30 s each time; change the manifest for more',
      });
  if (flags.qps !== undefined && flags.url === undefined)
    throw new UsageError('--qps needs --url: with a metric pack alone no load is sent');
  if (flags.prometheus === undefined)
    throw new UsageError('--metrics needs --prometheus', {
      hint: 'for example --prometheus http://prometheus.monitoring:9090',
    });
  const { metrics, experiment } = packExperiment({
    pack,
    prometheus: flags.prometheus,
    versions: (flags.versions ?? '').split(',').filter((name) => name !== ''),
    slos: flags.slo ?? [],
    namespace: flags.namespace ?? 'default',
    name: flags.name,
    urls: flags.url,
    qps: flags.qps,
  });
  return [...metrics, checked(experiment)];
}

function checked(experiment: WrittenExperiment): WrittenExperiment {
  const issues = checkExperiment(experiment);
  if (issues.length > 0) throw new InvalidManifestError('these flags make no valid Experiment', issues);
  return experiment;
}
