/** Sends the load of an experiment for the sake of its record: nobody asks for its answer, and nobody goes on with it. */
import { UnavailableError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import type { WrittenExperiment } from '../experiment/experiment.ts';
import { hasEnded } from '../experiment/conditions.ts';
import { asExperiment, checkManifest } from './check-manifest.ts';
import { openApprovals, openContext } from './context.ts';
import { driveSettled } from './drive-and-show.ts';
import type { Stop } from './stop-of-drive.ts';
import { createLoadProgress } from './progress-display.ts';
import { createScriptGate } from './script-gate.ts';
import { settle } from './start-or-resume.ts';
import type { OutputFlags } from './shared-flags.ts';

export interface RecordedLoad {
  /** Lines of the record. */
  readonly lines: readonly unknown[];
  /** What the command ends with, where the load did not come to its end. */
  readonly code: ExitCode | undefined;
}

/**
 * Exactly the load that is planned, from a folder of its own.
 *
 * @throws InvalidManifestError with every problem of the experiment
 */
export async function recordLoad(
  written: WrittenExperiment & { readonly metadata: { readonly name: string } },
  { io, flags, folder, label }: LoadHow,
): Promise<RecordedLoad> {
  const progress = createLoadProgress(io, flags);
  const { say } = progress;
  checkManifest(written, 'local', { label, locate: (issue) => issue });
  const context = await openContext({ dir: folder }, io, say);
  const scripts = createScriptGate({
    context,
    approvals: () => openApprovals(io),
    allowAll: false,
    from: label,
    say,
  });
  await scripts.check(asExperiment(written, context.namespace));
  const start = { written, metrics: [], overwriteMetrics: false, given: true } as const;
  const settled = await settle(context, start, { restart: false, say });
  if (settled.kind === 'watch') throw new UnavailableError(`somebody else works in ${folder}`);
  const reports = { show: () => undefined, end: async () => undefined };
  const strength = { extend: false };
  const code = await driveSettled(
    settled,
    { context, io, flags: { output: 'text', color: flags.color }, strength, progress, reports, scripts },
    async ({ experiment, recommendation, interrupted }, stopped): Promise<ExitCode | undefined> => {
      if (interrupted && stopped !== undefined) return codeOf(stopped);
      return recommendation.verdict === 'failed' && hasEnded(experiment) ? EXIT.failed : undefined;
    },
  );
  const lines: unknown[] = [];
  const key = { namespace: context.namespace, name: written.metadata.name };
  for await (const line of context.records.read(key)) lines.push(line);
  return { lines, code };
}

export interface LoadHow {
  readonly io: Io;
  readonly flags: Pick<OutputFlags, 'color'>;
  /** Empty, and for nothing else. */
  readonly folder: string;
  /** Where the experiment comes from, for messages. */
  readonly label: string;
}

/** Without a time limit, and in a folder that nobody else knows, it is a signal. */
const codeOf = (stopped: Stop): ExitCode => (stopped === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted);
