/** `iter8ctl init`: writes a manifest from flags to standard output. */
import { Command } from 'commander';
import { InvalidManifestError, UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { writeYamlDocuments } from '../../adapters/manifest/write-yaml.ts';
import type { WrittenExperiment } from '../../experiment/experiment.ts';
import { checkExperiment } from '../../validation/validate.ts';
import { PACKS, packExperiment } from '../../metric-packs/experiment-from-pack.ts';
import { experimentFromFlags, LOAD_FLAGS, withQuickFlags, type QuickFlags } from '../quick-flags.ts';
import { flagText } from '../shared-flags.ts';

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
      throw new UsageError(`${flagText(flag)} and --metrics cannot be given together`, {
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
