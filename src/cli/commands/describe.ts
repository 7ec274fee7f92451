/** `iter8ctl describe [NAME]`, `describe -f FILE|-`: one picture of one experiment. */
import { Command } from 'commander';
import { UsageError } from '../../errors.ts';
import { EXIT, exitCodeOf, type ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { hasEnded } from '../../experiment/conditions.ts';
import { knownJudgement } from '../../judge/iter8-07/judge-recorded-object.ts';
import type { Driven } from '../../view/experiment-view.ts';
import { openContext, whileConnecting } from '../context.ts';
import { withChartFlag, withOutputFlags, withStoreFlags, type OutputFlags, type StoreFlags } from '../shared-flags.ts';
import { chosenExperiment } from '../choose-experiment.ts';
import { ANSWER_FORMATS, printAnswer } from '../print-experiment.ts';
import { REPORT_FORMATS, withReportFlag, withReports, type ReportFlags } from '../report-files.ts';
import { whoDrives } from '../who-drives.ts';
import { sayTo } from '../say.ts';

interface DescribeFlags extends StoreFlags, OutputFlags, ReportFlags {
  readonly filename?: string;
  readonly ignoreOthers?: boolean;
  readonly exitCode?: boolean;
}

export function describeCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('describe')
    .description('shows the recommendation with its reason, progress, observations against objectives, failures')
    .argument('[name]', 'the experiment; without it the newest')
    .option('-f, --filename <file>', 'describe an object in a file, - for standard input')
    .option('--ignore-others', 'skip objects of other kinds in that file, with a note')
    .option('--exit-code', 'exit 0 for promote, 1 for do not promote, 3 for undecided, 4 for failed');
  withChartFlag(withReportFlag(command, REPORT_FORMATS.experiments));
  return withOutputFlags(withStoreFlags(command), ANSWER_FORMATS).action(
    async (name: string | undefined, flags: DescribeFlags) => {
      const warn = sayTo(io);
      await withReports(flags, io, async (reports) => {
        const { experiment, driven } = await find(name, flags, io, warn);
        await printAnswer(experiment, flags, io, driven);
        await reports.end(experiment, driven);
        const code = () => exitCodeOf(knownJudgement(experiment).recommendation.verdict, hasEnded(experiment));
        done(flags.exitCode === true ? code() : EXIT.ok);
      });
    },
  );
}

async function find(
  name: string | undefined,
  flags: DescribeFlags,
  io: Io,
  warn: (text: string) => void,
): Promise<{ readonly experiment: Experiment; readonly driven?: Driven | undefined }> {
  if (flags.filename !== undefined) {
    if (name !== undefined) throw new UsageError('give a name or -f, not both');
    const { readObject } = await import('../manifest-flags.ts');
    return { experiment: await readObject(flags.filename, io, flags.namespace, flags) };
  }
  const context = await openContext(flags, io, warn);
  return whileConnecting(context, io, async () => {
    const experiment = await chosenExperiment(context, name, warn);
    return { experiment, driven: await whoDrives(experiment, context) };
  });
}
