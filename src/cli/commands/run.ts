/** `iter8ctl run`: starts or resumes an experiment, drives it to its end, shows it live, prints the recommendation. */
import { Command } from 'commander';
import { UsageError, type Issue } from '../../errors.ts';
import type { ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import type { WrittenExperiment } from '../../experiment/experiment.ts';
import type { WrittenMetric } from '../../experiment/metric.ts';
import { asExperiment, checkedExperiment, checkManifest, namespaceOf } from '../check-manifest.ts';
import { openApprovals, openContext, whileConnecting, type Context } from '../context.ts';
import { driveToEnd, type DrivingOptions } from '../drive-and-show.ts';
import { withTimeLimit } from '../end-from-outside.ts';
import { readManifests } from '../manifest-flags.ts';
import {
  durationFlag,
  flagText,
  repeated,
  strengthOf,
  withChartFlag,
  withOutputFlags,
  withStoreFlags,
  withStrengthFlags,
  type OutputFlags,
  type StoreFlags,
  type StrengthFlags,
} from '../shared-flags.ts';
import { reported, withReportFlag, withReports, type ReportFlags } from '../report-files.ts';
import { withCiFlag } from '../ci-report.ts';
import { createProgress, type Progress } from '../progress-display.ts';
import { seenBy, withMeasuredValues, withMetricsFlag, type MetricsFlags } from '../telemetry.ts';
import { namedExperiment } from '../choose-experiment.ts';
import { ANSWER_FORMATS } from '../print-experiment.ts';
import { createScriptGate } from '../script-gate.ts';
import { settle } from '../start-or-resume.ts';
import { experimentFromFlags, LOAD_FLAGS, withQuickFlags, type QuickFlags } from '../quick-flags.ts';

export interface RunFlags extends StoreFlags, OutputFlags, StrengthFlags, QuickFlags, ReportFlags, MetricsFlags {
  readonly filename?: string[];
  readonly ignoreOthers?: boolean;
  readonly restart?: boolean;
  readonly keepSplit?: boolean;
  readonly overwriteMetrics?: boolean;
  readonly allowScripts?: boolean;
  readonly timeout?: number;
}

export function runCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('run')
    .description('starts an experiment, drives it to its end, shows it live, prints the recommendation')
    .argument('[name]', 'an experiment that is there; or give -f, or --url and --slo')
    .option('-f, --filename <file>', 'manifest: a file, a folder, a URL, - for standard input; repeat it', repeated)
    .option('--ignore-others', 'skip objects of other kinds in these files, with a note')
    .option('--keep-split', 'leave traffic where it is when the experiment ends without a promotion, or is interrupted')
    .option('--restart', 'delete what an earlier run left under this name, and start again')
    .option('--overwrite-metrics', 'replace metrics that differ from those in the manifest')
    .option('--allow-scripts', 'run the scripts of an experiment that does not come from a file of yours')
    .option('--timeout <duration>', 'end (saved, exit 5) when the command takes longer', durationFlag);
  withMetricsFlag(withCiFlag(withChartFlag(withReportFlag(command))));
  withOutputFlags(withStrengthFlags(withStoreFlags(withQuickFlags(command))), ANSWER_FORMATS);
  return command.action(async (name: string | undefined, flags: RunFlags) =>
    done(await runExperiment(name, flags, io)),
  );
}

async function runExperiment(name: string | undefined, flags: RunFlags, io: Io): Promise<ExitCode> {
  const strength = strengthOf(flags);
  return withTimeLimit(io, flags, async (over) => {
    const source = await readSource(name, flags, io);
    return withReports(flags, io, (reports) => runFrom(source, { flags, io, over, strength, reports }));
  });
}

type RunOptions = Pick<DrivingOptions, 'io' | 'over' | 'strength' | 'reports'> & { readonly flags: RunFlags };

async function runFrom(source: Source, how: RunOptions): Promise<ExitCode> {
  const { flags, io, reports } = how;
  const progress = reported(createProgress(io, flags), reports);
  try {
    return await withMeasuredValues({ io, flags, say: progress.say }, (see) =>
      runShown(source, { ...how, progress: seenBy(progress, see) }),
    );
  } finally {
    progress.end();
  }
}

