/** Secrets of the cluster, read when they are needed. */
import type { SecretReader } from '../../drive/ports.ts';
import { keyText } from '../../experiment/experiment.ts';
import { NotFoundError } from '../../errors.ts';
import type { KubeClient, Resource } from './api-client.ts';

export const SECRETS: Resource = { group: '', version: 'v1', plural: 'secrets', namespaced: true };

export function createClusterSecrets(client: KubeClient): SecretReader {
  return {
    read: async (key, signal) => {
      try {
        const secret = await client.request<{ readonly data?: Readonly<Record<string, string>> | null }>({
          verb: 'get',
          resource: SECRETS,
          ...key,
          signal,
        });
        return Object.fromEntries(
          Object.entries(secret.data ?? {}).map(([name, value]) => [
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
