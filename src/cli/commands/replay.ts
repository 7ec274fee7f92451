/** `iter8ctl replay FILE`: judges recorded measurements again, with other limits or another confidence. */
import path from 'node:path';
import { Command } from 'commander';
import { EXIT, exitCodeOf, type ExitCode } from '../../exit-codes.ts';
import { replaceIo, type Io } from '../../io.ts';
import { parseSlo } from '../../experiment/slo-flag.ts';
import { replayObject, replayRecord, type ReplayChange } from '../../replay/replay.ts';
import { knownJudgement } from '../../judge/iter8-07/judge-recorded-object.ts';
import {
  repeated,
  strengthOf,
  withChartFlag,
  withOutputFlags,
  withStrengthFlags,
  type OutputFlags,
  type StrengthFlags,
} from '../shared-flags.ts';
import { withReportFlag, withReports, type ReportFlags } from '../report-files.ts';
import { withCiFlag } from '../ci-report.ts';
import { ANSWER_FORMATS, answerText } from '../print-experiment.ts';
import { recordLines } from '../read-record-file.ts';

interface ReplayFlags extends OutputFlags, StrengthFlags, ReportFlags {
  readonly slo?: string[];
  readonly exitCode?: boolean;
}

export function replayCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('replay')
    .description('judges recorded measurements again, with other limits or another confidence')
    .argument('<file>', 'a record (records/<namespace>/<name>.ndjson), or an experiment as YAML or JSON')
    .option('--slo <metric<=limit>', "in place of the objectives, e.g. 'p95<=300ms'; repeat it", repeated)
    .option('--exit-code', 'exit 0 for promote, 1 for do not promote, 3 for undecided');
  withCiFlag(withChartFlag(withReportFlag(command)));
  return withOutputFlags(withStrengthFlags(command), ANSWER_FORMATS).action(
    async (file: string, flags: ReplayFlags) => {
      const change: ReplayChange = { objectives: flags.slo?.map(parseSlo), strength: strengthOf(flags) };
      const experiment = file.endsWith('.ndjson')
        ? replayRecord(await recordLines(path.resolve(io.cwd, file), file, io), change)
        : replayObject(await (await import('../manifest-flags.ts')).readObject(file, io, undefined), change);
      // The time is that of the record: the same input gives the same bytes, whenever it is asked.
      const now = Date.parse(experiment.status?.analysis?.aggregatedBuiltinHists?.timestamp ?? '');
      const then = replaceIo(io, { clock: { ...io.clock, now: () => now } });
      await withReports(flags, then, async (reports) => {
        reports.ci?.answering();
        io.stdout.write(await answerText(experiment, flags, then));
        await reports.end(experiment);
      });
      const code = () => exitCodeOf(knownJudgement(experiment).recommendation.verdict, { ended: true });
      done(flags.exitCode === true ? code() : EXIT.ok);
    },
  );
}
