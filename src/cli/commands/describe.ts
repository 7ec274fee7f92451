/** `iter8ctl describe [NAME...]`, `describe -f FILE|-`: one picture of each experiment. */
import { Command } from 'commander';
import { UsageError } from '../../errors.ts';
import { EXIT, exitCodeOf, worstExitCode, type ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { hasEnded } from '../../experiment/conditions.ts';
import { knownJudgement } from '../../judge/iter8-07/judge-recorded-object.ts';
import { bareName, openContext, whileConnecting } from '../context.ts';
import { withChartFlag, withOutputFlags, withStoreFlags, type OutputFlags, type StoreFlags } from '../shared-flags.ts';
import { namedExperiment } from '../choose-experiment.ts';
import { ANSWER_FORMATS, printAnswer } from '../print-experiment.ts';
import { withReportFlag, withReports, type ReportFlags } from '../report-files.ts';
import { findDescribed } from '../experiment-to-describe.ts';
import { whoDrives } from '../who-drives.ts';
import { sayTo } from '../stderr-messages.ts';

interface DescribeFlags extends StoreFlags, OutputFlags, ReportFlags {
  readonly filename?: string;
  readonly ignoreOthers?: boolean;
  readonly exitCode?: boolean;
}

export function describeCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('describe')
    .description('shows the recommendation with its reason, progress, observations against objectives, failures')
    .argument('[names...]', 'the experiments; without one the newest')
    .option('-f, --filename <file>', 'describe an object in a file, - for standard input')
    .option('--ignore-others', 'skip objects of other kinds in that file, with a note')
    .option('--exit-code', 'exit 0 for promote, 1 for do not promote, 3 for undecided, 4 for failed');
  withChartFlag(withReportFlag(command));
  return withOutputFlags(withStoreFlags(command), ANSWER_FORMATS).action(
    async (names: string[], flags: DescribeFlags) => {
      const unique = [...new Set(names.map(bareName))];
      const code = unique.length > 1 ? await describeEach(unique, flags, io) : await describeOne(names[0], flags, io);
      // Only when it is asked for: judging an object again takes as long as showing it.
      done(flags.exitCode === true ? code() : EXIT.ok);
    },
  );
}

const codeFor = (experiment: Experiment): ExitCode =>
  exitCodeOf(knownJudgement(experiment).recommendation.verdict, { ended: hasEnded(experiment) });

async function describeOne(name: string | undefined, flags: DescribeFlags, io: Io): Promise<() => ExitCode> {
  return withReports(flags, io, async (reports) => {
    const { experiment, driven } = await findDescribed(name, flags, io);
    await printAnswer(experiment, flags, io, driven);
    await reports.end(experiment, driven);
    return () => codeFor(experiment);
  });
}

/** Documents of one experiment each: two of them are none. */
const OF_ONE: readonly string[] = ['html', 'junit'];
/** Lists, as `get` prints them. */
const AS_LISTS: readonly string[] = ['json', 'yaml', 'raw', 'name'];

/** As `kubectl describe` of several: one after the other. The worst exit code. */
async function describeEach(names: readonly string[], flags: DescribeFlags, io: Io): Promise<() => ExitCode> {
  if (flags.filename !== undefined) throw new UsageError('give names or -f, not both');
  if (flags.report !== undefined) throw new UsageError('--report is about one experiment: give one name');
  if (OF_ONE.includes(flags.output)) throw new UsageError(`-o ${flags.output} is about one experiment: give one name`);
  const context = await openContext(flags, io, sayTo(io));
  const experiments = await whileConnecting(context, io, () =>
    Promise.all(names.map((name) => namedExperiment(context, name))),
  );
  if (AS_LISTS.includes(flags.output)) {
    const { listText } = await import('../print-list.ts');
    io.stdout.write(await listText(experiments, { flags, io, context, namespace: context.namespace, isOne: false }));
  } else {
    for (const [at, experiment] of experiments.entries()) {
      if (at > 0 && flags.output !== 'ndjson') io.stdout.write('\n\n');
      await printAnswer(experiment, flags, io, await whoDrives(experiment, context));
    }
  }
  return () => worstExitCode(experiments.map(codeFor));
}
