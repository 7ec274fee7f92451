/** Reads a kubeconfig and the files that it names: bounded in size and time, whatever lies at the path. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** A pipe without a writer must not make us wait when it is opened. Windows does not know the flag. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const CHUNK = 64 * 1024;
const LOOK_AGAIN_MS = 10;
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  EISDIR: 'it is a folder',
};

/** Rejects with an Error whose message is a reason (`no such file`) that stands after the path. */
export async function readBounded(
  file: string,
  limits: { readonly maxBytes: number; readonly timeoutMs?: number },
): Promise<Buffer> {
  const { maxBytes, timeoutMs = 10_000 } = limits;
  const deadline = performance.now() + timeoutMs;
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, READ_FLAGS);
    const chunks: Buffer[] = [];
    for (let size = 0; ; ) {
      const chunk = await nextChunk(handle, deadline);
      if (chunk === undefined) throw new Error(`it did not end within ${timeoutMs / 1000} s`);
      if (chunk.length === 0) return Buffer.concat(chunks);
      size += chunk.length;
      if (size > maxBytes) throw new Error(`it has more than ${maxBytes / 1024} KB`);
      chunks.push(chunk);
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw REASONS[code] === undefined ? error : new Error(REASONS[code], { cause: error });
  } finally {
    await handle?.close();
  }
}

/** Empty at the end; undefined when the time is up. */
async function nextChunk(handle: FileHandle, deadline: number): Promise<Buffer | undefined> {
  for (;;) {
    if (performance.now() > deadline) return undefined;
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, null);
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      // A pipe whose writer has written nothing yet, as `--kubeconfig <(command)` makes it.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await delay(LOOK_AGAIN_MS);
    }
  }
}
