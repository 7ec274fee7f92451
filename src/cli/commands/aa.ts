/** `iter8ctl aa`: a run compared with itself: its noise, what could be told apart, false alarms. */
import { Command } from 'commander';
import { UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { compareWithItself } from '../../judge/runs/self-comparison.ts';
import { plainSelfComparison, selfComparisonMarkdown } from '../../report/self-comparison.ts';
import { renderSelfComparison } from '../../render/self-comparison.ts';
import { seededUniform } from '../../traffic/seeded-random.ts';
import { selfComparisonView, type SelfComparisonView } from '../../view/self-comparison.ts';
import { SIGNATURE } from '../../version.ts';
import { withCiFlag } from '../ci-report.ts';
import { groupsOf, groupsOfLoad, type Grouped } from '../measured-groups.ts';
import { REPORTED_FORMATS, type ReportedAnswer } from '../plain-answer.ts';
import { stdoutTheme } from '../print-experiment.ts';
import { withAnswerReports, withReportFlag, type ReportFlags } from '../report-files.ts';
import { withResultFlags, type ResultFlags } from '../result-files.ts';
import { durationFlag, numberFlag, repeated, withOutputFlags, type OutputFlags } from '../shared-flags.ts';
import { confidenceFlag, FORMATS, PERCENTILES, percentilesFlag } from './diff.ts';
import { withLoadFlags, type QuickFlags } from './init.ts';

interface AaFlags extends QuickFlags, ResultFlags, OutputFlags, ReportFlags {
  readonly of?: string;
  readonly piece: number;
  readonly splits: number;
  readonly seed: number;
  readonly confidence: number;
  readonly percentiles: readonly number[];
}

const MOST_SPLITS = 10_000;

export function aaCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('aa')
    .description('compares a run with itself: the noise, what could be told apart, false alarms')
    .argument('[file]', 'a record, or results of another tool; or give --url');
  withLoadFlags(
    command.option(
      '--url <url>',
      'load is sent to it, for a minute unless --requests or --duration says otherwise',
      repeated,
    ),
  )
    .option('--of <version>', 'the version, where there are several (default: the baseline)')
    .option('--piece <duration>', 'requests that are so near in time stay together', durationFlag, 100)
    .option(
      '--splits <n>',
      `how often the requests are divided, at most ${MOST_SPLITS}`,
      numberFlag({ min: 20, integer: true }),
      200,
    )
    .option('--seed <n>', 'of the divisions', numberFlag({ min: 0, integer: true }), 1)
    .option('--confidence <level>', 'that no difference is shown where there is none', confidenceFlag, 0.95)
    .option('--percentiles <list>', 'of latencies, with commas between', percentilesFlag, PERCENTILES);
  withCiFlag(withReportFlag(withResultFlags(command), REPORTED_FORMATS));
  return withOutputFlags(command, FORMATS).action(async (file: string | undefined, flags: AaFlags) => {
    if ((file === undefined) === (flags.url === undefined))
      throw new UsageError('give a file, or --url', {
        hint: 'iter8ctl aa results.json, or iter8ctl aa --url http://127.0.0.1:8080/',
      });
    if (flags.splits > MOST_SPLITS) throw new UsageError(`--splits takes at most ${MOST_SPLITS}`);
    if (flags.piece <= 0) throw new UsageError('--piece takes a duration above 0');
    await withAnswerReports(flags, io, async (end) => {
      const how = { pieceMs: flags.piece, version: flags.of, flags, io };
      const found = file === undefined ? await groupsOfLoad(how) : await groupsOf(file, how);
      if (typeof found === 'number') {
        done(found);
        return;
      }
      const view = viewOf(found, flags);
      await end(reportedComparison(view, flags, io));
      done({ within: EXIT.ok, more: EXIT.no, open: EXIT.undecided }[view.answer]);
    });
  });
}

function reportedComparison(view: SelfComparisonView, flags: AaFlags, io: Io): ReportedAnswer {
  const options = { theme: stdoutTheme(io, flags), columns: io.stdout.columns ?? 120 };
  const level = { within: 'notice', more: 'error', open: 'warning' } as const;
  return {
    plain: () => plainSelfComparison(view),
    text: () => renderSelfComparison(view, options),
    markdown: async () => selfComparisonMarkdown(view),
    html: async () => (await import('../../report/html/self-comparison-page.ts')).selfComparisonPage(view, SIGNATURE),
    junit: async () => (await import('../../report/comparison-junit.ts')).selfComparisonJunit(view),
    ci: () => ({ answer: view.answer, annotations: [[level[view.answer], view.headline, 'iter8ctl aa']] }),
  };
}

function viewOf({ name, version, run, groups }: Grouped, flags: AaFlags): SelfComparisonView {
  const { confidence, percentiles, splits, seed, piece: pieceMs } = flags;
  const random = seededUniform(seed, 'aa');
  const found = compareWithItself(run, groups, { confidence, percentiles, splits, random });
  return selfComparisonView({ name, version, run }, found, { pieceMs, seed });
}
