/** `iter8ctl init`: writes a manifest from flags to standard output. */
import { Command } from 'commander';
import { EXIT, InvalidManifestError, type ExitCode } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { writeYaml } from '../../adapters/manifest/write.ts';
import { quickExperiment } from '../../domain/api/quick-experiment.ts';
import { checkExperiment } from '../../domain/check.ts';
import { durationFlag, numberFlag, repeated } from '../options.ts';

/** Flags that describe an experiment without a manifest; `run` takes them too. */
export interface QuickFlags {
  readonly url?: string[];
  readonly slo?: string[];
  readonly qps?: number;
  readonly requests?: number;
  readonly duration?: number;
  readonly header?: string[];
  readonly name?: string;
}

export function withQuickFlags(command: Command): Command {
  return command
    .option('--url <[name=]url>', 'what to judge; twice for a baseline and a candidate', repeated)
    .option(
      '--slo <metric<=limit>',
      "an objective, e.g. 'p95<=300ms', 'error-rate<=1%', 'mean<=150ms'; repeat it",
      repeated,
    )
    .option(
      '--qps <n>',
      'requests a second for each version (default 8; 0: as fast as possible)',
      numberFlag({ min: 0 }),
    )
    .option('--requests <n>', 'planned requests for each version (default 100)', numberFlag({ min: 1, integer: true }))
    .option('--duration <duration>', 'planned length of the load, instead of --requests', durationFlag)
    .option('--header <name: value>', 'a header of every request; repeat it', repeated)
    .option('--name <name>', 'name of the experiment (default: made from the host)');
}

export function experimentFromFlags(flags: QuickFlags, namespace: string | undefined) {
  return quickExperiment({
    urls: flags.url ?? [],
    slos: flags.slo ?? [],
    headers: flags.header ?? [],
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
    .action((flags: QuickFlags & { readonly namespace?: string }) => {
      const experiment = experimentFromFlags(flags, flags.namespace);
      const issues = checkExperiment(experiment);
      if (issues.length > 0) throw new InvalidManifestError('these flags make no valid Experiment', issues);
      io.stdout.write(writeYaml(experiment));
      done(EXIT.ok);
    });
}
