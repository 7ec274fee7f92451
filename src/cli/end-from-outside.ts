/** What ends a command from outside that follows something. */
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { timeLimit, whenAborted, type Io } from '../io.ts';

/** `code`: what the command then ends with; undefined while nothing has ended it. */
export interface Ending {
  readonly signal: AbortSignal;
  readonly code: () => ExitCode | undefined;
  close(): void;
}

/** Does the whole work of a command that may be limited in time (`--timeout`). `over`: aborted when that is over; absent: never. */
export async function withTimeLimit<T>(
  io: Io,
  { timeout }: { readonly timeout?: number | undefined },
  work: (over: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (timeout === undefined) return work(undefined);
  const limit = timeLimit(io.clock, timeout);
  try {
    return await work(limit.signal);
  } finally {
    limit.cancel();
  }
}

/**
 * Ctrl-C, SIGTERM, `over` of `withTimeLimit`, and for `withoutReader` that nobody reads standard output any more: the code that is then
 * right.
 */
export function endingOf(
  io: Io,
  { over, withoutReader }: { readonly over?: AbortSignal | undefined; readonly withoutReader?: ExitCode | undefined },
): Ending {
  const controller = new AbortController();
  const lost = withoutReader === undefined ? undefined : io.stdout.lost;
  let code: ExitCode | undefined;
  const stopListening = io.onSignal((signal) => {
    code = signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
    controller.abort();
  });
  const end = (why: ExitCode) => {
    code ??= why;
    controller.abort();
  };
  const closers = [
    stopListening,
    whenAborted(over, () => end(EXIT.timeout)),
    whenAborted(lost, () => end(withoutReader!)),
  ];
  return {
    signal: controller.signal,
    code: () => code,
    close: () => {
      for (const close of closers) close();
    },
  };
}
