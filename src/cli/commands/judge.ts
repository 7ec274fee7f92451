/** `iter8ctl judge FILE...`: judges the requests that another tool has measured. */
import { Command, Option } from 'commander';
import { UsageError } from '../../errors.ts';
import { EXIT, exitCodeOf, type ExitCode } from '../../exit-codes.ts';
import { replaceIo, type Io } from '../../io.ts';
import { readResults } from '../../adapters/results/read-results.ts';
import { timestamp } from '../../drive/status-changes.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import {
  experimentOfManifest,
  experimentOfObjectives,
  nameOfResults,
  parseSplitBy,
  versionsOfValues,
} from '../../experiment/experiment-of-results.ts';
import { isLatency, isSameMetric, parseMetricName } from '../../experiment/metric-names.ts';
import { toNumber } from '../../experiment/quantity.ts';
import { parseSlo } from '../../experiment/slo-flag.ts';
import { defaultTimeoutMs } from '../../experiment/request-timeout.ts';
import { latencyLimits, refuseLimitsBeyond } from '../../judge/question/limits.ts';
import { compileQuestion } from '../../judge/question/question.ts';
import { knownJudgement } from '../../judge/iter8-07/judge-recorded-object.ts';
import { withObjectives } from '../../replay/fold-record.ts';
import { judgedAgain } from '../../replay/replay.ts';
import { SIGNATURE } from '../../version.ts';
import { eventsOfAnswer } from '../events-of-answer.ts';
import { recordOfResults } from '../record-of-results.ts';
import { readingOf, withReadingFlags, type ReadingFlags } from '../result-files.ts';
import { ANSWER_FORMATS, answerText } from '../print-experiment.ts';
import { withCiFlag } from '../ci-report.ts';
import { withReportFlag, withReports, type ReportFlags } from '../report-files.ts';
import {
  numberFlag,
  repeated,
  strengthOf,
  withOutputFlags,
  type OutputFlags,
  type StrengthFlags,
} from '../shared-flags.ts';

interface JudgeFlags extends ReadingFlags, OutputFlags, StrengthFlags, ReportFlags {
  readonly slo?: string[];
  readonly filename?: string;
  readonly missing?: number;
  readonly exitCode?: boolean;
}

export function judgeCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('judge')
    .description('judges the requests that another tool has measured: load tests, access logs')
    .argument(
      '<file...>',
      'results of k6, JMeter, Gatling, vegeta, hey, ghz or fortio, or an access log; packed by gzip or not, - for standard input',
    )
    .option('--slo <metric<=limit>', "an objective, e.g. 'p95<=300ms' or 'error-rate<=1%'; repeat it", repeated)
    .option('-f, --filename <file>', 'objectives, settings and versions of an experiment');
  withReadingFlags(command, {
    splitBy: 'compare versions: FIELD=BASELINE,CANDIDATE, by the values of a field',
    missing: new Option(
      '--missing <n>',
      'requests that are not in the files: failed without a line, or not ended; each counts as failed',
    ).argParser(numberFlag({ min: 0, integer: true })),
  })
    .option('--confidence <level>', 'confidence of every verdict, per side, e.g. 0.99; none compares point values')
    .option('--min-seconds <n>', 'no verdict before', numberFlag({ min: 0 }))
    .option('--min-requests <n>', 'no verdict before', numberFlag({ min: 0, integer: true }))
    .option('--no-exit-code', 'exit 0 whatever the answer is');
  withCiFlag(withReportFlag(command));
  return withOutputFlags(command, ANSWER_FORMATS).action(async (files: string[], flags: JudgeFlags) => {
    const asked = await askedBy(files, flags, io);
    await withReports(flags, io, async (reports) => {
      const experiment = await judged(files, asked, flags, io);
      // The time is that of the requests: the same files give the same bytes, whenever they are judged.
      const now = Date.parse(experiment.status?.lastUpdateTime ?? '');
      const then = replaceIo(io, { clock: { ...io.clock, now: () => now } });
      reports.ci?.answering();
      for (const event of eventsOfAnswer(experiment)) reports.show(event);
      io.stdout.write(await answerText(experiment, flags, then));
      await reports.end(experiment);
      const code = exitCodeOf(knownJudgement(experiment).recommendation.verdict, { ended: true });
      done(flags.exitCode === false ? EXIT.ok : code);
    });
  });
}

