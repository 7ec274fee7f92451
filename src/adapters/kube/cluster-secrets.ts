/** Secrets of the cluster, read when they are needed. */
import type { SecretReader } from '../../drive/ports.ts';
import { keyText } from '../../experiment/experiment.ts';
import { NotFoundError, UnavailableError } from '../../errors.ts';
import type { KubeClient } from './api-client.ts';
import type { Resource } from './resources.ts';
import { isObject } from '../../text/check-fields.ts';
import { isText } from './value-types.ts';

const SECRETS: Resource = { group: '', version: 'v1', plural: 'secrets', namespaced: true };

export function createClusterSecrets(client: KubeClient): SecretReader {
  return {
    read: async (key, signal) => {
      try {
        const { data = {} } = await client.request<{ readonly data?: unknown }>({
          verb: 'get',
          resource: SECRETS,
          ...key,
          signal,
        });
        if (data !== null && !(isObject(data) && Object.values(data).every(isText)))
          throw new UnavailableError(
            `secret ${keyText(key)} in ${client.description} holds data that is no map of texts`,
          );
        return Object.fromEntries(
          Object.entries((data ?? {}) as Record<string, string>).map(([name, value]) => [
            name,
            Buffer.from(value, 'base64').toString('utf8'),
          ]),
        );
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
        throw new NotFoundError(`secret ${keyText(key)} not found in ${client.description}`, { cause: error });
      }
    },
  };
}
