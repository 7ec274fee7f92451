/** The packs that `init --metrics` knows, and the experiment that it writes with one. Pure. */
import { UsageError } from '../errors.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import { API_VERSION, type Objective, type TaskSpec, type WrittenExperiment } from '../experiment/experiment.ts';
import type { WrittenMetric } from '../experiment/metric.ts';
import { splitUrl } from '../experiment/experiment-from-flags.ts';
import { parseSlo } from '../experiment/slo-flag.ts';
import { parseMetricName } from '../experiment/metric-names.ts';
import { ENVOY_GATEWAY } from './envoy-gateway.ts';
import { ISTIO } from './istio.ts';
import { LINKERD } from './linkerd.ts';
import { NGINX } from './nginx.ts';
import { OTEL_HTTP } from './otel-http.ts';
import { packMetric, packMetricName, type Pack, type PackQuantity } from './metric-pack.ts';

/** Names of workloads: nothing that could end a text of PromQL. */
const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

export const PACKS: readonly Pack[] = [ISTIO, LINKERD, ENVOY_GATEWAY, NGINX, OTEL_HTTP];

export interface PackOptions {
  readonly pack: string;
  readonly prometheus: string;
  /** Baseline first. */
  readonly versions: readonly string[];
  readonly slos: readonly string[];
  readonly namespace: string;
  readonly name?: string | undefined;
  /** `URL` or `NAME=URL`: load that is sent meanwhile. Without a name, or with another, it is to where all versions are reached. */
  readonly urls?: readonly string[] | undefined;
  /** Requests a second of that load, to each URL. */
  readonly qps?: number | undefined;
}

/** Length of the load between two measurements, and how often. */
const LOAD_SECONDS = 30;
const LOOPS = 10;

/** Envoy's default for a route (https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts): no request takes longer. */
const MEAN_CAP_MS = 15_000;

/** The metrics, and the experiment that judges live traffic by them. @throws UsageError */
export function packExperiment(options: PackOptions): {
  readonly metrics: WrittenMetric[];
  readonly experiment: WrittenExperiment;
} {
  const pack = packOf(options.pack);
  const { namespace, versions } = options;
  checkOptions(options);
  const objectives = options.slos.map((text) => {
    const { metric, ...limits } = parseSlo(text);
    return { quantity: quantityOf(metric, text), limits };
  });
  const metrics = new Map<string, WrittenMetric>();
  for (const { quantity } of objectives)
    metrics.set(
      packMetricName(pack, quantity),
      packMetric(pack, quantity, { prometheus: options.prometheus, namespace }),
    );
  const [baseline, ...candidates] = versions.map((name) => ({
    name,
    variables: Object.entries(pack.variables({ name, namespace, baseline: versions[0]! })).map(([variable, value]) => ({
      name: variable,
      value,
    })),
  }));
  const load = loadBetween(options);
  const means = objectives.filter(({ quantity }) => quantity.kind === 'mean-latency');
  return {
    metrics: [...metrics.values()],
    experiment: {
      apiVersion: API_VERSION,
      kind: 'Experiment',
      metadata: {
        ...(options.name === undefined ? { generateName: `${versions.at(-1)!}-` } : { name: options.name }),
        namespace,
      },
      spec: {
        target: `${namespace}/${versions[0]!}`,
        strategy: {
          ...(load === undefined ? {} : { actions: { loop: [load] } }),
          testingPattern: candidates.length === 0 ? 'Conformance' : 'Canary',
          ...(candidates.length === 0 ? {} : { deploymentPattern: 'FixedSplit' as const }),
        },
        criteria: {
          objectives: objectives.map(({ quantity, limits }) => ({ metric: packMetricName(pack, quantity), ...limits })),
          ...(means.length === 0
            ? {}
            : { strength: { cap: [{ metric: packMetricName(pack, means[0]!.quantity), max: meanCapMs(means) }] } }),
        },
        duration:
          load === undefined
            ? { intervalSeconds: LOAD_SECONDS, iterationsPerLoop: LOOPS }
            : { intervalSeconds: 1, iterationsPerLoop: 1, maxLoops: LOOPS },
        versionInfo: { baseline: baseline!, ...(candidates.length === 0 ? {} : { candidates }) },
      },
    },
  };
}

/** The default, and for whoever allows a mean that it could not show, since routes of theirs wait longer, twice what they allow. */
function meanCapMs(means: readonly { readonly limits: Omit<Objective, 'metric'> }[]): number {
  const limits = means.flatMap(({ limits: { upperLimit, lowerLimit } }) =>
    [upperLimit ?? 0, lowerLimit ?? 0].map(Number),
  );
  const largest = Math.max(...limits);
  return largest < MEAN_CAP_MS ? MEAN_CAP_MS : 2 * largest;
}

/** A task after each iteration, so that the next one measures what it brought about. */
function loadBetween({ urls = [], qps }: PackOptions): TaskSpec | undefined {
  if (urls.length === 0) return undefined;
  return {
    task: 'metrics/collect',
    with: {
      loadOnly: true,
      time: `${LOAD_SECONDS}s`,
      ...(qps === undefined ? {} : { qps }),
      versions: urls.map((text, index) => {
        const { name = urls.length === 1 ? 'traffic' : `traffic-${index + 1}`, url } = splitUrl(text);
        return { name, url };
      }),
    },
  };
}

function packOf(name: string): Pack {
  const pack = PACKS.find((one) => one.name === name);
  if (pack !== undefined) return pack;
  const names = PACKS.map((one) => one.name);
  throw new UsageError(`--metrics ${JSON.stringify(name)}: there is no such pack${didYouMean(name, names)}`, {
    hint: `packs are ${names.join(', ')}`,
  });
}

function checkOptions({ prometheus, versions, slos }: PackOptions): void {
  if (!URL.canParse(prometheus) || !/^https?:$/.test(new URL(prometheus).protocol))
    throw new UsageError(`--prometheus ${JSON.stringify(prometheus)} is not an http or https URL`, {
      hint: 'for example --prometheus http://prometheus.monitoring:9090',
    });
  if (versions.length === 0)
    throw new UsageError('with --metrics --versions is needed', {
      hint: 'name the workload to judge, or a baseline and a candidate: --versions shop-v1,shop-v2',
    });
  if (versions.length > 2)
    throw new UsageError(`--versions: expected one or two names, got ${versions.length}`, {
      hint: 'more versions need a manifest with testingPattern A/B/N and a reward',
    });
  const wrong = versions.find((version) => !NAME.test(version));
  if (wrong !== undefined)
    throw new UsageError(`--versions: ${JSON.stringify(wrong)} cannot name a workload`, {
      hint: 'expected lower case letters, digits, - and .',
    });
  if (new Set(versions).size < versions.length) throw new UsageError('--versions: both have the same name');
  if (slos.length === 0)
    throw new UsageError('a --slo is needed: without one there is nothing to judge', {
      hint: "for example --slo 'p95<=300ms' --slo 'error-rate<=1%'",
    });
}

function quantityOf(metric: string, text: string): PackQuantity {
  const { quantity, endpoint } = parseMetricName(metric, 'default');
  if (endpoint === undefined) {
    if (quantity.kind === 'error-rate' || quantity.kind === 'mean-latency') return { kind: quantity.kind };
    // As `readCounterRows` takes them.
    if (quantity.kind === 'percentile' && quantity.percent >= 1) return quantity;
  }
  throw new UsageError(`--slo ${JSON.stringify(text)}: no metric pack measures that`, {
    hint: "packs measure error-rate, mean and percentiles, for example 'p95<=300ms'",
  });
}
