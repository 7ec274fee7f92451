/** Reads files of results as streams, whatever their size, and counts their requests. */
import { createHash, type Hash } from 'node:crypto';
import path from 'node:path';
import { UsageError } from '../../errors.ts';
import type { Tally } from '../../evidence/request-tally.ts';
import { addTally } from '../../evidence/request-tally.ts';
import { systemReason } from '../../text/system-reasons.ts';
import { readChunks, ReadError } from '../manifest/bounded-read.ts';
import { FORMATS, recogniseFormat } from './all-formats.ts';
import { buffers, unpacked, withHead, withoutMark } from './byte-streams.ts';
import { RequestCounter, unresolvedTally, type CountedWindow, type CountSettings } from './count-requests.ts';
import type { FieldPaths, FormatFacts, MeasuredRequest, ResultFormat } from './measured-request.ts';
import { HEAD_BYTES } from './kind-of-file.ts';

/** `-` is standard input. */
export interface ResultSources {
  readonly cwd: string;
  readonly stdin: () => AsyncIterable<Uint8Array | string>;
}

export interface ReadSettings extends CountSettings {
  readonly format?: string | undefined;
  readonly fields?: FieldPaths | undefined;
  /** Requests that are in none of the files; undefined: it is not known. */
  readonly missing?: number | undefined;
  /** How long a request may take, where that matters: at the end of a file that may lack some. */
  readonly inFlightMs: number;
}

export interface Results {
  readonly tallies: ReadonlyMap<string, Tally>;
  /** Of each file: even logs of one server do not always begin where another ends, and those of replicas end on their own. */
  readonly windows: readonly CountedWindow[];
  /** Of each file. */
  readonly formats: readonly ResultFormat[];
  /** One of the files ends in the middle of something. */
  readonly isTorn: boolean;
  /** Lines that could not be read: how many, and the first of them. */
  readonly unread: { readonly n: number; readonly examples: readonly string[] };
}

/** Of a pipe: whoever writes it may take a day. */
const PIPE_TIMEOUT_MS = 24 * 3600 * 1000;
const EXAMPLES = 3;

/** What was read of one file. */
interface FileResults extends Pick<Results, 'isTorn' | 'unread'> {
  readonly window: CountedWindow;
  readonly format: ResultFormat;
  /** Of what is in it, whatever its name, and whether it is packed. */
  readonly digest: string;
}

/** @throws UsageError naming the file that cannot be read, or is none of results */
export async function readResults(
  files: readonly string[],
  sources: ResultSources,
  settings: ReadSettings,
): Promise<Results> {
  const read: FileResults[] = [];
  const contents = new Map<string, string>();
  for (const file of files) {
    const shown = file === '-' ? 'standard input' : file;
    const one = await readFile(file, { shown, sources, settings }).catch((error: unknown) => {
      throw readFailure(error, shown);
    });
    const same = contents.get(one.digest);
    if (same !== undefined) throw new UsageError(`${shown} holds the same as ${same}: its requests would count twice`);
    contents.set(one.digest, shown);
    read.push(one);
  }
  const windows = read.map(({ window }) => window);
  const unread = read.reduce((sum, one) => sum + one.unread.n, 0);
  return {
    tallies: talliesOf(windows, unread, settings),
    windows,
    formats: read.map(({ format }) => format),
    isTorn: read.some(({ isTorn }) => isTorn),
    unread: { n: unread, examples: read.flatMap((one) => one.unread.examples).slice(0, EXAMPLES) },
  };
}

