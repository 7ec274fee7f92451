/** Measured values that a command gives out: over HTTP where it listens, and by OTLP where the environment asks for it. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import type { MetricsText } from '../adapters/telemetry/prometheus-text.ts';
import type { Event } from '../drive/events.ts';
import type { Sample } from '../telemetry/families.ts';
import { VERSION } from '../version.ts';
import { notEmpty } from './shared-flags.ts';
import type { Progress } from './progress-display.ts';

export interface MetricsFlags {
  readonly metricsAddress?: string;
}

export function withMetricsFlag(command: Command): Command {
  return command.option(
    '--metrics-address <host:port>',
    'serve /metrics for Prometheus there while it runs; a port alone: for this machine only; whoever reaches it may read it',
    notEmpty,
  );
}

export interface MeasuredOutputs {
  /** For /metrics. */
  text(accept: string): Promise<MetricsText>;
  /** Pushes the last values, in bounded time; never fails. */
  end(): Promise<void>;
}

/** `samples` are asked for whenever somebody wants the values. `say` is called once for a collector that takes none. */
export async function measuredOutputs(
  io: Io,
  samples: () => readonly Sample[],
  say: (text: string) => void,
): Promise<MeasuredOutputs> {
  const { byFamily } = await import('../telemetry/families.ts');
  const measured = () => byFamily([...samples(), { family: 'build_info', labels: { release: VERSION }, value: 1 }]);
  const endPush = isPushWanted(io)
    ? await (await import('../adapters/telemetry/push.ts')).startPush({
        env: io.env,
        version: VERSION,
        now: () => io.clock.now(),
        measured,
        say,
      })
    : undefined;
  return {
    text: async (accept) => {
      const { prometheusText } = await import('../adapters/telemetry/prometheus-text.ts');
      return prometheusText(measured(), accept);
    },
    end: async () => endPush?.(),
  };
}

/** What decides it lies behind this question, and is loaded only then. */
const isPushWanted = ({ env }: Io): boolean =>
  Boolean(env['OTEL_EXPORTER_OTLP_ENDPOINT']) || Boolean(env['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT']);

/**
 * Does the work of one experiment while its values are given out, if anybody wants them. `work` is given a function, and calls it
 * with each event.
 *
 * @throws UsageError before the work begins when it cannot listen there
 */
export async function withMeasuredValues<T>(
  { io, flags, say }: { readonly io: Io; readonly flags: MetricsFlags; readonly say: (text: string) => void },
  work: (see: (event: Event) => void) => Promise<T>,
): Promise<T> {
  const { metricsAddress } = flags;
  if (metricsAddress === undefined && !isPushWanted(io)) return work(() => undefined);
  const { MeasuredExperiments } = await import('../telemetry/measured-experiments.ts');
  // Whoever follows it drives it, or watches its driver.
  const experiments = new MeasuredExperiments(io.clock, () => true);
  const outputs = await measuredOutputs(io, () => experiments.samples(), say);
  const server = metricsAddress === undefined ? undefined : await serve(metricsAddress, outputs);
  if (server !== undefined) say(`measured values: ${server.url}/metrics`);
  try {
    return await work((event) => {
      if (event.kind === 'object') experiments.see(event.object);
    });
  } finally {
    await server?.close();
    await outputs.end();
  }
}

async function serve(address: string, outputs: MeasuredOutputs) {
  const { serveTexts } = await import('../adapters/telemetry/http-server.ts');
  return serveTexts(address, '--metrics-address', async ({ path, accept }) =>
    path === '/metrics'
      ? { code: 200, ...(await outputs.text(accept)) }
      : { code: 404, type: 'text/plain; charset=utf-8', text: 'there is /metrics\n' },
  );
}

/** The same progress, whose events are seen too. */
export function seenBy(progress: Progress, see: (event: Event) => void): Progress {
  return {
    ...progress,
    show: (event) => {
      see(event);
      progress.show(event);
    },
  };
}
