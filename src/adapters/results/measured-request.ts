/** One request as a file of another tool reports it, and what such files leave out. */

export interface MeasuredRequest {
  /** ms since 1970, or since the first request where the file knows no date. */
  readonly startMs: number;
  /** Its latency, in ms, lies between these: tools round. */
  readonly atLeastMs: number;
  readonly atMostMs: number;
  /** HTTP code, or a class of failure such as `timeout`. */
  readonly code: string;
  /**
   * Nobody answered: beyond every limit on latency. `perhaps`: that is not known, as where the client left; it is held against
   * `satisfied`, and does not speak for `violated`.
   */
  readonly unanswered: boolean | 'perhaps';
  readonly error: boolean;
  /** What `--split-by` may ask for. */
  readonly field: (name: string) => string | undefined;
}

/** What was read of one piece of a file. */
export interface Batch {
  readonly requests: readonly MeasuredRequest[];
  /** Requests that could not be understood: where they are, and why. */
  readonly unread: readonly string[];
  /** The file ends in the middle of something: more of it is missing. */
  readonly isTorn?: boolean | undefined;
}

/** How requests were sent. `observed`: nobody sent them for a test, they are real traffic. */
export type SendModel = 'open' | 'closed' | 'unknown' | 'observed';

/** What is known of every file of a format. */
export interface FormatFacts {
  readonly model: SendModel;
  /** Requests that failed without an HTTP answer are not in the file. */
  readonly omitsFailures?: boolean | undefined;
  /** The tool waits for its last request before it ends. */
  readonly isDrained: boolean;
  /** How long it waits for an answer by default, ms: what hung for less at the end is in no file. */
  readonly defaultTimeoutMs?: number | undefined;
  /** Begins and ends in the middle of traffic. */
  readonly isLog?: boolean | undefined;
  /** A redirect that was followed is a request of its own, or was answered to a real user: it is no answer that stands for all. */
  readonly recordsHops?: boolean | undefined;
  /** How far off the time of a start may be, ms. */
  readonly startErrorMs: number;
  /** Times are those of day, and not since the start of the run. */
  readonly isDated: boolean;
  /** What else limits what its numbers mean: one sentence. */
  readonly remark?: string | undefined;
}

export interface ResultFormat {
  /** As `--format` takes it. */
  readonly name: string;
  /** As people call it. */
  readonly title: string;
  readonly facts: FormatFacts;
  /** Whether a file that begins so is one. */
  readonly recognises: (head: string) => boolean;
  /** @throws UsageError when it cannot be such a file */
  readonly read: (chunks: AsyncIterable<Buffer>, options: ReadOptions) => AsyncIterable<Batch>;
}

export interface ReadOptions {
  /** Where lines of JSON hold what: see `json-lines.ts`. */
  readonly fields?: FieldPaths | undefined;
}

export interface FieldPaths {
  readonly status: string;
  readonly duration: string;
  /** Absent: values say it themselves (`12ms`). */
  readonly durationUnit?: DurationUnit | undefined;
  /** One of them is given. */
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  /** Envoy's response flags: whether an answer was broken off. */
  readonly flags?: string | undefined;
}

export const MS_OF_UNIT = { s: 1000, ms: 1, us: 1e-3, ns: 1e-6 } as const;
export type DurationUnit = keyof typeof MS_OF_UNIT;

/** By an HTTP code as text; 0 and what is no number: there was no answer. */
export function outcomeOf(status: string, failure = 'other'): Pick<MeasuredRequest, 'code' | 'unanswered' | 'error'> {
  const code = Number(status);
  if (!Number.isInteger(code) || code < 100 || code > 999) return { code: failure, unanswered: true, error: true };
  return { code: String(code), unanswered: false, error: code >= 400 };
}

/** Latency with what rounding may hide on either side. NaN and negative values: undefined. */
export function latency(
  ms: number,
  error: { readonly below?: number; readonly above?: number } = {},
): Pick<MeasuredRequest, 'atLeastMs' | 'atMostMs'> | undefined {
  if (!Number.isFinite(ms) || ms < 0) return undefined;
  return { atLeastMs: Math.max(0, ms - (error.below ?? 0)), atMostMs: ms + (error.above ?? 0) };
}
