/** The texts that `-f` names: files, `-`, folders and http(s) URLs. */
import { type Stats, readdir, readlink, realpath, stat } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { UnavailableError, UsageError, type Issue } from '../../errors.ts';
import { redactUrls } from '../../text/redact.ts';
import { systemReason } from '../../text/system-reasons.ts';
import { readBounded } from './bounded-read.ts';
import { MAX_TEXT_LENGTH } from './text-limits.ts';

/** One text. */
export interface ManifestSource {
  /** As the user named it, for messages: a path, a URL, `<stdin>`. */
  readonly name: string;
  /** `stdin`: whatever came through a pipe, by whatever name: nobody has it on a disk to look at. */
  readonly origin: 'file' | 'stdin' | 'url';
  readonly text: string;
  /** Why the text is not the whole of it. */
  readonly issue?: Issue | undefined;
}

export interface SourceOptions {
  /** Relative paths start here. */
  readonly cwd: string;
  readonly readStdin: () => Promise<string>;
  /** Names the proxies of URLs. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Absent: over HTTP. */
  readonly readUrl?: ((url: string, signal: AbortSignal | undefined) => Promise<string>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const STDIN = '<stdin>';
const EXTENSIONS = /\.(ya?ml|json)$/;
const URL_TIMEOUT_MS = 30_000;
/** In UTF-8 a code unit takes three bytes at most. */
const MAX_BYTES = MAX_TEXT_LENGTH * 3;

/** Reads them all, in order; the files of a folder by name. @throws UsageError, UnavailableError */
export async function readSources(files: readonly string[], options: SourceOptions): Promise<ManifestSource[]> {
  if (files.filter((file) => file === '-').length > 1)
    throw new UsageError('-f - can be given only once: standard input ends once');
  const sources: ManifestSource[] = [];
  for (const file of files) sources.push(...(await readOne(file, options)));
  return sources;
}

async function readOne(file: string, options: SourceOptions): Promise<ManifestSource[]> {
  if (file === '-') {
    const text = await options.readStdin();
    if (text.trim() === '') throw new UsageError('-f -: standard input is empty');
    return [{ name: STDIN, origin: 'stdin', text }];
  }
  if (/^https?:\/\//i.test(file)) {
    if (URL.canParse(file)) return [await readUrl(file, options)];
    throw new UsageError(`-f ${redactUrls(file)}: this is no URL`);
  }
  if (file === '') throw new UsageError('-f needs the name of a file, a folder, a URL, or - for standard input');
  const path = resolve(options.cwd, file);
  const found = await statOf(path, file);
  if (!found.isDirectory()) return [await readText(path, file, found)];
  const names = (await namesIn(path, file)).filter((name) => EXTENSIONS.test(name)).toSorted();
  const sources: ManifestSource[] = [];
  for (const name of names) {
    const inside = join(path, name);
    const shownAs = join(file, name);
    const one = await statOf(inside, shownAs);
    if (one.isFile()) sources.push(await readText(inside, shownAs, one));
  }
  if (sources.length === 0) throw new UsageError(`-f ${file}: there is no .yaml, .yml or .json file in this folder`);
  return sources;
}

async function statOf(path: string, shownAs: string): Promise<Stats> {
  try {
    return await promisify(stat)(path);
  } catch (cause) {
    throw new UsageError(`-f ${shownAs}: ${systemReason(cause)}`, { cause });
  }
}

async function namesIn(path: string, shownAs: string): Promise<string[]> {
  try {
    return await promisify(readdir)(path);
  } catch (cause) {
    throw new UsageError(`-f ${shownAs}: ${systemReason(cause)}`, { cause });
  }
}

/** More links than any system follows. */
const MOST_LINKS = 40;

/** A file on a disk; not /dev/stdin, `<(curl ...)`, nor a link to such: these may be regular files by accident. */
async function isOwnFile(path: string, found: Stats): Promise<boolean> {
  if (!found.isFile()) return false;
  let at = path;
  for (let links = 0; links < MOST_LINKS; links += 1) {
    const folder = await promisify(realpath.native)(dirname(at)).catch(() => undefined);
    if (folder === undefined || /^\/(?:dev|proc)(?:\/|$)/.test(folder)) return false;
    const target = await promisify(readlink)(at).catch(() => undefined);
    if (target === undefined) return true;
    at = resolve(folder, target);
  }
  return false;
}

async function readText(path: string, name: string, found: Stats): Promise<ManifestSource> {
  const origin = (await isOwnFile(path, found)) ? 'file' : 'stdin';
  if (found.size > MAX_BYTES) return tooLarge({ name, origin, text: '' });
  let bytes: Uint8Array;
  try {
    bytes = await readBounded(path, { maxBytes: MAX_BYTES });
  } catch (cause) {
    throw new UsageError(`-f ${name}: ${systemReason(cause)}`, { cause });
  }
  return decoded(bytes, { name, origin, text: '' });
}

async function readUrl(file: string, options: SourceOptions): Promise<ManifestSource> {
  const name = redactUrls(file);
  if (options.readUrl !== undefined) return { name, origin: 'url', text: await options.readUrl(file, options.signal) };
  try {
    const [{ download }, { STATUS_CODES }] = await Promise.all([import('../http/download.ts'), import('node:http')]);
    const { env = {}, signal } = options;
    const limits = { timeoutMs: URL_TIMEOUT_MS, maxBytes: MAX_BYTES };
    const { status, bytes } = await download(file, { env, signal, ...limits });
    if (status < 200 || status > 299)
      throw new UnavailableError(`-f ${name}: the server answers ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd());
    return decoded(bytes, { name, origin: 'url', text: '' });
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (cause instanceof UnavailableError) throw cause;
    throw new UnavailableError(`-f ${name}: ${redactUrls(systemReason(cause))}`, { cause });
  }
}

function decoded(bytes: Uint8Array, source: ManifestSource): ManifestSource {
  try {
    return { ...source, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { ...source, issue: { source: source.name, path: '', message: 'not UTF-8; save it in that encoding' } };
  }
}

function tooLarge(source: ManifestSource): ManifestSource {
  const message = `too large for a manifest: more than ${MAX_TEXT_LENGTH / 1024 / 1024} MB`;
  return { ...source, issue: { source: source.name, path: '', message } };
}
