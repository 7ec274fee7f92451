/** `--report FORMAT=FILE`: what an experiment ended with, written to files besides what is printed, at every end of a command. */
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Event } from '../drive/events.ts';
import type { ReportFile } from '../adapters/reports/report-file.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import { splitOnce } from '../text/split-once.ts';
import type { Driven } from '../view/experiment-view.ts';
import { githubActions, isGithubActions, type CiFlags, type CiReport } from './ci-report.ts';
import type { Progress } from './progress-display.ts';
import { REPORTED_FORMATS, reportedAnswerText, type ReportedAnswer } from './plain-answer.ts';
import { answerText } from './print-experiment.ts';
import type { OutputFlags } from './shared-flags.ts';

export interface ReportFlags extends CiFlags {
  readonly report?: readonly ReportWanted[];
}

interface ReportWanted {
  readonly format: string;
  readonly file: string;
}

export function withReportFlag(command: Command): Command {
  const formats: readonly string[] = REPORTED_FORMATS;
  const read = (value: string, before: readonly ReportWanted[] | undefined): ReportWanted[] => {
    const [format, file = ''] = splitOnce(value, '=');
    if (file === '') throw new InvalidArgumentError('write FORMAT=FILE, e.g. html=report.html.');
    if (!formats.includes(format))
      throw new InvalidArgumentError(
        `there is no report ${JSON.stringify(format)}${didYouMean(format, formats)} (${formats.join(', ')})`,
      );
    return [...(before ?? []), { format, file }];
  };
  return command.addOption(
    new Option(
      '--report <format=file>',
      `write a report to a file as well (${formats.join(', ')}); repeat it`,
    ).argParser(read),
  );
}

/** Reports that were asked for. */
export interface Reports {
  show(event: Event): void;
  /** Present where a CI server wants the progress in a form of its own. */
  readonly ci?: CiReport;
  /** The experiment as it ended, or as it was last seen. */
  end(experiment: Experiment, driven?: Driven): Promise<void>;
}

const NONE: Reports = { show: () => undefined, end: async () => undefined };

/** The same progress, with every event in the reports too. */
export function reported(progress: Progress, reports: Reports): Progress {
  const shown = reports.ci?.grouped(progress) ?? progress;
  return {
    ...shown,
    show: (event) => {
      reports.show(event);
      shown.show(event);
    },
  };
}

/**
 * Does the work with the reports that are asked for, and what a CI server gets by itself. Where it ends without anything to report, the files stay as they were.
 *
 * @throws UnavailableError before the work begins when a file cannot be written
 */
export async function withReports<T>(flags: ReportFlags, io: Io, work: (reports: Reports) => Promise<T>): Promise<T> {
  if (!isGithubActions(flags, io)) return withFiles(flags, io, work);
  const ci = await githubActions(io);
  const files = (flags.report ?? []).map(({ file }) => path.resolve(io.cwd, file));
  try {
    return await withFiles(flags, io, (reports) =>
      work({
        ...reports,
        ci,
        end: async (experiment, driven) => {
          await reports.end(experiment, driven);
          await ci.end(experiment, files, driven);
        },
      }),
    );
  } finally {
    ci.close();
  }
}

async function withFiles<T>(flags: ReportFlags, io: Io, work: (reports: Reports) => Promise<T>): Promise<T> {
  if ((flags.report ?? []).length === 0) return work(NONE);
  return withOpenFiles(flags, io, async (open) => work(await reportsTo(open, io)));
}

/** The same for an answer that is no experiment, which is printed too: `end` takes it. */
export async function withAnswerReports<T>(
  flags: ReportFlags & Pick<OutputFlags, 'output'>,
  io: Io,
  work: (end: (answer: ReportedAnswer) => Promise<void>) => Promise<T>,
): Promise<T> {
  const ci = isGithubActions(flags, io) ? await githubActions(io) : undefined;
  const files = (flags.report ?? []).map(({ file }) => path.resolve(io.cwd, file));
  try {
    return await withOpenFiles(flags, io, (open) => {
      ci?.answering();
      return work(async (answer) => {
        io.stdout.write(await reportedAnswerText(flags.output, answer));
        await endAll(open, async ({ format, file }) => file.append(await reportedAnswerText(format, answer)));
        if (ci !== undefined) await ci.answer(answer.ci(), await answer.markdown(), files);
      });
    });
  } finally {
    ci?.close();
  }
}

interface OpenReport {
  readonly format: string;
  readonly file: ReportFile;
}

/** @throws UnavailableError before the work begins when a file cannot be written */
async function withOpenFiles<T>(flags: ReportFlags, io: Io, work: (open: OpenReport[]) => Promise<T>): Promise<T> {
  const { report: wanted = [] } = flags;
  const places = wanted.map(({ format, file }) => ({ format, file: path.resolve(io.cwd, file) }));
  const twice = places.find(({ file }, at) => places.findIndex((other) => other.file === file) !== at);
  if (twice !== undefined) throw new UsageError(`--report names ${path.relative(io.cwd, twice.file)} twice`);
  const { ReportFile } = await import('../adapters/reports/report-file.ts');
  const open: OpenReport[] = [];
  const discard = async () => {
    await Promise.all(open.splice(0).map(({ file }) => file.discard()));
  };
  try {
    for (const { format, file } of places) open.push({ format, file: await ReportFile.open(file, io.pid) });
    return await work(open);
  } finally {
    await discard();
  }
}

/** `open`: those that have not been ended; empty once they have. */
async function reportsTo(open: OpenReport[], io: Io): Promise<Reports> {
  const events = open.filter(({ format }) => format === 'ndjson');
  const { ndjsonLine } = await import('../report/ndjson.ts');
  let written = Promise.resolve();
  let isShown = false;
  return {
    show: (event) => {
      isShown = true;
      if (events.length === 0) return;
      const line = `${ndjsonLine(event)}\n`;
      written = written.then(async () => {
        await Promise.all(events.map(({ file }) => file.append(line)));
      });
      written.catch(() => undefined); // said at the end
    },
    end: async (experiment, driven) => {
      const failures: unknown[] = [];
      await written.catch((error: unknown) => failures.push(error));
      const writing = endAll(open, async ({ format, file }) => {
        // Where nothing was followed: what is known, as events.
        if (format !== 'ndjson' || !isShown)
          await file.append(await answerText(experiment, { output: format, color: 'never' }, io, driven));
      });
      await writing.catch((error: unknown) => failures.push(error));
      if (failures.length > 0) throw failures[0];
    },
  };
}

/** Writes the last of each and lets it take its place. @throws the first failure, when all have been tried */
async function endAll(open: OpenReport[], finish: (report: OpenReport) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (const report of open.splice(0)) {
    try {
      await finish(report);
      await report.file.commit();
    } catch (error) {
      await report.file.discard();
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
