/** `--payload TEXT` or `--payload @FILE`: the body of each request of a quick run. */
import { readBounded } from '../adapters/manifest/bounded-read.ts';
import { UsageError } from '../errors.ts';
import { systemReason } from '../text/system-reasons.ts';

/** It becomes part of the experiment, which a cluster takes up to 1.5 MB of. */
const MAX_BYTES = 512 * 1024;

/** @throws UsageError */
export async function payloadFrom(given: string | undefined): Promise<string | undefined> {
  if (given?.startsWith('@') !== true) return given;
  const path = given.slice(1);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readBounded(path, { maxBytes: MAX_BYTES }));
  } catch (error) {
    const reason =
      error instanceof TypeError ? 'is no UTF-8 text: give bytes in a manifest, by payloadURL' : systemReason(error);
    throw new UsageError(`--payload ${JSON.stringify(given)}: ${path} ${reason}`, { cause: error });
  }
}