async function readFile(
  file: string,
  {
    shown,
    sources,
    settings,
  }: { readonly shown: string; readonly sources: ResultSources; readonly settings: ReadSettings },
): Promise<FileResults> {
  const hash = createHash('sha256');
  const bytes = await withoutMark(await unpacked(chunksOf(file, sources)));
  const { head, chunks } = await withHead(hashed(bytes, hash), HEAD_BYTES);
  const format = formatOf(settings.format) ?? recogniseFormat(head, shown);
  const { facts } = format;
  const counter = new RequestCounter(settings, {
    inFlightMs: settings.missing === undefined && !facts.isDrained ? inFlightMsOf(facts, settings) : undefined,
    isLog: facts.isLog === true && settings.missing === undefined,
    startErrorMs: facts.startErrorMs,
  });
  const examples: string[] = [];
  let [unread, isTorn, isAnyRead] = [0, false, false];
  for await (const batch of format.read(chunks, { fields: settings.fields })) {
    const requests = batch.requests.filter(isInTime);
    for (const request of requests) counter.add(request);
    isAnyRead ||= requests.length > 0;
    unread += batch.unread.length + batch.requests.length - requests.length;
    isTorn ||= batch.isTorn === true;
    for (const where of batch.unread.slice(0, EXAMPLES - examples.length)) examples.push(`${shown}, ${where}`);
  }
  // Then it is read in a wrong way: nothing was measured, and nobody is to blame for it.
  if (!isAnyRead && unread > 0)
    throw new UsageError(`none of its ${unread} lines can be read as ${format.title}`, {
      details: examples,
      hint: 'check --format and --fields',
    });
  return { format, window: counter.end(), isTorn, unread: { n: unread, examples }, digest: hash.digest('hex') };
}

/** By version, over all files. What could not be read, or is missing, may have been of any version. */
function talliesOf(
  windows: readonly CountedWindow[],
  unread: number,
  settings: ReadSettings,
): ReadonlyMap<string, Tally> {
  const unknown = unread + (settings.missing ?? 0);
  const tallies = new Map<string, Tally>();
  for (const version of settings.versions) {
    const parts = windows.flatMap((window) => window.tallies.get(version) ?? []);
    if (unknown > 0 && parts.length > 0) parts.push(unresolvedTally(unknown, settings));
    if (parts.length > 0) tallies.set(version, parts.reduce(addTally));
  }
  return tallies;
}

/** Without `--timeout` that of the tool: a request that hangs may not have ended before. */
function inFlightMsOf({ defaultTimeoutMs = 0 }: FormatFacts, { inFlightMs, capMs }: ReadSettings): number {
  return capMs === undefined ? Math.max(inFlightMs, defaultTimeoutMs) : inFlightMs;
}

async function* hashed(chunks: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

function readFailure(error: unknown, shown: string): unknown {
  if (error instanceof UsageError) {
    const { message, hint, details } = error;
    if (message.startsWith('its ')) return new UsageError(`${shown}: ${message}`, { hint, details, cause: error });
    return error;
  }
  if (error instanceof ReadError) return new UsageError(`${shown} ${error.message}`, { cause: error });
  if (typeof error === 'object' && error !== null && 'code' in error)
    return new UsageError(`${shown} cannot be read: ${systemReason(error)}`, { cause: error });
  return error;
}

function formatOf(name: string | undefined): ResultFormat | undefined {
  return name === undefined ? undefined : FORMATS.find((format) => format.name === name);
}

function chunksOf(file: string, sources: ResultSources): AsyncIterable<Buffer> {
  if (file === '-') return buffers(sources.stdin());
  return readChunks(path.resolve(sources.cwd, file), {
    maxBytes: Number.POSITIVE_INFINITY,
    timeoutMs: PIPE_TIMEOUT_MS,
  });
}

/** The weakest of what is known of each: requests of several tools are judged as one. */
export function factsOf(formats: readonly ResultFormat[]): Pick<FormatFacts, 'model' | 'omitsFailures' | 'isDated'> & {
  readonly remarks: readonly string[];
} {
  const models = formats.map(({ facts }) => facts.model);
  const model = (['closed', 'unknown', 'observed', 'open'] as const).find((one) => models.includes(one)) ?? 'unknown';
  return {
    model,
    omitsFailures: formats.some(({ facts }) => facts.omitsFailures === true),
    isDated: formats.every(({ facts }) => facts.isDated),
    remarks: [...new Set(formats.flatMap(({ facts }) => facts.remark ?? []))],
  };
}

/** The last time that a date can hold, ms since 1970. Source: ECMA-262, "Time Values and Time Range". */
const LAST_TIME_MS = 8.64e15;

/** Whether a request began and ended at a time that there is: digits that were damaged lie far beyond it. */
function isInTime({ startMs, atMostMs }: MeasuredRequest): boolean {
  return Math.abs(startMs) + atMostMs <= LAST_TIME_MS;
}
