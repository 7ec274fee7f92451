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

/**
 * What a program may take. Processor time is what counts, since on a busy machine, or in a container with little of it, nothing
 * ends in time, and the measurement would be lost; the time of the wall bounds what others wait.
 */
interface Limit {
  readonly cpuMs: number;
  readonly wallMs: number;
}

const LIMIT: Limit = { cpuMs: 2_000, wallMs: 30_000 };
/** Starting the engine counts for itself: 40 ms, and far more on a busy machine. */
const START: Limit = { cpuMs: 15_000, wallMs: 60_000 };

/** How soon it is looked again how much time is used. */
const LOOK_MS = 50;

export interface JqOptions {
  /** Processor time that this process has used so far, in ms: a program cannot have used more of it since it was asked. */
  readonly cpuMs: () => number;
  readonly longestMs?: number;
  readonly longestWallMs?: number;
}

export function createJq(options: JqOptions): JqEngine {
  return new WorkerJq(options.cpuMs, {
    cpuMs: options.longestMs ?? LIMIT.cpuMs,
    wallMs: options.longestWallMs ?? LIMIT.wallMs,
  });
}

/** Of an engine that was closed: the next one takes it. Starting one takes longer than most programs. */
let idleWorker: Worker | undefined;

class WorkerJq implements JqEngine {
  readonly #cpuMs: () => number;
  readonly #limit: Limit;
  #worker: Worker | undefined;
  #asked = 0;
  #underWay = 0;
  /** Questions are put one after another. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(cpuMs: () => number, limit: Limit) {
    this.#cpuMs = cpuMs;
    this.#limit = limit;
  }

  first(json: string, program: string): Promise<JqResult> {
    const answer = this.#last.then(async () => {
      if (!isAlive(this.#worker)) {
        [this.#worker, idleWorker] = [isAlive(idleWorker) ? idleWorker : undefined, undefined];
        // The first question after a start says that it has started.
        if (this.#worker === undefined) await this.#ask('null', 'null', START);
      }
      return this.#ask(json, program, this.#limit);
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    if (idleWorker === undefined && this.#underWay === 0) idleWorker = worker;
    else await worker?.terminate();
  }

  #ask(json: string, program: string, limit: Limit): Promise<JqResult> {
    const worker = (this.#worker ??= this.#start());
    const question: JqQuestion = { id: ++this.#asked, json, program };
    this.#underWay += 1;
    return new Promise((resolve) => {
      const done = (result: JqResult, { endsWorker }: { readonly endsWorker: boolean }) => {
        stopWatching();
        this.#underWay -= 1;
        worker.off('message', onMessage);
        worker.off('error', onError);
        worker.off('exit', onExit);
        if (endsWorker && this.#worker === worker) {
          this.#worker = undefined;
          void worker.terminate();
        }
        resolve(result);
      };
      const onMessage = (answer: JqAnswer) => {
        if (answer.id === question.id) done(resultOf(answer), { endsWorker: answer.spent });
      };
      const onError = (error: Error) =>
        done({ kind: 'error', cause: 'limit', message: firstLine(error.message) }, { endsWorker: true });
      const onExit = (code: number) =>
        done({ kind: 'error', cause: 'limit', message: `jq ended by itself (code ${code})` }, { endsWorker: true });
      const stopWatching = this.#watch(limit, (ms) =>
        done({ kind: 'timeout', seconds: ms / 1000 }, { endsWorker: true }),
      );
      worker.on('message', onMessage).once('error', onError).once('exit', onExit);
      worker.postMessage(question);
    });
  }

  /** Calls back with the limit that is over, unless the returned function is called before. */
  #watch(limit: Limit, isOver: (limitMs: number) => void): () => void {
    const startedAt = performance.now();
    const usedBefore = this.#cpuMs();
    let timer: NodeJS.Timeout;
    const look = () => {
      const cpuLeftMs = limit.cpuMs - (this.#cpuMs() - usedBefore);
      const wallLeftMs = limit.wallMs - (performance.now() - startedAt);
      if (cpuLeftMs <= 0) isOver(limit.cpuMs);
      else if (wallLeftMs <= 0) isOver(limit.wallMs);
      else timer = setTimeout(look, Math.max(LOOK_MS, Math.min(cpuLeftMs, wallLeftMs)));
    };
    timer = setTimeout(look, Math.min(limit.cpuMs, limit.wallMs));
    return () => clearTimeout(timer);
  }

  #start(): Worker {
    const worker = new Worker(builtWorker(), {
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 12 },
    });
    worker.unref();
    return worker;
  }
}

/** One that has ended by itself, between two questions, has no thread any more. */
const isAlive = (worker: Worker | undefined): boolean => worker !== undefined && worker.threadId !== -1;

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
