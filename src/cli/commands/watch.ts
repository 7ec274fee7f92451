/** `iter8ctl watch [NAME]`: follows an experiment until it ends; with `--all` or `-l`, several. */
import { Command } from 'commander';
import { UsageError } from '../../errors.ts';
import type { ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { renderList } from '../../render/experiment-list.ts';
import { keyOf, openContext, whileConnecting } from '../context.ts';
import {
  durationFlag,
  withChartFlag,
  withOutputFlags,
  withStoreFlags,
  type OutputFlags,
  type StoreFlags,
} from '../shared-flags.ts';
import { reported, withReportFlag, withReports, type ReportFlags, type Reports } from '../report-files.ts';
import { withCiFlag } from '../ci-report.ts';
import { createListProgress, createProgress } from '../progress-display.ts';
import { chosenExperiment } from '../choose-experiment.ts';
import { newestFirst } from '../sort-experiments.ts';
import { ANSWER_FORMATS, stdoutTheme } from '../print-experiment.ts';
import { withTimeLimit } from '../end-from-outside.ts';
import { watchAll, watchToEnd, type WatchingOptions } from '../follow-to-end.ts';

interface WatchFlags extends StoreFlags, OutputFlags, ReportFlags {
  readonly all?: boolean;
  readonly selector?: string;
  readonly forever?: boolean;
  readonly timeout?: number;
}

export function watchCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('watch')
    .description('follows an experiment until it ends, and prints its recommendation')
    .argument('[name]', 'the experiment; without it the newest')
    .option('--all', 'all experiments of the namespace, until none is unfinished')
    .option('-A, --all-namespaces', 'with --all or -l: of all namespaces')
    .option('-l, --selector <labels>', 'all with these labels')
    .option('--forever', 'with --all or -l: do not end by itself')
    .option(
      '--timeout <duration>',
      'end with exit 5 when it takes longer; waits for an experiment to appear',
      durationFlag,
    );
  withCiFlag(withChartFlag(withReportFlag(command)));
  return withOutputFlags(withStoreFlags(command), ANSWER_FORMATS).action(
    async (name: string | undefined, flags: WatchFlags) => {
      done(await watch(name, flags, io));
    },
  );
}

async function watch(name: string | undefined, flags: WatchFlags, io: Io): Promise<ExitCode> {
  const several = flags.all === true || flags.selector !== undefined || flags.allNamespaces === true;
  if (several && name !== undefined) throw new UsageError('give a name, or --all or -l, not both');
  if (flags.forever === true && !several) throw new UsageError('--forever goes with --all or -l');
  if (several && flags.report !== undefined) throw new UsageError('--report is about one experiment: give its name');
  return withTimeLimit(io, flags, (over) =>
    withReports(flags, io, (reports) => watching(name, { flags, io, over, several, reports })),
  );
}

async function watching(
  name: string | undefined,
  how: Pick<WatchingOptions, 'io' | 'over'> & {
    readonly flags: WatchFlags;
    readonly several: boolean;
    readonly reports: Reports;
  },
): Promise<ExitCode> {
  const { flags, io, over, several, reports } = how;
  let namespace: string | undefined;
  const list = several ? createListProgress(io, flags, () => namespace) : undefined;
  const progress = reported(list ?? createProgress(io, flags), reports);
  try {
    const context = await openContext(flags, io, progress.say);
    const options = { context, io, flags, over, progress, reports };
    if (!several) {
      const chosen =
        name ??
        (await whileConnecting(context, io, () => chosenExperiment(context, undefined, progress.say))).metadata.name;
      return await watchToEnd(keyOf(context, chosen), options);
    }
    namespace = flags.allNamespaces === true ? undefined : context.namespace;
    return await watchAll(
      { namespace, selector: flags.selector, forever: flags.forever === true },
      {
        ...options,
        ...(list === undefined ? {} : { changed: list.changed }),
        table: (rows) => {
          const how = { theme: stdoutTheme(io, flags), namespace, now: io.clock.now(), columns: io.stdout.columns };
          io.stdout.write(
            `${renderList(
              newestFirst(rows, (row) => row),
              how,
            )}\n`,
          );
        },
      },
    );
  } finally {
    progress.end();
  }
}
