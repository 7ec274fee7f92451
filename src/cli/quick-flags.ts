/** Flags that describe an experiment without a manifest: of `init`, `run` and `aa`. */
import type { Command } from 'commander';
import { quickExperiment } from '../experiment/experiment-from-flags.ts';
import { payloadFrom } from './payload-flag.ts';
import { durationFlag, numberFlag, repeated } from './shared-flags.ts';

export interface QuickFlags {
  readonly url?: string[];
  readonly slo?: string[];
  readonly qps?: number;
  readonly requests?: number;
  readonly duration?: number;
  readonly header?: string[];
  readonly method?: string;
  readonly payload?: string;
  readonly contentType?: string;
  readonly name?: string;
}

/** What the load is like: only where a quick run sends it. */
export const LOAD_FLAGS = ['requests', 'duration', 'header', 'method', 'payload', 'contentType'] as const;

export function withQuickFlags(command: Command): Command {
  return withLoadFlags(
    command
      .option('--url <[name=]url>', 'what to judge; twice for a baseline and a candidate', repeated)
      .option(
        '--slo <metric<=limit>',
        "an objective, e.g. 'p95<=300ms', 'error-rate<=1%', 'mean<=150ms'; repeat it",
        repeated,
      ),
    100,
  ).option('--name <name>', 'name of the experiment (default: made from the host)');
}

/** What the load is like. */
export function withLoadFlags(command: Command, requests?: number): Command {
  const planned = requests === undefined ? '' : ` (default ${requests})`;
  return command
    .option(
      '--qps <n>',
      'requests a second for each version (default 8; 0: as fast as possible)',
      numberFlag({ min: 0 }),
    )
    .option('--requests <n>', `planned requests for each version${planned}`, numberFlag({ min: 1, integer: true }))
    .option('--duration <duration>', 'planned length of the load, instead of --requests', durationFlag)
    .option('--header <name: value>', 'a header of every request; repeat it', repeated)
    .option('--method <method>', 'GET, HEAD, POST, PUT, PATCH, DELETE ... (default: POST with a payload, else GET)')
    .option('--payload <text>', 'the body of every request; @FILE: the text in that file')
    .option('--content-type <type>', 'of the payload (default: application/octet-stream)');
}

export async function experimentFromFlags(flags: QuickFlags, namespace: string | undefined) {
  return quickExperiment({
    urls: flags.url ?? [],
    slos: flags.slo ?? [],
    headers: flags.header ?? [],
    method: flags.method,
    payload: await payloadFrom(flags.payload),
    contentType: flags.contentType,
    name: flags.name,
    namespace,
    qps: flags.qps,
    requests: flags.requests,
    duration: flags.duration === undefined ? undefined : `${flags.duration / 1000}s`,
  });
}
