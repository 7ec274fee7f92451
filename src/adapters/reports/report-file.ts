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
  readonly #handle: FileHandle;

  private constructor(file: string, aside: string | undefined, handle: FileHandle) {
    this.#path = file;
    this.#aside = aside;
    this.#handle = handle;
  }

  /** Opened before it is needed, so that a place that cannot be written is known before anything is measured. */
  static async open(file: string, pid: number): Promise<ReportFile> {
    const present = await stat(file).catch(() => undefined);
    if (present?.isDirectory() === true) throw problem(file, 'is a folder');
    const aside =
      present === undefined || present.isFile()
        ? path.join(path.dirname(file), `.${path.basename(file)}.${pid}.part`)
        : undefined;
    try {
      return new ReportFile(file, aside, await open(aside ?? file, 'w'));
    } catch (error) {
      throw problem(file, systemReason(error).replace('to read it', 'to write there'), error);
    }
  }

  async append(text: string): Promise<void> {
    try {
      await this.#handle.writeFile(text);
    } catch (error) {
      throw problem(this.#path, systemReason(error), error);
    }
  }

  /** Puts it in its place. */
  async commit(): Promise<void> {
    try {
      if (this.#aside !== undefined) await this.#handle.sync();
      await this.#handle.close();
      if (this.#aside !== undefined) await rename(this.#aside, this.#path);
    } catch (error) {
      await this.discard();
      throw problem(this.#path, systemReason(error), error);
    }
  }

  /** Leaves its place as it was. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    if (this.#aside !== undefined) await unlink(this.#aside).catch(() => undefined);
  }
}

function problem(file: string, reason: string, cause?: unknown): UnavailableError {
  return new UnavailableError(`the report cannot be written to ${file}: ${reason}`, {
    hint: 'name a file in a folder that is there and may be written',
    ...(cause === undefined ? {} : { cause }),
  });
}
