/**
 * Evaluates jq programs in a thread of its own: an endless one is ended with it (jq.ts). What a program can take is bounded by
 * the build (scripts/bounded-jq.mjs); this says when the engine is no longer fit for another one.
 */
import { createRequire } from 'node:module';
import { getHeapStatistics } from 'node:v8';
import { parentPort } from 'node:worker_threads';

interface Jq {
  raw(json: string, program: string, flags?: readonly string[]): string | undefined;
}

export interface JqQuestion {
  readonly id: number;
  readonly json: string;
  readonly program: string;
}

/**
 * `text`: the first line that the program printed, a JSON text; absent when it printed nothing. `spent`: the engine is
 * broken, or holds more memory than it should; WebAssembly never gives any back.
 */
export interface JqAnswer {
  readonly id: number;
  readonly text?: string | undefined;
  readonly error?: string | undefined;
  readonly spent: boolean;
}

/** Above this the engine is replaced after its answer. */
const KEPT_BYTES = 64 * 1024 * 1024;

// The engine lies beside this file (scripts/build.mjs): one file of CommonJS, which exports a promise, and its WebAssembly.
const ready = createRequire(import.meta.url)('./jq.cjs') as Promise<Jq>;

parentPort?.on('message', (question: JqQuestion) => {
  void (async () => {
    const { id } = question;
    let answer: Omit<JqAnswer, 'spent'>;
    let broken = false;
    try {
      // After `--` a program such as `-length` is no option.
      const printed = (await ready).raw(question.json, question.program, ['-c', '--']);
      answer = { id, text: /^.*\S.*$/m.exec(printed ?? '')?.[0] };
    } catch (error) {
      // A program that fails gives exit codes from 3 on. 2 is the system, such as an output that is closed from then on;
      // and what comes without one was thrown in the middle of the engine.
      broken = !((error as { readonly exitCode?: number }).exitCode! > 2);
      answer = { id, error: errorText(error) };
    }
    parentPort?.postMessage({ ...answer, spent: broken || getHeapStatistics().external_memory > KEPT_BYTES });
  })();
});

function errorText(error: unknown): string {
  const { message, stderr } = error as { readonly message?: string; readonly stderr?: string };
  if (stderr?.includes('cannot allocate memory') === true || message?.includes('out of bounds') === true)
    return 'it needs more memory than a program may have (256 MB)';
  if (stderr?.includes('writing output failed') === true) return 'it prints more than a program may (8 MB)';
  return message ?? String(error);
}
