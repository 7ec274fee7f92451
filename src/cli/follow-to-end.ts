/** Follows experiments that somebody else drives, to their end. */
import { NotFoundError, TimeoutError } from '../errors.ts';
import { EXIT, exitCodeOf, type ExitCode, worstExitCode } from '../exit-codes.ts';
import { timeLimit, type Io } from '../io.ts';
import { keyText, type Experiment, type ObjectKey } from '../experiment/experiment.ts';
import { hasEnded } from '../experiment/conditions.ts';
import type { StoreEvent } from '../drive/ports.ts';
import { eventsBetween, whatWasReported } from '../drive/events-of-changes.ts';
import { knownJudgement } from '../judge/iter8-07/judge-recorded-object.ts';
import { listRow, type Driven, type ListRow } from '../view/experiment-view.ts';
import { endingOf } from './end-from-outside.ts';
import { newestFirst } from './sort-experiments.ts';
import type { Context } from './context.ts';
import type { OutputFlags } from './shared-flags.ts';
import type { Reports } from './report-files.ts';
import type { Progress } from './progress-display.ts';
import { printAnswer } from './print-experiment.ts';
import { sayWhenNobodyDrives, whoDrives, whoDrivesEach } from './who-drives.ts';

export interface WatchingOptions {
  readonly context: Context;
  readonly io: Io;
  readonly flags: OutputFlags;
  /** Of `withTimeLimit`. Absent: it may take as long as it takes. */
  readonly over?: AbortSignal | undefined;
  readonly progress: Progress;
  readonly reports?: Reports | undefined;
}

/** Events are the answer then: without a reader there is nothing to go on for. */
const endingsOf = ({ io, over, flags }: WatchingOptions) =>
  endingOf(io, { over, ...(flags.output === 'ndjson' ? { withoutReader: EXIT.terminated } : {}) });

/** That what is shown may be old, and that it is not any more. */
const connectionText = (event: Extract<StoreEvent, { kind: 'stale' | 'fresh' }>): string =>
  event.kind === 'stale' ? `stale: ${event.reason}` : 'up to date again';

/** Watches one experiment until it ends; prints the answer; its exit code. */
export async function watchToEnd(key: ObjectKey, options: WatchingOptions): Promise<ExitCode> {
  return (await watchUntil(key, options))!;
}

