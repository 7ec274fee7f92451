/** Everything that can go wrong in a foreseen way, and the exit code of each. Anything else thrown is a bug of ours. */
import { EXIT, type ExitCode } from './exit-codes.ts';

/** What an error carries besides its message: a `hint` says what to do; `details` are further lines, already sentences. */
export interface ErrorOptions {
  readonly hint?: string | undefined;
  readonly details?: readonly string[] | undefined;
  readonly cause?: unknown;
}

/** Root of all foreseen errors. The message says what failed, on what, expected and received; lower case, no full stop. */
export class Iter8Error extends Error {
  override readonly name: string = 'Iter8Error';
  readonly exitCode: ExitCode = EXIT.failed;
  readonly hint: string | undefined;
  readonly details: readonly string[];

  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
    this.details = options.details ?? [];
  }
}

/** The command line is wrong, or asks for what cannot be done. */
export class UsageError extends Iter8Error {
  override readonly name = 'UsageError';
  override readonly exitCode = EXIT.usage;
}

/** A script is not run, because nobody at this machine has approved it as it is now. */
export class NotApprovedError extends UsageError {}

/** What another try of sending a message would do. */
export type SendAgain = 'safe' | 'may-repeat' | 'useless';

/** A message was not delivered, or nobody knows whether it was. */
export class UndeliveredError extends Iter8Error {
  override readonly name = 'UndeliveredError';
  /**
   * `safe`: it has surely not been taken. `may-repeat`: it may have been, so that another try may deliver it twice. `useless`: it would
   * be refused again.
   */
  readonly again: SendAgain;
  /** How long its receiver asks to be left alone. */
  readonly afterMs: number | undefined;

  constructor(
    message: string,
    options: ErrorOptions & { readonly again: SendAgain; readonly afterMs?: number | undefined },
  ) {
    super(message, options);
    this.again = options.again;
    this.afterMs = options.afterMs;
  }
}

/** One problem of a manifest. `line` and `column` count from 1 and are absent when the object did not come from a text. */
export interface Issue {
  readonly source?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** Field path such as `spec.criteria.objectives[1].upperLimit`; empty for the whole document. */
  readonly path: string;
  readonly message: string;
}

/** A manifest that cannot be used: all of its problems at once. */
export class InvalidManifestError extends Iter8Error {
  override readonly name: string = 'InvalidManifestError';
  override readonly exitCode: ExitCode = EXIT.usage;
  readonly issues: readonly Issue[];

  constructor(message: string, issues: readonly Issue[], options: ErrorOptions = {}) {
    super(message, options);
    this.issues = issues;
  }
}

/** An object that is stored, and breaks the rules: a run of it fails. */
export class InvalidObjectError extends InvalidManifestError {
  override readonly name = 'InvalidObjectError';
  override readonly exitCode = EXIT.failed;
}

/** An object that was asked for by name is not there. */
export class NotFoundError extends Iter8Error {
  override readonly name = 'NotFoundError';
  override readonly exitCode = EXIT.notFound;
}

/** The store refuses: this account may not. */
export class ForbiddenError extends Iter8Error {
  override readonly name = 'ForbiddenError';
  override readonly exitCode = EXIT.unavailable;
}

/** Somebody else changed or created the object first. */
export class ConflictError extends Iter8Error {
  override readonly name = 'ConflictError';
  override readonly exitCode = EXIT.unavailable;
}

/** The cluster, the local folder or a metrics backend cannot be reached or does not answer. */
export class UnavailableError extends Iter8Error {
  override readonly name = 'UnavailableError';
  override readonly exitCode = EXIT.unavailable;
}

/** Waiting ended before what was waited for. */
export class TimeoutError extends Iter8Error {
  override readonly name = 'TimeoutError';
  override readonly exitCode = EXIT.timeout;
}

/** The user (SIGINT) or the system (SIGTERM) asked us to end. */
export class InterruptedError extends Iter8Error {
  override readonly name = 'InterruptedError';
  override readonly exitCode: ExitCode;

  constructor(signal: 'SIGINT' | 'SIGTERM' = 'SIGINT') {
    super('interrupted');
    this.exitCode = signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
  }
}

/** What was asked for by name; undefined where it is not there. */
export async function foundOrUndefined<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** The sentence of any thrown value, without a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Marks a branch that the types say cannot be reached, so that a forgotten case is a compile error. */
export function unreachable(value: never): never {
  throw new Error(`internal error: unexpected ${JSON.stringify(value)}`);
}
