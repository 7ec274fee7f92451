/** `iter8ctl plan -f FILE`, `plan [NAME]`: changes nothing; says whether it would run, and whether it would be decided. */
import { Command } from 'commander';
import { InvalidManifestError, InvalidObjectError, UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { jsonText, OUTPUT_VERSION } from '../../report/json-text.ts';
import type { Io } from '../../io.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import type { WrittenMetric } from '../../experiment/metric.ts';
import { unverifiedTls } from '../../experiment/unverified-tls.ts';
import type { Preflight } from '../../view/plan-view.ts';
import { expectationOf, type Obstacle, type Outlook } from '../../preflight/outlook.ts';
import { measuredOutlook, rewardObstacles } from '../../preflight/measured-outlook.ts';
import { rewardDecidability, type RewardPower } from '../../preflight/reward-decidability.ts';
import { gatesAhead } from '../../view/gates-ahead.ts';
import { decidability, decidabilityText, withBackendNeeds } from '../../preflight/decidability.ts';
import { seenIn, type PowerRow, type Seen } from '../../preflight/power-row.ts';
import { compileQuestion, type Question } from '../../judge/question/question.ts';
import { remarksOn } from '../../validation/remarks.ts';
import { whileWaiting } from '../../render/spinner.ts';
import { renderPlan } from '../../render/plan.ts';
import { openContext, type Context } from '../context.ts';
import { openDriver, type Driver } from '../open-driver.ts';
import { readManifests } from '../manifest-flags.ts';
import {
  repeated,
  strengthOf,
  withOutputFlags,
  withStoreFlags,
  withStrengthFlags,
  type OutputFlags,
  type StoreFlags,
  type StrengthFlags,
} from '../shared-flags.ts';
import { chosenExperiment } from '../choose-experiment.ts';
import { checkPermissions, checkTargets, tryMetrics, trySecrets, type TriedMetrics } from '../plan-trials.ts';
import { tryTraffic } from '../try-traffic.ts';
import { stdoutTheme } from '../print-experiment.ts';
import { startProblem, type Start } from '../start-or-resume.ts';
import { asExperiment, checkedExperiment, checkManifest, namespaceOf } from '../check-manifest.ts';
import { sayTo } from '../stderr-messages.ts';

interface PlanFlags extends StoreFlags, OutputFlags, StrengthFlags {
  readonly filename?: string[];
  readonly ignoreOthers?: boolean;
  readonly restart?: boolean;
  readonly overwriteMetrics?: boolean;
}

/** As `run` would end, as far as that can be known. Source: docs/output.md "Plan". */
const PLAN_EXIT: Readonly<Record<Outlook, ExitCode>> = {
  refused: EXIT.usage,
  forbidden: EXIT.unavailable,
  fails: EXIT.failed,
  unreachable: EXIT.unavailable,
  never: EXIT.undecided,
  open: EXIT.undecided,
  decided: EXIT.ok,
};

export function planCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('plan')
    .description('changes nothing: validates, reaches the URLs, says how many requests the objectives need')
    .argument('[name]', 'the experiment; without it, and without -f, the newest')
    .option('-f, --filename <file>', 'manifest: a file, a folder, a URL, - for standard input; repeat it', repeated)
    .option('--ignore-others', 'skip objects of other kinds in these files, with a note')
    .option('--restart', 'as run --restart: what an earlier run left is deleted first')
    .option('--overwrite-metrics', 'as run --overwrite-metrics');
  return withOutputFlags(withStrengthFlags(withStoreFlags(command)), ['text', 'json']).action(
    async (name: string | undefined, flags: PlanFlags) => {
      if (name !== undefined && flags.filename !== undefined) throw new UsageError('give a name or -f, not both');
      const say = sayTo(io);
      const context = await openContext(flags, io, say);
      const subject =
        flags.filename === undefined
          ? await fromStore(context, name, { flags, say })
          : await fromManifest(context, flags.filename, flags, io);
      const driver = await openDriver(context, io);
      try {
        const preflight = await whileWaiting('trying metrics and URLs', { output: io.stderr, env: io.env }, async () =>
          findOut(subject, { context, driver, flags, nowMs: io.clock.now() }),
        );
        io.stdout.write(
          flags.output === 'json'
            ? `${jsonText({ apiVersion: OUTPUT_VERSION, kind: 'Plan', ...preflight }, 2)}\n`
            : `${renderPlan(preflight, { theme: stdoutTheme(io, flags), columns: io.stdout.columns ?? 80 })}\n`,
        );
        done(PLAN_EXIT[preflight.expectation.outlook]);
      } finally {
        await driver.metrics.close();
      }
    },
  );
}

/** What is planned, and how it would be started. */
interface Subject {
  readonly experiment: Experiment;
  readonly source: string;
  readonly metrics: readonly WrittenMetric[];
  readonly start: Start;
}

async function fromStore(
  context: Context,
  name: string | undefined,
  { flags, say }: { readonly flags: PlanFlags; readonly say: (text: string) => void },
): Promise<Subject> {
  const experiment = await chosenExperiment(context, name, say);
  try {
    checkManifest(experiment, context.mode, { locate: (issue) => issue, label: experiment.metadata.name });
  } catch (error) {
    if (!(error instanceof InvalidManifestError)) throw error;
    // A run of it is recorded as failed: it is not the manifest of whoever asks.
    throw new InvalidObjectError(error.message, error.issues);
  }
  checkedExperiment(experiment, context, strengthOf(flags));
  return { experiment, source: context.store.description, metrics: [], start: { given: false, experiment } };
}

