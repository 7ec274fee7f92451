/**
 * One HTTP request over node's own client. By getBuiltinModule, since `import 'node:http'` costs 30 ms on Node 22 and newer
 * (docs/libraries.md 0).
 */
import { setMaxListeners } from 'node:events';
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { messageOf } from '../../errors.ts';

export interface HttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: string | undefined;
  /** Of the server; with an `agent` the agent's own settings count. */
  readonly ca?: string | Buffer | undefined;
  readonly agent?: Agent | undefined;
  /** Longest wait for the headers of the answer, and for the whole of it when it is read whole. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** The answer did not come in time. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** Sends it and resolves with the headers; the body is still to be read. Rejects with errors of the socket, NoAnswerError, or the signal's reason. */
export function openAnswer(url: string, request: HttpRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    if (request.signal?.aborted === true) {
      reject(request.signal.reason as Error);
      return;
    }
    const secure = url.startsWith('https:');
    const { request: send } = process.getBuiltinModule(secure ? 'node:https' : 'node:http');
    const sent: ClientRequest = send(url, {
      method: request.method,
      headers: {
        ...request.headers,
        ...(request.body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(request.body)) }),
      },
      ...(request.agent === undefined ? {} : { agent: request.agent }),
      ...(request.ca === undefined ? {} : { ca: request.ca }),
    });
    const timer = setTimeout(() => {
      sent.destroy(new NoAnswerError(`no answer within ${request.timeoutMs / 1000} s`));
    }, request.timeoutMs);
    const onAbort = () => sent.destroy(request.signal?.reason as Error);
    if (request.signal !== undefined) listen(request.signal, onAbort);
    sent.once('response', (answer) => {
      clearTimeout(timer);
      // An abort still ends the body; the listener goes with it.
      answer.once('close', () => request.signal?.removeEventListener('abort', onAbort));
      resolve(answer);
    });
    sent.once('error', (error) => {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', onAbort);
      reject(request.signal?.aborted === true ? (request.signal.reason as Error) : error);
    });
    sent.end(request.body);
  });
}

/** One for each request that is under way: Node would call more than ten a leak. */
export function listen(signal: AbortSignal, onAbort: () => void): void {
  setMaxListeners(0, signal);
  signal.addEventListener('abort', onAbort, { once: true });
}

/** Sends it and reads the whole answer, at most `maxBytes` characters of it. */
export async function sendOnce(url: string, request: HttpRequest & { readonly maxBytes: number }): Promise<HttpAnswer> {
  const answer = await openAnswer(url, request);
  const timer = setTimeout(
    () => answer.destroy(new NoAnswerError(`the answer did not end within ${request.timeoutMs / 1000} s`)),
    request.timeoutMs,
  );
  try {
    const text = await wholeText(answer, request.maxBytes);
    return { status: answer.statusCode ?? 0, headers: answer.headers, text };
  } catch (error) {
    if (request.signal?.aborted === true) throw request.signal.reason;
    throw error instanceof Error ? error : new Error(messageOf(error));
  } finally {
    clearTimeout(timer);
    answer.destroy();
  }
}

/** By events: Node makes an iterator of a stream in the time that the rest of a short answer takes. */
function wholeText(answer: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: string[] = [];
    let size = 0;
    answer.setEncoding('utf8'); // text at once: bytes would lie about outside the heap until they are collected
    answer.on('data', (part: string) => {
      size += part.length;
      if (size <= maxBytes) parts.push(part);
      else answer.destroy(new Error(`the answer has more than ${maxBytes} characters`));
    });
    const cutOff = () => reject(new Error('the connection ended within the answer'));
    answer.once('end', () => (answer.complete ? resolve(parts.join('')) : cutOff()));
    answer.once('error', reject);
    answer.once('close', cutOff); // after its end this has no effect
  });
}
