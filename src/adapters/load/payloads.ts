/** The bodies of one task that stand at URLs: each URL is read once, one after another, and all of them have one limit. */
import { UnavailableError } from '../../errors.ts';
import { redactUrls } from '../../text/redact.ts';
import { systemReason } from '../../text/system-reasons.ts';

/** More than this is a mistake: it is in memory as long as the load lasts. */
const MOST_BYTES = 16 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

export interface PayloadOptions {
  /** Names the proxies of these URLs. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly signal: AbortSignal | undefined;
}

export class Payloads {
  readonly #options: PayloadOptions;
  readonly #known = new Map<string, Promise<Uint8Array>>();
  #last: Promise<unknown> = Promise.resolve();
  #left = MOST_BYTES;

  constructor(options: PayloadOptions) {
    this.#options = options;
  }

  /** @throws UnavailableError */
  read(url: string): Promise<Uint8Array> {
    const known = this.#known.get(url);
    if (known !== undefined) return known;
    const bytes = this.#last.then(() => this.#get(url));
    this.#last = bytes;
    this.#known.set(url, bytes);
    return bytes;
  }

  async #get(url: string): Promise<Uint8Array> {
    const { env = {}, signal } = this.#options;
    const shown = redactUrls(url);
    try {
      const { download } = await import('../http/download.ts');
      const { status, bytes } = await download(url, { env, signal, timeoutMs: TIMEOUT_MS, maxBytes: this.#left });
      if (status < 200 || status > 299) throw new UnavailableError(`payloadURL ${shown} answered ${status}`);
      this.#left -= bytes.length;
      return bytes;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof UnavailableError) throw error;
      const before = this.#left < MOST_BYTES ? '; payloads of one task have 16 MB in all' : '';
      throw new UnavailableError(`payloadURL ${shown} cannot be read: ${redactUrls(systemReason(error))}${before}`, {
        cause: error,
      });
    }
  }
}
