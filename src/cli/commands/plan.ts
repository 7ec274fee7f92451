/** `iter8ctl plan -f FILE`, `plan [NAME]`: changes nothing; says whether it would run, and whether it would be decided. */
import { Command } from 'commander';
import { UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { jsonText, OUTPUT_VERSION } from '../../report/json-text.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import type { Io } from '../../io.ts';
import { versionsIn, type Experiment } from '../../experiment/experiment.ts';
import { collectInputs } from '../../experiment/task-inputs.ts';
import { customMetrics } from '../../experiment/metric-names.ts';
import { metricWithDefaults } from '../../experiment/defaults.ts';
import type { WrittenMetric } from '../../experiment/metric.ts';
import type { ReadMetrics } from '../../drive/find-metrics.ts';
import { unverifiedTls } from '../../experiment/unverified-tls.ts';
import { formatValue } from '../../text/units.ts';
import type { MetricCheck, PermissionCheck, Preflight, TargetCheck } from '../../view/plan-view.ts';
import type { Measurement } from '../../drive/ports.ts';
import { neededPermissions } from '../../preflight/permissions.ts';
import { rewardDecidability } from '../../preflight/reward-decidability.ts';
import { decidability, withBackendNeeds, type SeenCounters } from '../../preflight/decidability.ts';
import { seenIn, type Seen } from '../../preflight/power-row.ts';
import { compileQuestion } from '../../judge/question/question.ts';
import { whileWaiting } from '../../render/spinner.ts';
import { renderPlan } from '../../render/plan.ts';
import { openContext, openDriver, type Context, type Driver } from '../context.ts';
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
import { stdoutTheme } from '../print-experiment.ts';
import { asExperiment, checkManifest } from './run.ts';

interface PlanFlags extends StoreFlags, OutputFlags, StrengthFlags {
  readonly filename?: string[];
}

export function planCommand(io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command('plan')
    .description('changes nothing: validates, reaches the URLs, says how many requests the objectives need')
    .argument('[name]', 'the experiment; without it, and without -f, the newest')
    .option('-f, --filename <file>', 'manifest: a file, a folder, a URL, - for standard input; repeat it', repeated);
  return withOutputFlags(withStrengthFlags(withStoreFlags(command)), ['text', 'json']).action(
    async (name: string | undefined, flags: PlanFlags) => {
      if (name !== undefined && flags.filename !== undefined) throw new UsageError('give a name or -f, not both');
      const context = await openContext(flags, io, (text) => io.stderr.write(`${sanitizeLine(text)}\n`));
      let experiment: Experiment;
      let source: string;
      let given: readonly WrittenMetric[] = [];
      if (flags.filename === undefined) {
        experiment = await chosenExperiment(context, name, (text) => io.stderr.write(`${sanitizeLine(text)}\n`));
        source = context.store.description;
        checkManifest(experiment, context.mode, {
          locate: (issue) => issue,
          label: experiment.metadata.name,
        });
      } else {
        const loaded = await readManifests(flags.filename, io);
        checkManifest(loaded.experiment, context.mode, loaded);
        experiment = asExperiment(loaded.experiment, loaded.experiment.metadata.namespace ?? context.namespace);
        source = flags.filename.join(', ');
        given = loaded.metrics;
      }
      const driver = await openDriver(context, io);
      const preflight = await whileWaiting('trying metrics and URLs', { output: io.stderr, env: io.env }, async () =>
        findOut(experiment, {
          source,
          driver,
          strength: strengthOf(flags),
          ...(await tryMetrics(experiment, { context, driver, given })),
          permissions: await checkPermissions(experiment, context, flags.filename !== undefined),
          earlier: flags.filename === undefined ? seenIn(experiment) : await earlierRun(experiment, context),
        }),
      );
      await driver.metrics.close();
      io.stdout.write(
        flags.output === 'json'
          ? `${jsonText({ apiVersion: OUTPUT_VERSION, kind: 'Plan', ...preflight }, 2)}\n`
          : `${renderPlan(preflight, { theme: stdoutTheme(io, flags), columns: io.stdout.columns ?? 80 })}\n`,
      );
      const reached =
        preflight.targets.every((target) => target.ok) && (preflight.permissions?.missing ?? []).length === 0;
      done(reached ? (preflight.wouldBeDecided ? EXIT.ok : EXIT.undecided) : EXIT.unavailable);
    },
  );
}

async function findOut(
  experiment: Experiment,
  how: {
    readonly source: string;
    readonly driver: Driver;
    readonly strength: Record<string, unknown>;
    readonly permissions: PermissionCheck | undefined;
    readonly metrics: readonly MetricCheck[];
    readonly reward: Parameters<typeof rewardDecidability>[1];
    readonly seen: ReadonlyMap<string, SeenCounters>;
    readonly found: ReadMetrics;
    readonly earlier: Seen;
  },
): Promise<Preflight> {
  const question = compileQuestion(experiment, how.strength);
  const power = withBackendNeeds(decidability(question, how.earlier), how.seen, question);
  const targets = await checkTargets(experiment, how.driver);
  const reward = rewardDecidability(question, how.reward, how.earlier);
  const hasObjective = power.length > 0 || reward !== undefined;
  return {
    name: experiment.metadata.name,
    source: how.source,
    wouldBeDecided:
      hasObjective &&
      power.every((row) => row.decided !== 'no') &&
      reward?.problem === undefined &&
      targets.every((target) => target.ok && target.redirects !== true) &&
      (how.permissions?.missing ?? []).length === 0,
    problems: [
      ...(hasObjective ? [] : ['no objective and no reward: there is nothing to judge']),
      ...unverifiedTls({ ...experiment, status: { metrics: how.found } }),
    ],
    ...(how.permissions === undefined ? {} : { permissions: how.permissions }),
    ...(reward === undefined ? {} : { reward }),
    metrics: how.metrics,
    targets,
    load: question.load,
    power,
  };
}

/** What an earlier experiment of that name showed; nothing where none can be read, whatever the reason: other checks say it. */
async function earlierRun({ metadata: { name, namespace } }: Experiment, { store }: Context): Promise<Seen> {
  return store.get({ name, namespace }).then(seenIn, () => ({}));
}

/** As long as an experiment might have run: what a query of `elapsedTime` is tried with. */
const TRIED_SECONDS = 60;

/** What trying the metrics showed. */
interface Tried {
  readonly metrics: MetricCheck[];
  readonly reward: Parameters<typeof rewardDecidability>[1];
  readonly seen: ReadonlyMap<string, SeenCounters>;
  /** The metrics themselves. */
  readonly found: ReadMetrics;
}

/** Each metric that is not built in, for each version, once. `given`: beside the experiment, perhaps not stored yet. */
async function tryMetrics(
  experiment: Experiment,
  how: { readonly context: Context; readonly driver: Driver; readonly given: readonly WrittenMetric[] },
): Promise<Tried> {
  const [{ readMetrics }, { metricOf }] = await Promise.all([
    import('../../drive/find-metrics.ts'),
    import('../../drive/measure-metrics.ts'),
  ]);
  const names = customMetrics(experiment).map(({ written }) => written);
  const nothing = { found: [], reward: { metric: undefined, values: [] }, seen: new Map<string, SeenCounters>() };
  if (names.length === 0) return { metrics: [], ...nothing };
  const own = experiment.metadata.namespace;
  const read = await readMetrics(experiment, {
    getMetric: (key, signal) => {
      const found = how.given.find(
        ({ metadata }) => metadata.name === key.name && (metadata.namespace ?? own) === key.namespace,
      );
      return found === undefined
        ? how.context.store.getMetric(key, signal)
        : Promise.resolve(metricWithDefaults(found, { namespace: key.namespace }));
    },
  });
  if ('failure' in read)
    return {
      metrics: [
        { metric: names.join(', '), version: 'every version', ok: false, text: read.failure.message, query: '' },
      ],
      ...nothing,
    };
  const known = { ...experiment, status: { metrics: read.metrics } };
  const versions = versionsIn(known);
  const seen = new Map<string, SeenCounters>();
  const metrics = await Promise.all(
    names.flatMap((name) =>
      versions.map(async (version) => {
        const metric = metricOf(known, name, own)!;
        const answer = await how.driver.metrics.measure({ metric, version, elapsedSeconds: TRIED_SECONDS });
        if (answer.kind === 'counters') seen.set(name, answer.answer);
        return {
          metric: name,
          version: version.name,
          ok: answer.kind !== 'error',
          text: triedText(answer),
          query: answer.query,
          ...(answer.kind === 'value' ? { value: answer.value } : {}),
        };
      }),
    ),
  );
  const reward = experiment.spec.criteria.rewards[0]?.metric;
  const values = metrics.flatMap(({ metric, value }) => (metric === reward && value !== undefined ? [value] : []));
  return {
    metrics,
    found: read.metrics,
    seen,
    reward: { metric: reward === undefined ? undefined : metricOf(known, reward, own), values },
  };
}

function triedText(answer: Measurement): string {
  if (answer.kind === 'error') return answer.message;
  if (answer.kind === 'value') return formatValue(answer.value, 'plain');
  const series = new Set(answer.answer.samples.map((sample) => sample.series)).size;
  return `raw counters: ${answer.answer.samples.length} samples of ${series} series`;
}

/** What the account may do, asked of the API server. */
async function checkPermissions(
  experiment: Experiment,
  { kube }: Context,
  create: boolean,
): Promise<PermissionCheck | undefined> {
  if (kube === undefined) return undefined;
  const { mayI, permissionText } = await import('../../adapters/kube/access-review.ts');
  const needed = neededPermissions(experiment, { create });
  const answers = await Promise.all(needed.map((permission) => mayI(kube, permission)));
  const missing = needed.filter((_, index) => answers[index] !== true).map(permissionText);
  return { granted: needed.length - missing.length, total: needed.length, missing };
}

/** One request to each endpoint of each collect task. */
async function checkTargets(experiment: Experiment, driver: Driver): Promise<TargetCheck[]> {
  const { tryRequest } = await import('../../adapters/load/try-request.ts');
  const tasks = Object.values(experiment.spec.strategy.actions)
    .flat()
    .filter((task) => task.task === 'metrics/collect');
  const checks: TargetCheck[] = [];
  for (const task of tasks) {
    const built = await driver.requests.build(collectInputs(task), experiment.metadata.namespace);
    for (const { version, endpoints } of built) {
      for (const endpoint of endpoints)
        checks.push({ version, url: endpoint.url, ...(await tryRequest(driver.load, endpoint)) });
    }
  }
  return checks;
}