/** The same for whoever waits for its driver to go: undefined, with nothing printed, when `enough` is aborted before it ends. */
export async function watchUntil(
  key: ObjectKey,
  options: WatchingOptions,
  enough?: AbortSignal,
): Promise<ExitCode | undefined> {
  const { context, io, flags, progress } = options;
  const { namespace, name } = key;
  const ending = endingsOf(options);
  const signal = enough === undefined ? ending.signal : AbortSignal.any([ending.signal, enough]);
  let last: Experiment | undefined;
  const over = new AbortController();
  let looking: Promise<void> | undefined;
  try {
    for await (const event of context.store.watch({ namespace, name, signal })) {
      switch (event.kind) {
        case 'added':
        case 'modified':
          for (const reported of eventsBetween(last, event.object, io.clock.now())) progress.show(reported);
          last = event.object;
          break;
        case 'deleted':
          throw new NotFoundError(`experiment ${name} was deleted`);
        case 'stale':
        case 'fresh':
          progress.say(connectionText(event));
          break;
        case 'synced':
          if (last === undefined && options.over === undefined)
            throw new NotFoundError(
              `no experiment ${JSON.stringify(name)} in namespace ${namespace} of ${context.store.description}`,
            );
          if (enough !== undefined) break;
          looking ??= sayWhenNobodyDrives(() => last, {
            context,
            io,
            say: progress.say,
            until: AbortSignal.any([signal, over.signal]),
          });
          break;
      }
      if (last !== undefined && hasEnded(last)) break;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    over.abort();
    await looking;
    ending.close();
    if (enough?.aborted !== true) progress.end();
  }
  const code = ending.code();
  if (enough?.aborted === true && code === undefined && (last === undefined || !hasEnded(last))) return undefined;
  progress.end();
  if (last === undefined) {
    if (code === EXIT.timeout) throw new TimeoutError(`experiment ${name} did not appear within the timeout`);
    return code ?? EXIT.notFound;
  }
  const driven = await whoDrivesNow(last, context, io);
  if (flags.output !== 'ndjson') await printAnswer(last, flags, io, driven);
  await options.reports?.end(last, driven);
  if (code !== undefined && !hasEnded(last)) {
    if (code === EXIT.timeout) throw new TimeoutError(`experiment ${name} did not end within the timeout`);
    return code;
  }
  return exitCodeOf(knownJudgement(last).recommendation.verdict, { ended: hasEnded(last) });
}

/** A watch that was interrupted ends soon, whatever the API server does. */
const LONGEST_LOOK_MS = 3_000;

async function whoDrivesNow(experiment: Experiment, context: Context, io: Io): Promise<Driven | undefined> {
  const limit = timeLimit(io.clock, LONGEST_LOOK_MS);
  return whoDrives(experiment, context, limit.signal).finally(() => limit.cancel());
}

/** Watches all experiments that match, until none is unfinished (`forever`: until Ctrl-C). */
export async function watchAll(
  selection: {
    readonly namespace: string | undefined;
    readonly selector: string | undefined;
    readonly forever: boolean;
  },
  options: WatchingOptions & {
    readonly table: (rows: readonly ListRow[]) => void;
    /** Something has changed: what there is now. `isWhole`: nothing is missing any more. */
    readonly changed?: (rows: () => readonly ListRow[], how: { readonly isWhole: boolean }) => void;
  },
): Promise<ExitCode> {
  const { context, io, flags, progress, table } = options;
  const ending = endingsOf(options);
  // Of each only what is reported about it later: ten thousand experiments of 50 kB do not fit into memory.
  const seen = new Map<string, { readonly row: ListRow; readonly reported: Experiment }>();
  const key = (experiment: Experiment) => keyText(experiment.metadata);
  let synced = false;
  try {
    for await (const event of context.store.watch({
      namespace: selection.namespace,
      selector: selection.selector,
      signal: ending.signal,
    })) {
      switch (event.kind) {
        case 'added':
        case 'modified': {
          const before = seen.get(key(event.object))?.reported;
          seen.set(key(event.object), { row: listRow(event.object), reported: whatWasReported(event.object) });
          if (synced)
            for (const reported of eventsBetween(before, event.object, io.clock.now())) progress.show(reported);
          break;
        }
        case 'deleted':
          seen.delete(key(event.object));
          break;
        case 'stale':
        case 'fresh':
          progress.say(connectionText(event));
          break;
        case 'synced':
          synced = true;
          break;
      }
      options.changed?.(
        () =>
          newestFirst(
            Array.from(seen.values(), ({ row }) => row),
            (row) => row,
          ),
        { isWhole: synced },
      );
      if (!synced) continue;
      if (!selection.forever && [...seen.values()].every(({ row }) => row.ended)) break;
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    ending.close();
    progress.end();
  }
  const rows = [...seen.values()].map(({ row }) => row);
  // Events were the answer then.
  if (flags.output !== 'ndjson') {
    const limit = timeLimit(io.clock, LONGEST_LOOK_MS);
    const driven = await whoDrivesEach(
      [...seen.values()].map(({ reported }) => reported),
      context,
      limit.signal,
    );
    limit.cancel();
    table([...seen].map(([of, { row }]) => ({ ...row, driven: driven.get(of) })));
  }
  const code = ending.code();
  if (code === EXIT.timeout) throw new TimeoutError('not every experiment ended within the timeout');
  if (code !== undefined) return code;
  return worstExitCode(rows.map(({ recommendation, ended }) => exitCodeOf(recommendation.verdict, { ended })));
}
