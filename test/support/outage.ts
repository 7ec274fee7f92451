/** One outage of the API server for several tests at once: it is killed when all are ready for it, and started when all have seen it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterTool, kubectl } from './cluster.ts';

export class Outage {
  readonly #begun: Turnstile;
  readonly #over: Turnstile;

  /** `parts`: how many take part. */
  constructor(parts: number) {
    this.#begun = new Turnstile(parts, () => clusterTool('stop', ['-KILL', 'kube-apiserver']));
    this.#over = new Turnstile(parts, startApiServer);
  }

  /** Where a part hung, and nobody started it again. */
  async end(): Promise<void> {
    if (this.#begun.isOpen && !this.#over.isOpen) await startApiServer();
  }

  /**
   * One part. `body` says by `during` when it is ready, and how it sees that the API server is away; `during` resolves when it answers
   * again. Who fails before keeps nobody waiting.
   */
  async takePart(body: (during: (sees: () => Promise<void>) => Promise<void>) => Promise<void>): Promise<void> {
    const begun = this.#begun.ticket();
    const over = this.#over.ticket();
    try {
      await body(async (sees) => {
        await begun();
        try {
          await sees();
        } finally {
          await over();
        }
      });
    } finally {
      // Where it has not passed them.
      await begun();
      await over();
    }
  }
}

/** Opens for all once the last of them has come, and has done something. */
class Turnstile {
  #missing: number;
  readonly #act: () => Promise<void>;
  #open!: (acted: Promise<void>) => void;
  readonly #opened = new Promise<void>((resolve) => (this.#open = resolve));

  constructor(parts: number, act: () => Promise<void>) {
    this.#missing = parts;
    this.#act = act;
  }

  get isOpen(): boolean {
    return this.#missing === 0;
  }

  /** Of one of them: it may come again. */
  ticket(): () => Promise<void> {
    let came = false;
    return () => {
      if (!came) this.#missing -= 1;
      if (!came && this.#missing === 0) this.#open(this.#act());
      came = true;
      return this.#opened;
    };
  }
}

/** Until it answers: a program that is started does not listen yet. */
async function startApiServer(): Promise<void> {
  await clusterTool('start', ['kube-apiserver']);
  const isReady = () =>
    kubectl(['get', '--raw', '/readyz']).then(
      () => true,
      () => false,
    );
  while (!(await isReady())) await sleep(100);
}
