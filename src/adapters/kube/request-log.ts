/** A line for each request to the API server, as `kubectl -v 6` prints them: what, its status, how long it took. Nothing secret. */
import { redactUrls } from '../../text/redact.ts';
import { systemReason } from '../../text/system-reasons.ts';

/** Sends, and logs the request where somebody asked for that. `line`: what was asked, and of whom. */
export async function logged<T extends { readonly status: number }>(
  how: {
    readonly line: string;
    readonly now: () => number;
    readonly onRequest?: ((line: string) => void) | undefined;
  },
  send: () => Promise<T>,
): Promise<T> {
  const { line, now, onRequest } = how;
  if (onRequest === undefined) return send();
  const start = now();
  const log = (end: string) => onRequest(`${redactUrls(line)}: ${end} in ${now() - start} ms`);
  try {
    const answer = await send();
    log(String(answer.status));
    return answer;
  } catch (error) {
    log(`no answer (${systemReason(error)})`);
    throw error;
  }
}
