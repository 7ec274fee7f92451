/** What ends a command from outside that follows something. */
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { timeLimit, type Io } from '../io.ts';

/** `code`: what the command then ends with; undefined while nothing has ended it. */
export interface Ending {
  readonly signal: AbortSignal;
  readonly code: () => ExitCode | undefined;
  close(): void;
}

/**
 * Ctrl-C, SIGTERM, the time limit, and for `withoutReader` that nobody reads standard output any more: the code that is then
 * right.
 */
export function endingOf(
  io: Io,
  { timeout, withoutReader }: { readonly timeout?: number | undefined; readonly withoutReader?: ExitCode | undefined },
): Ending {
  const controller = new AbortController();
  const lost = withoutReader === undefined ? undefined : io.stdout.lost;
  let code: ExitCode | undefined;
  const stopListening = io.onSignal((signal) => {
    code = signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
    controller.abort();
  });
  const limit = timeout === undefined ? undefined : timeLimit(io.clock, timeout);
  const end = (why: ExitCode) => {
    code ??= why;
    controller.abort();
  };
  limit?.signal.addEventListener('abort', () => end(EXIT.timeout), { once: true });
  const onLost = () => end(withoutReader!);
  if (lost?.aborted === true) onLost();
  lost?.addEventListener('abort', onLost, { once: true });
  return {
    signal: controller.signal,
    code: () => code,
    close: () => {
      stopListening();
      limit?.cancel();
      lost?.removeEventListener('abort', onLost);
    },
  };
}
