/**
 * What lists have made of texts, kept between runs: reading, checking and judging a hundred objects again, of which none has changed,
 * is most of what a list of them takes. It is found by a checksum of the whole text, so that an object that was edited, restored or
 * copied is read again; and by the build of this program, since another may judge otherwise.
 *
 * It is believed like the program itself. So it lies in a folder of this user, whose alone folder and file must be, and carries a
 * checksum of its own. Whatever fails here costs time and nothing else.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { isObject } from '../../text/check-fields.ts';

export interface KnownTextsOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of this program, and nothing else's; undefined: nothing is kept. */
  readonly build: string | undefined;
  /** The folder whose texts they are. */
  readonly dir: string;
  readonly pid: number;
}

/** Beyond this a text is not kept: the file is read as a whole. */
const MOST_TEXTS = 5_000;
const LARGEST_BYTES = 16 * 1024 * 1024;
const SUM_LENGTH = 64;
const OLDEST_MS = 30 * 24 * 3600_000;

const sum = (text: string): string => createHash('sha256').update(text).digest('hex');

/** JSON values by the checksum of a text. */
export class TextCache {
  readonly #file: string | undefined;
  readonly #pid: number;
  readonly #before: ReadonlyMap<string, unknown>;
  /** Found or learned in this run: they are kept first. */
  readonly #used = new Map<string, unknown>();
  #hasNews = false;

  constructor({ env, build, dir, pid }: KnownTextsOptions) {
    this.#pid = pid;
    const folder = build === undefined ? undefined : cacheFolder(env);
    this.#file = folder === undefined ? undefined : path.join(folder, `lists-${sum(`${build}\0${dir}`)}.json`);
    this.#before = this.#file === undefined ? new Map() : read(this.#file);
  }

  of(checksum: string): unknown {
    const found = this.#used.get(checksum) ?? this.#before.get(checksum);
    if (found !== undefined) this.#used.set(checksum, found);
    return found;
  }

  learn(checksum: string, value: unknown): void {
    this.#used.set(checksum, value);
    this.#hasNews = true;
  }

  /** Writes what is new, if anything is. */
  save(): void {
    if (this.#file === undefined || !this.#hasNews) return;
    const kept = [...new Map([...this.#used, ...this.#before])].slice(0, MOST_TEXTS);
    write(this.#file, JSON.stringify(Object.fromEntries(kept)), this.#pid);
  }
}

/** `iter8ctl` in the user's folder for caches, as compiled code is kept there (bin/compiled-code.js). */
function cacheFolder(env: KnownTextsOptions['env']): string | undefined {
  const { XDG_CACHE_HOME: xdg, HOME: home, NODE_DISABLE_COMPILE_CACHE: isOff } = env;
  const base =
    xdg !== undefined && path.isAbsolute(xdg) ? xdg : home === undefined ? undefined : path.join(home, '.cache');
  if (isOff !== undefined && isOff !== '') return undefined;
  if (base === undefined || !path.isAbsolute(base)) return undefined;
  const folder = path.join(base, 'iter8ctl');
  try {
    // One by one: a recursive mkdir of Node 20 never ends below /proc.
    for (const one of [base, folder]) if (!existsSync(one)) mkdirSync(one, { mode: 0o700 });
    const stat = lstatSync(folder);
    return stat.isDirectory() && isOwn(stat) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** Never on Windows, which has no such owners. */
function isOwn(stat: Stats): boolean {
  const { uid } = userInfo();
  return uid >= 0 && stat.uid === uid && (stat.mode & 0o022) === 0;
}

function read(file: string): ReadonlyMap<string, unknown> {
  let fd: number | undefined;
  try {
    fd = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    const stat = fstatSync(fd);
    if (!stat.isFile() || !isOwn(stat) || stat.size > LARGEST_BYTES) return new Map();
    const text = readFileSync(fd, 'utf8');
    const json = text.slice(SUM_LENGTH);
    if (sum(json) !== text.slice(0, SUM_LENGTH)) return new Map();
    const entries: unknown = JSON.parse(json);
    return isObject(entries) ? new Map(Object.entries(entries)) : new Map();
  } catch {
    return new Map();
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** As a whole or not at all. */
function write(file: string, json: string, pid: number): void {
  const aside = `${file}.${pid}`;
  try {
    writeFileSync(aside, `${sum(json)}${json}`, { mode: 0o600, flag: 'wx' });
    renameSync(aside, file);
    removeOld(path.dirname(file));
  } catch {
    rmSync(aside, { force: true });
  }
}

/** Of other builds, and of folders that nobody lists any more. */
function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!/^lists-[0-9a-f]+\.json(\.\d+)?$/.test(name)) continue;
    const file = path.join(folder, name);
    if (Date.now() - statSync(file).mtimeMs > OLDEST_MS) rmSync(file, { force: true });
  }
}
