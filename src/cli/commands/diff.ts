/** `iter8ctl diff A [B]`: what differs between two runs, and how sure that is. */
import { Command } from 'commander';
import { UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { plainRunComparison, runComparisonMarkdown } from '../../report/run-comparison.ts';
import { rowSentence } from '../../view/comparison-cells.ts';
import { renderRunComparison } from '../../render/run-comparison.ts';
import {
  runComparisonView,
  type ComparisonAnswer,
  type Measured,
  type RunComparisonView,
} from '../../view/run-comparison.ts';
import type { NamedRun } from '../../view/run-head.ts';
import { SIGNATURE } from '../../version.ts';
import { withCiFlag } from '../ci-report.ts';
import { measuredSource, type MeasuredSource, type SourceFlags } from '../measured-runs.ts';
import { confidenceFlag, FORMATS, PERCENTILES, percentilesFlag } from '../comparison-flags.ts';
import type { ReportedAnswer } from '../plain-answer.ts';
import { stdoutTheme } from '../print-experiment.ts';
import { withAnswerReports, withReportFlag, type ReportFlags } from '../report-files.ts';
import { withResultFlags } from '../result-files.ts';
import { withOutputFlags, withStoreFlags, type OutputFlags } from '../shared-flags.ts';

interface DiffFlags extends SourceFlags, OutputFlags, ReportFlags {
  readonly versionA?: string;
  readonly versionB?: string;
  readonly confidence: number;
  readonly percentiles: readonly number[];
  readonly failOnRegression?: boolean;
}

export function diffCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('diff')
    .description('says what differs between two runs: errors, latencies, what objectives ask for, each with its bounds')
    .argument('<a>', 'an experiment, an object or a record in a file, or results of another tool as judge reads them')
    .argument('[b]', 'what it is compared with; without it two versions of A are compared')
    .option('--version-a <name>', 'the version of A, where it has several (default: the baseline, without B)')
    .option('--version-b <name>', 'the version of B, where it has several (default: the candidate, without B)')
    .option('--confidence <level>', 'that all differences hold together', confidenceFlag, 0.95)
    .option('--percentiles <list>', 'of latencies, with commas between', percentilesFlag, PERCENTILES)
    .option('--fail-on-regression', 'exit 1 when any row shows that B is worse, 3 when no row can be determined');
  withCiFlag(withReportFlag(withResultFlags(command)));
  return withOutputFlags(withStoreFlags(command), FORMATS).action(
    async (a: string, b: string | undefined, flags: DiffFlags) => {
      await withAnswerReports(flags, io, async (end) => {
        const view = await compared(a, b, flags, io);
        await end(reportedComparison(view, flags, io));
        done(flags.failOnRegression === true ? CODES[view.answer] : EXIT.ok);
      });
    },
  );
}

function reportedComparison(view: RunComparisonView, flags: DiffFlags, io: Io): ReportedAnswer {
  const options = { theme: stdoutTheme(io, flags), columns: io.stdout.columns ?? 120 };
  const title = 'iter8ctl diff';
  const level = { regression: 'error', none: 'notice', undecided: 'warning' } as const;
  const worse = view.rows.filter(({ answer }) => answer === 'worse');
  return {
    plain: () => plainRunComparison(view),
    text: () => renderRunComparison(view, options),
    markdown: async () => runComparisonMarkdown(view),
    html: async () => (await import('../../report/html/run-comparison-page.ts')).runComparisonPage(view, SIGNATURE),
    junit: async () => (await import('../../report/comparison-junit.ts')).runComparisonJunit(view),
    ci: () => ({
      answer: view.answer,
      annotations: [
        [level[view.answer], view.headline, title],
        ...worse.map((row) => ['error', rowSentence(row), title] as const),
      ],
    }),
  };
}

async function compared(a: string, b: string | undefined, flags: DiffFlags, io: Io): Promise<RunComparisonView> {
  if (a === '-' && b === '-') throw new UsageError('standard input (-) can be read once, and is named twice');
  if (b === undefined && (flags.missing?.length ?? 0) > 1)
    throw new UsageError('--missing with two numbers is about two files: name B too');
  const [ofA, ofB = ofA] = flags.missing ?? [];
  if ((flags.missing?.length ?? 0) > 2) throw new UsageError('--missing takes one number, or one of A and one of B');
  const first = await measuredSource(a, { flags, io, missing: ofA });
  const { confidence, percentiles } = flags;
  if (b === undefined) {
    const versions = twoVersions(first, flags);
    const runs = versions.map((version): NamedRun => ({ name: first.name, version, run: first.runOf(version) }));
    const measured = measuredInOne(first, versions);
    return runComparisonView(runs[0]!, runs[1]!, { confidence, percentiles, measured });
  }
  const second = await measuredSource(b, { flags, io, missing: ofB });
  const one = namedRun(first, flags.versionA, '--version-a');
  const other = namedRun(second, flags.versionB, '--version-b');
  const isOneRun = first.place !== undefined && first.place === second.place;
  const measured = isOneRun ? measuredInOne(first, [one.run.version, other.run.version]) : 'apart';
  return runComparisonView(one, other, { confidence, percentiles, measured });
}

/** Of two versions of one run. */
function measuredInOne(source: MeasuredSource, versions: readonly [string, string]): Measured {
  if (versions[0] === versions[1]) return 'same';
  return source.areSentTogether(versions) ? 'paired' : 'together';
}

function namedRun(source: MeasuredSource, version: string | undefined, flag: string): NamedRun {
  const { versions, name, isUnnamed } = source;
  const [only] = versions;
  if (version === undefined && only !== undefined && versions.length === 1)
    return { name, ...(isUnnamed ? {} : { version: only }), run: source.runOf(only) };
  if (version === undefined)
    throw new UsageError(
      only === undefined ? `${name} has no versions` : `${name} has several versions: ${versions.join(', ')}`,
      { hint: `say which with ${flag}` },
    );
  refuseUnknown(source, version, flag);
  return { name, version, run: source.runOf(version) };
}

function refuseUnknown({ versions, name }: MeasuredSource, version: string, flag: string): void {
  if (!versions.includes(version))
    throw new UsageError(`${flag}: ${name} has no version ${JSON.stringify(version)}`, {
      hint: `there are: ${versions.join(', ')}`,
    });
}

/** The baseline and the candidate, unless others are named. */
function twoVersions(source: MeasuredSource, { versionA, versionB }: DiffFlags): readonly [string, string] {
  const { versions, name } = source;
  for (const [version, flag] of [
    [versionA, '--version-a'],
    [versionB, '--version-b'],
  ] as const)
    if (version !== undefined) refuseUnknown(source, version, flag);
  const a = versionA ?? versions.find((version) => version !== versionB);
  const others = versions.filter((version) => version !== a);
  const b = versionB ?? (others.length === 1 ? others[0] : undefined);
  if (a !== undefined && b !== undefined) return [a, b];
  if (versions.length < 2)
    throw new UsageError(`${name} has one version: there is nothing to compare it with`, {
      hint: source.kind === 'results' ? 'name a second file, or give --split-by' : 'name a second experiment or file',
    });
  throw new UsageError(`${name} has several versions: ${versions.join(', ')}`, {
    hint: 'say which with --version-a and --version-b',
  });
}

const CODES: Readonly<Record<ComparisonAnswer, ExitCode>> = {
  regression: EXIT.no,
  none: EXIT.ok,
  undecided: EXIT.undecided,
};
