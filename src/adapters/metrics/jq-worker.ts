/** Evaluates jq programs in a thread of its own: an endless one is ended with it (jq.ts). */
import { createRequire } from 'node:module';
import { parentPort } from 'node:worker_threads';

interface Jq {
  raw(json: string, program: string, flags?: readonly string[]): string | undefined;
}

export interface JqQuestion {
  readonly id: number;
  readonly json: string;
  readonly program: string;
}

/** `text`: everything that the program printed, one JSON text a line; absent when it printed nothing. */
export interface JqAnswer {
  readonly id: number;
  readonly text?: string | undefined;
  readonly error?: string | undefined;
}

// The engine lies beside this file (scripts/build.mjs): one file of CommonJS, which exports a promise, and its WebAssembly.
const ready = createRequire(import.meta.url)('./jq.cjs') as Promise<Jq>;

parentPort?.on('message', (question: JqQuestion) => {
  void (async () => {
    let answer: JqAnswer;
    try {
      const text = (await ready).raw(question.json, question.program, ['-c']);
      answer = { id: question.id, text };
    } catch (error) {
      answer = { id: question.id, error: error instanceof Error ? error.message : String(error) };
    }
    parentPort?.postMessage(answer);
  })();
});