async function fromManifest(context: Context, files: readonly string[], flags: PlanFlags, io: Io): Promise<Subject> {
  const loaded = await readManifests(files, io, flags);
  const { experiment: given, metrics } = loaded;
  checkManifest(given, context.mode, loaded, strengthOf(flags));
  const namespace = namespaceOf(given, context, flags);
  const written = { ...given, metadata: { ...given.metadata, namespace } };
  if (context.kube !== undefined) {
    const { tryCreate } = await import('../../adapters/kube/try-create.ts');
    await tryCreate(context.kube, written);
  }
  return {
    experiment: asExperiment(written, namespace),
    source: files.join(', '),
    metrics,
    start: { given: true, written, metrics, overwriteMetrics: flags.overwriteMetrics === true },
  };
}

async function findOut(
  { experiment, source, metrics: given, start }: Subject,
  how: {
    readonly context: Context;
    readonly driver: Driver;
    readonly flags: PlanFlags;
    readonly nowMs: number;
  },
): Promise<Preflight> {
  const { context, driver, flags, nowMs } = how;
  const question = compileQuestion(experiment, strengthOf(flags));
  const earlier = start.given ? await earlierRun(experiment, context) : seenIn(experiment);
  const refused = await startProblem(context, start, { restart: flags.restart === true });
  const tried = await tryMetrics(experiment, { context, driver, given, question, nowMs });
  const permissions = await checkPermissions(experiment, context, { create: start.given });
  const secrets = await trySecrets(experiment, context);
  const targets = await checkTargets(experiment, driver);
  const traffic = await tryTraffic(experiment, driver);
  const { power, reward, obstacles } = judgedAhead(experiment, { question, tried, earlier });
  const hasObjective = power.length > 0 || reward !== undefined;
  const nothing = 'no objective and no reward: there is nothing to judge';
  const expectation = expectationOf([
    ...(refused === undefined ? [] : [{ kind: 'refused', text: withHint(refused) } as const]),
    ...(permissions?.missing ?? []).map((text) => ({ kind: 'forbidden', text: `may not ${text}` }) as const),
    ...traffic.obstacles,
    ...targets.obstacles,
    ...secrets.obstacles,
    ...obstacles,
    ...(hasObjective ? [] : [{ kind: 'never', text: nothing } as const]),
  ]);
  return {
    name: experiment.metadata.name,
    expectation,
    source,
    wouldBeDecided: expectation.outlook === 'decided',
    problems: [
      ...(hasObjective ? [] : [nothing]),
      ...secrets.problems,
      ...remarksOn(experiment),
      ...unverifiedTls({ ...experiment, status: { metrics: tried.found } }),
    ],
    ...(permissions === undefined ? {} : { permissions }),
    ...(reward === undefined ? {} : { reward }),
    ...(traffic.plan === undefined ? {} : { traffic: traffic.plan }),
    gates: gatesAhead(experiment),
    metrics: tried.metrics,
    targets: targets.checks,
    load: question.load,
    power,
  };
}

const withHint = ({ message, hint }: UsageError): string => (hint === undefined ? message : `${message}; ${hint}`);

/** What the judge will be able to say of each objective and of the reward, and what stands in the way. */
function judgedAhead(
  experiment: Experiment,
  known: { readonly question: Question; readonly tried: TriedMetrics; readonly earlier: Seen },
): {
  readonly power: readonly PowerRow[];
  readonly reward: RewardPower | undefined;
  readonly obstacles: readonly Obstacle[];
} {
  const { question, tried, earlier } = known;
  const { trial } = tried;
  const measured = measuredOutlook(experiment, question, trial);
  const rows = withBackendNeeds(decidability(question, earlier), trial.measured, question);
  const power = rows.map(
    (row): PowerRow => (row.decided === 'depends' && measured.isNever(row) ? { ...row, decided: 'no' } : row),
  );
  const rewards = rewardObstacles(question, trial);
  const reward = rewardDecidability(question, trial, earlier);
  return {
    power,
    reward,
    obstacles: [
      ...tried.obstacles,
      ...measured.obstacles,
      ...rewards,
      ...rows.flatMap((row) => ownObstacle(row) ?? []),
      ...(reward?.problem === undefined || rewards.length > 0
        ? []
        : [{ kind: 'never', text: `${reward.metric} cannot be compared with confidence: ${reward.problem}` } as const]),
    ],
  };
}

/** Of our own load, and of raw counters. */
function ownObstacle(row: PowerRow): Obstacle | undefined {
  const { decided, remark } = row;
  if (remark === undefined || decided === 'yes' || decided === 'extending') return undefined;
  return { kind: decided === 'no' ? 'never' : 'open', text: decidabilityText(row) };
}

/** What an earlier experiment of that name showed; nothing where none can be read, whatever the reason: other checks say it. */
async function earlierRun({ metadata: { name, namespace } }: Experiment, { store }: Context): Promise<Seen> {
  return store.get({ name, namespace }).then(seenIn, () => ({}));
}
