/**
 * The certificate of the API from a folder that a Secret is mounted at (`tls.crt`, `tls.key`): the controller needs no right to read
 * Secrets for it. The kubelet puts a new one there; a pair that does not fit together is not used.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createSecureContext } from 'node:tls';
import { messageOf, UsageError } from '../errors.ts';
import type { TlsPair } from './server.ts';

const LOOK_EVERY_MS = 10_000;

/** @throws UsageError when there is none that can be used */
export async function readTlsPair(folder: string): Promise<TlsPair> {
  try {
    const [cert, key] = await Promise.all([
      readFile(path.join(folder, 'tls.crt')),
      readFile(path.join(folder, 'tls.key')),
    ]);
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (error) {
    throw new UsageError(`--api-tls-dir ${folder}: ${messageOf(error).split('\n')[0]}`, {
      hint: 'mount a Secret of type kubernetes.io/tls there: it has tls.crt and tls.key',
      cause: error,
    });
  }
}

const digestOf = ({ cert, key }: TlsPair): string => createHash('sha256').update(cert).update(key).digest('hex');

/** Looks again and again; the function ends it. */
export function followTlsPair(
  folder: string,
  now: TlsPair,
  how: {
    readonly use: (pair: TlsPair) => void;
    readonly onProblem: (text: string) => void;
    readonly everyMs?: number | undefined;
  },
): () => void {
  let digest = digestOf(now);
  let problem: string | undefined;
  let isLooking = false;
  const look = async (): Promise<void> => {
    try {
      const pair = await readTlsPair(folder);
      problem = undefined;
      if (digestOf(pair) === digest) return;
      digest = digestOf(pair);
      how.use(pair);
    } catch (error) {
      const text = messageOf(error);
      if (text !== problem) how.onProblem(text);
      problem = text;
    }
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    void look().finally(() => (isLooking = false));
  }, how.everyMs ?? LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