/** What is to be judged, by which version of which value. @throws UsageError */
async function askedBy(files: readonly string[], flags: JudgeFlags, io: Io) {
  if (files.filter((file) => file === '-').length > 1)
    throw new UsageError('standard input (-) can be read once, and is named twice');
  const objectives = flags.slo?.map(parseSlo);
  const split = flags.splitBy === undefined ? undefined : parseSplitBy(flags.splitBy);
  if (flags.filename === undefined) {
    if (objectives === undefined)
      throw new UsageError('objectives are needed: without them there is nothing to judge', {
        hint: "give --slo, for example --slo 'p95<=300ms' --slo 'error-rate<=1%', or -f experiment.yaml",
      });
    const name = files[0] === '-' ? 'results' : nameOfResults(files[0]!);
    const experiment = experimentOfObjectives(name, split?.values ?? [name], objectives);
    return { experiment, split, versions: versionsOfValues(experiment, split) };
  }
  if (flags.filename === '-' && files.includes('-')) throw new UsageError('-f - and a file - both read standard input');
  const { readObject } = await import('../manifest-flags.ts');
  const written = experimentOfManifest(await readObject(flags.filename, io, undefined));
  const experiment = withObjectives(written, objectives);
  return { experiment, split, versions: versionsOfValues(experiment, split) };
}

async function judged(
  files: readonly string[],
  { experiment, split, versions }: Awaited<ReturnType<typeof askedBy>>,
  flags: JudgeFlags,
  io: Io,
): Promise<Experiment> {
  const strength = { ...strengthOf(flags), ...capsOf(experiment, flags.timeout) };
  const question = compileQuestion(experiment, strength);
  const { timeout: timeoutMs, missing } = flags;
  const hint = 'give the time that the tool waited for an answer, or leave --timeout out where it did not end them';
  refuseLimitsBeyond({ ms: timeoutMs, name: '--timeout', hint }, question.limits);
  const results = await readResults(
    files,
    { cwd: io.cwd, stdin: () => io.stdin },
    {
      versions: [...versions.values()],
      ...(split === undefined ? {} : { split: { field: split.field, versions } }),
      limits: latencyLimits(question.limits),
      unansweredMs: timeoutMs ?? defaultTimeoutMs(experiment),
      inFlightMs: Math.max(question.strength.inFlightSeconds * 1000, timeoutMs ?? 0),
      ...readingOf(flags, missing),
    },
  );
  const { record, warnings, endMs } = recordOfResults(results, {
    by: SIGNATURE,
    model: flags.model,
    missing,
    timeoutMs,
    strength,
    versions: [...versions.values()],
    split: split?.field,
  });
  const time = timestamp(endMs ?? io.clock.now());
  const folded = {
    experiment: { ...experiment, status: { lastUpdateTime: time } },
    record,
    planDone: true,
    completedIterations: 1,
    judged: { time, measuringDone: true, runningSeconds: record.loadSeconds, completedIterations: 1, weights: [] },
  };
  return judgedAgain(folded, warnings);
}

/** Above the timeout it is not known what a latency would have been; a manifest may say less. */
function capsOf(experiment: Experiment, timeoutMs: number | undefined): Readonly<Record<string, unknown>> {
  if (timeoutMs === undefined) return {};
  const { namespace } = experiment.metadata;
  const latencies = experiment.spec.criteria.objectives.filter(({ metric }) =>
    isLatency(parseMetricName(metric, namespace).quantity),
  );
  if (latencies.length === 0) return {};
  const written = compileQuestion(experiment).strength.cap;
  const others = written.filter((cap) => !latencies.some(({ metric }) => isSameMetric(metric, cap.metric, namespace)));
  const capped = latencies.map(({ metric }) => {
    const own = written.find((cap) => isSameMetric(metric, cap.metric, namespace));
    return { metric, max: own === undefined ? timeoutMs : Math.min(toNumber(own.max), timeoutMs) };
  });
  return { cap: [...others, ...capped] };
}
