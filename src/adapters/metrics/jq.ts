/**
 * Real jq in a worker with limits of time and memory: the program is untrusted text, and may never end. One worker serves all
 * questions, one after another; one that had to be ended, or that holds much memory, is replaced. Started with the first
 * question.
 */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { sanitizeLine } from '../../text/sanitize.ts';
import type { JqAnswer, JqQuestion } from './jq-worker.ts';

/** What came of a program: its first result as JSON text, or why there is none. */
export type JqResult =
  | { readonly kind: 'result'; readonly text: string }
  | { readonly kind: 'nothing' }
  /**
   * `program`: it is none, and the message says where. `answer`: it fails on this answer. `limit`: it takes more than a program
   * may.
   */
  | { readonly kind: 'error'; readonly cause: 'program' | 'answer' | 'limit'; readonly message: string }
  | { readonly kind: 'timeout'; readonly seconds: number };

export interface JqEngine {
  /** First result of `program` on `json`. Never rejects for what the program or the text is. */
  first(json: string, program: string): Promise<JqResult>;
  close(): Promise<void>;
}

const LONGEST_MS = 2_000;
/** Starting the engine counts for itself: 40 ms, and far more on a busy machine. */
const START_MS = 15_000;

export function createJq(options: { readonly longestMs?: number } = {}): JqEngine {
  return new WorkerJq(options.longestMs ?? LONGEST_MS);
}

class WorkerJq implements JqEngine {
  readonly #longestMs: number;
  #worker: Worker | undefined;
  #asked = 0;
  /** Questions are put one after another. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  first(json: string, program: string): Promise<JqResult> {
    const answer = this.#last.then(async () => {
      // The first question after a start says that it has started.
      if (this.#worker === undefined) await this.#ask('null', 'null', START_MS);
      return this.#ask(json, program, this.#longestMs);
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #ask(json: string, program: string, longestMs: number): Promise<JqResult> {
    const worker = (this.#worker ??= this.#start());
    const question: JqQuestion = { id: ++this.#asked, json, program };
    return new Promise((resolve) => {
      const done = (result: JqResult, ends: boolean) => {
        clearTimeout(timer);
        worker.off('message', onMessage);
        worker.off('error', onError);
        worker.off('exit', onExit);
        if (ends && this.#worker === worker) {
          this.#worker = undefined;
          void worker.terminate();
        }
        resolve(result);
      };
      const onMessage = (answer: JqAnswer) => {
        if (answer.id === question.id) done(resultOf(answer), answer.spent);
      };
      const onError = (error: Error) =>
        done({ kind: 'error', cause: 'limit', message: firstLine(error.message) }, true);
      const onExit = (code: number) =>
        done({ kind: 'error', cause: 'limit', message: `jq ended by itself (code ${code})` }, true);
      const timer = setTimeout(() => done({ kind: 'timeout', seconds: longestMs / 1000 }, true), longestMs);
      worker.on('message', onMessage).once('error', onError).once('exit', onExit);
      worker.postMessage(question);
    });
  }

  #start(): Worker {
    const worker = new Worker(builtWorker(), {
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 },
    });
    worker.unref();
    return worker;
  }
}

/** Beside this program, or where the build puts it when this is run from source. */
function builtWorker(): URL {
  for (const relative of ['./jq-worker.js', '../jq-worker.js', '../../../dist/jq-worker.js']) {
    const file = new URL(relative, import.meta.url);
    if (existsSync(file)) return file;
  }
  throw new Error('jq-worker.js is not built');
}

/** What the engine puts before what jq prints: the exit code of jq. */
const EXIT_CODE = /^Non-zero exit code: (\d+)\s*/;
/** Source: jq 1.8, manual, "exit status". */
const COMPILE_FAILED = '3';

function resultOf(answer: JqAnswer): JqResult {
  if (answer.error !== undefined) {
    const [prefix = '', code] = EXIT_CODE.exec(answer.error) ?? [];
    const cause = code === undefined ? 'limit' : code === COMPILE_FAILED ? 'program' : 'answer';
    return { kind: 'error', cause, message: withoutFrame(firstLine(answer.error.slice(prefix.length))) };
  }
  return answer.text === undefined ? { kind: 'nothing' } : { kind: 'result', text: answer.text };
}

/** `jq: error: syntax error, ... (Unix shell quoting issues?) at <top-level>, line 2:`: there is no shell here. */
function withoutFrame(message: string): string {
  return message
    .replace(/^jq: error: /, '')
    .replace(' (Unix shell quoting issues?)', '')
    .replace(/ at <top-level>, (line \d+).*$/, ' in $1');
}

function firstLine(text: string): string {
  return sanitizeLine(text.trim().split('\n')[0] ?? '').slice(0, 300);
}
