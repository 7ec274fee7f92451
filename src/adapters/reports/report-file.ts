/**
 * A report as a file that is whole, or not there: it is written beside its place and renamed when it is complete. What is no
 * regular file (a pipe, a terminal) is written to as it is.
 */
import { open, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { UnavailableError } from '../../errors.ts';
import { systemReason } from '../../text/system-reasons.ts';

export class ReportFile {
  readonly #path: string;
  /** Where it is written; undefined: in its place. */
  readonly #aside: string | undefined;
  /** Undefined until there is something to write: whatever ends the process before that leaves nothing behind. */
  #handle: FileHandle | undefined;

  private constructor(file: string, aside: string | undefined, handle: FileHandle | undefined) {
    this.#path = file;
    this.#aside = aside;
    this.#handle = handle;
  }

  /** Tried before it is needed, so that a place that cannot be written is known before anything is measured. */
  static async open(file: string, pid: number): Promise<ReportFile> {
    const present = await stat(file).catch(() => undefined);
    if (present?.isDirectory() === true) throw problem(file, 'is a folder');
    const aside =
      present === undefined || present.isFile()
        ? path.join(path.dirname(file), `.${path.basename(file)}.${pid}.part`)
        : undefined;
    try {
      const handle = await open(aside ?? file, 'w');
      if (aside === undefined) return new ReportFile(file, aside, handle);
      await handle.close();
      await unlink(aside);
      return new ReportFile(file, aside, undefined);
    } catch (error) {
      throw problem(file, systemReason(error).replace('to read it', 'to write there'), error);
    }
  }

  async append(text: string): Promise<void> {
    try {
      await (await this.#opened()).writeFile(text);
    } catch (error) {
      throw problem(this.#path, systemReason(error), error);
    }
  }

  /** Puts it in its place. */
  async commit(): Promise<void> {
    try {
      const handle = await this.#opened();
      if (this.#aside !== undefined) await handle.sync();
      await handle.close();
      if (this.#aside !== undefined) await rename(this.#aside, this.#path);
    } catch (error) {
      await this.discard();
      throw problem(this.#path, systemReason(error), error);
    }
  }

  /** Leaves its place as it was. */
  async discard(): Promise<void> {
    if (this.#handle === undefined) return;
    await this.#handle.close().catch(() => undefined);
    if (this.#aside !== undefined) await unlink(this.#aside).catch(() => undefined);
  }

  /** One after another: appends wait for each other. */
  async #opened(): Promise<FileHandle> {
    return (this.#handle ??= await open(this.#aside ?? this.#path, 'w'));
  }
}

/** Room is missing, not a place. */
const FULL = new Set(['ENOSPC', 'EDQUOT']);

function problem(file: string, reason: string, cause?: unknown): UnavailableError {
  const isFull = cause instanceof Error && 'code' in cause && FULL.has(String(cause.code));
  return new UnavailableError(`the report cannot be written to ${file}: ${reason}`, {
    hint: isFull
      ? 'make room there, or name a file elsewhere'
      : 'name a file in a folder that is there and may be written',
    ...(cause === undefined ? {} : { cause }),
  });
}
