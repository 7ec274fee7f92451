/** `iter8ctl aa`: a run compared with itself: its noise, which differences could be detected, false alarms. */
import { Command, Option } from 'commander';
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
import { groupsOf, groupsOfLoad, groupsOfManifest, type Grouped } from '../aa-groups.ts';
import type { ReportedAnswer } from '../plain-answer.ts';
import { stdoutTheme } from '../print-experiment.ts';
import { withAnswerReports, withReportFlag, type ReportFlags } from '../report-files.ts';
import { withResultFlags, type ResultFlags } from '../result-files.ts';
import {
  durationFlag,
  flagText,
  numberFlag,
  repeated,
  withOutputFlags,
  withStoreFlags,
  type OutputFlags,
  type StoreFlags,
} from '../shared-flags.ts';
import { confidenceFlag, FORMATS, PERCENTILES, percentilesFlag } from '../comparison-flags.ts';
import { LOAD_FLAGS, withLoadFlags, type QuickFlags } from '../quick-flags.ts';

interface AaFlags extends QuickFlags, ResultFlags, StoreFlags, OutputFlags, ReportFlags {
  readonly filename?: string;
  readonly ignoreOthers?: boolean;
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
    .description('compares a run with itself: the noise, which differences could be detected, false alarms')
    .argument('[file]', 'a record, results of another tool, or an experiment that was run here; or give --url or -f')
    .option('-f, --filename <file>', 'a manifest: its load is sent to its baseline alone; a file, a URL, or -')
    .option('--ignore-others', 'skip objects of other kinds in that file, with a note');
  withLoadFlags(
    command.option(
      '--url <url>',
      'load is sent to it, for a minute unless --requests or --duration says otherwise',
      repeated,
    ),
  )
    .option('--of <version>', 'the version, where there are several (default: the baseline)')
    .addOption(
      new Option('--piece <duration>', 'requests that are so near in time stay together')
        .argParser(durationFlag)
        .default(100, '100ms'),
    )
    .option(
      '--splits <n>',
      `how often the requests are divided, at most ${MOST_SPLITS}`,
      numberFlag({ min: 20, integer: true }),
      200,
    )
    .option('--seed <n>', 'of the divisions', numberFlag({ min: 0, integer: true }), 1)
    .option('--confidence <level>', 'that no difference is shown where there is none', confidenceFlag, 0.95)
    .option('--percentiles <list>', 'of latencies, with commas between', percentilesFlag, PERCENTILES);
  withCiFlag(withReportFlag(withResultFlags(command)));
  return withOutputFlags(withStoreFlags(command), FORMATS).action(async (file: string | undefined, flags: AaFlags) => {
    refuseFlags(file, flags);
    if (flags.splits > MOST_SPLITS) throw new UsageError(`--splits takes at most ${MOST_SPLITS}`);
    if (flags.piece <= 0) throw new UsageError('--piece takes a duration above 0');
    await withAnswerReports(flags, io, async (end) => {
      const how = { pieceMs: flags.piece, version: flags.of, flags, io };
      const found = await (flags.filename !== undefined
        ? groupsOfManifest(flags.filename, how)
        : file === undefined
          ? groupsOfLoad(how)
          : groupsOf(file, how));
      if (typeof found === 'number') {
        done(found);
        return;
      }
      const view = viewOf(found, flags);
      await end(reportedComparison(view, flags, io));
      done(found.code ?? { within: EXIT.ok, more: EXIT.no, open: EXIT.undecided }[view.answer]);
    });
  });
}

/** @throws UsageError */
function refuseFlags(file: string | undefined, flags: AaFlags): void {
  const given = [file, flags.url, flags.filename].filter((one) => one !== undefined).length;
  if (given !== 1)
    throw new UsageError('give one of: a file or the name of an experiment, --url, -f', {
      hint: 'iter8ctl aa results.json, iter8ctl aa --url http://127.0.0.1:8080/, or iter8ctl aa -f experiment.yaml',
    });
  if (flags.requests !== undefined && flags.duration !== undefined)
    throw new UsageError('--requests and --duration cannot be given together');
  const isMeasured = file !== undefined;
  const of = [...LOAD_FLAGS, 'qps' as const].filter((flag) => flags[flag] !== undefined);
  const own = isMeasured ? of : of.filter((flag) => !['requests', 'duration', 'qps'].includes(flag));
  if (own.length > 0 && flags.url === undefined)
    throw new UsageError(`${flagText(own[0]!)} goes with --url${isMeasured ? ': nothing is sent' : ''}`, {
      hint: isMeasured ? 'what was measured is divided' : 'the manifest says what its requests are',
    });
  if (flags.filename !== undefined && flags.of !== undefined)
    throw new UsageError('--of and -f cannot be given together: load is sent to the baseline');
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