async function runShown(source: Source, how: RunOptions & { readonly progress: Progress }): Promise<ExitCode> {
  const { flags, io, over, strength, reports, progress } = how;
  const context = await openContext(flags, io, progress.say);
  const start =
    source.kind === 'name'
      ? await fromStore(context, source.name, { io, strength })
      : await fromManifest(context, source, flags);
  const scripts = createScriptGate({
    context,
    approvals: () => openApprovals(io),
    allowAll: flags.allowScripts === true,
    own: source.kind === 'manifest' && source.origin === 'file' ? source.experiment : undefined,
    from: source.kind === 'manifest' ? source.label : 'the cluster or folder, not from a file of yours',
    say: progress.say,
  });
  await scripts.check(start.given ? asExperiment(start.written, context.namespace) : start.experiment);
  const settled = await whileConnecting(context, io, () =>
    settle(context, start, { restart: flags.restart === true, say: progress.say }),
  );
  return driveToEnd(settled, { context, io, flags, over, strength, progress, reports, scripts });
}

async function fromStore(context: Context, name: string, { io, strength }: Pick<DrivingOptions, 'io' | 'strength'>) {
  const experiment = await whileConnecting(context, io, () => namedExperiment(context, name));
  return { experiment: checkedExperiment(experiment, context, strength), given: false as const };
}

type Source =
  | { readonly kind: 'name'; readonly name: string }
  | {
      readonly kind: 'manifest';
      readonly experiment: WrittenExperiment;
      readonly metrics: readonly WrittenMetric[];
      readonly locate: (issue: Issue) => Issue;
      readonly label: string;
      readonly origin: 'file' | 'stdin' | 'url';
    };

async function readSource(name: string | undefined, flags: RunFlags, io: Io): Promise<Source> {
  const quick = flags.url !== undefined || flags.slo !== undefined;
  const given = [name !== undefined, flags.filename !== undefined, quick].filter(Boolean).length;
  if (given === 0) {
    throw new UsageError('run needs to know what to run', {
      hint: "give -f FILE, or --url URL --slo 'p95<=300ms', or the name of an experiment",
    });
  }
  if (given > 1) throw new UsageError('give one of: a name, -f, --url with --slo');
  if (!quick) refuseQuickFlags(flags);
  if (name !== undefined) return { kind: 'name', name };
  if (quick) {
    return {
      kind: 'manifest',
      experiment: await experimentFromFlags(flags, flags.namespace),
      metrics: [],
      locate: (issue) => issue,
      label: 'the experiment made from these flags',
      origin: 'file',
    };
  }
  const loaded = await readManifests(flags.filename!, io, flags);
  return {
    kind: 'manifest',
    experiment: loaded.experiment,
    metrics: loaded.metrics,
    locate: loaded.locate,
    label: loaded.label,
    origin: loaded.origin,
  };
}

/** They describe an experiment that has no manifest; beside one they would be ignored in silence. */
function refuseQuickFlags(flags: RunFlags): void {
  const given = [...LOAD_FLAGS, 'qps' as const, 'name' as const].filter((flag) => flags[flag] !== undefined);
  if (given.length === 0) return;
  throw new UsageError(`${given.map((flag) => flagText(flag)).join(', ')} goes with --url only`, {
    hint: 'write it into the manifest',
  });
}

async function fromManifest(
  context: Context,
  source: Extract<Source, { kind: 'manifest' }>,
  flags: RunFlags,
): Promise<{
  readonly written: WrittenExperiment;
  readonly metrics: readonly WrittenMetric[];
  readonly overwriteMetrics: boolean;
  readonly given: true;
}> {
  const { experiment } = source;
  checkManifest(experiment, context.mode, source, strengthOf(flags));
  const namespace = namespaceOf(experiment, context, flags);
  const written = { ...experiment, metadata: { ...experiment.metadata, namespace } };
  return { written, metrics: source.metrics, overwriteMetrics: flags.overwriteMetrics === true, given: true };
}
