/** stand-in until the real one lands */
import { NotFoundError } from '../../errors.ts';
import type { SecretReader } from '../../engine/ports.ts';
export function createFileSecrets(_options: { dir: string }): SecretReader {
  return { read: (key) => Promise.reject(new NotFoundError(`no secret ${key.namespace}/${key.name}`)) };
}
