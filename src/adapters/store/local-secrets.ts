/** Secrets of local mode: Kubernetes Secret manifests in `secrets/<namespace>/<name>.yaml`, which nobody else may read. */
import type { ObjectKey } from '../../experiment/experiment.ts';
import { keyText } from '../../experiment/experiment.ts';
import type { SecretReader } from '../../drive/ports.ts';
import { ForbiddenError, InvalidManifestError, NotFoundError } from '../../errors.ts';
import { readObjectText } from './object-text.ts';
import { objectPath, refuseLinks } from './local-layout.ts';
import { isObject } from '../../text/check-fields.ts';
import { readTextFile } from './text-file.ts';

/** Permissions of group and others. */
const OTHERS = 0o077n;

export function createFileSecrets({ dir }: { readonly dir: string }): SecretReader {
  return {
    read: async (key, signal) => {
      signal?.throwIfAborted();
      const path = objectPath(dir, 'secrets', key);
      await refuseLinks(path);
      const file = await readTextFile(path, ({ mode }) => {
        if ((mode & OTHERS) === 0n) return;
        throw new ForbiddenError(`${path} may be read by others`, { hint: `make it yours alone: chmod 600 ${path}` });
      });
      if (file === undefined) {
        throw new NotFoundError(`secret ${keyText(key)} not found`, {
          hint: `in local mode it is a Secret manifest in ${path}`,
        });
      }
      return fieldsOf(key, path, file.text);
    },
  };
}

/** `data` is base64, `stringData` is not and wins, as the API server has it. Errors never show a value. */
function fieldsOf(key: ObjectKey, path: string, text: string): Readonly<Record<string, string>> {
  const { value } = readObjectText(text, path);
  if (value === undefined)
    throw new InvalidManifestError(`secret ${keyText(key)} cannot be read: ${path} is not one YAML object`, []);
  const fields: Record<string, string> = {};
  for (const [part, decode] of [
    ['data', (written: string) => Buffer.from(written, 'base64').toString('utf8')],
    ['stringData', (written: string) => written],
  ] as const) {
    const entries = value[part];
    if (entries === undefined) continue;
    if (!isObject(entries))
      throw new InvalidManifestError(`secret ${keyText(key)}: ${part} in ${path} is not a map`, []);
    for (const [name, written] of Object.entries(entries)) {
      if (typeof written !== 'string')
        throw new InvalidManifestError(`secret ${keyText(key)}: ${part}.${name} in ${path} is not text`, []);
      fields[name] = decode(written);
    }
  }
  return fields;
}
