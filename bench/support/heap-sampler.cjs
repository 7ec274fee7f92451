// Loaded into a program with `node --require`: writes what each of its threads keeps, again and again, to HEAP_SAMPLES.
const { appendFileSync } = require('node:fs');
const { isMainThread, threadId } = require('node:worker_threads');

const EVERY_MS = 1000;
const file = process.env.HEAP_SAMPLES;
if (file !== undefined) {
  const started = performance.now();
  setInterval(() => {
    const { heapUsed, external, rss } = process.memoryUsage();
    const sample = {
      seconds: (performance.now() - started) / 1000,
      thread: isMainThread ? 'main' : `worker ${threadId}`,
      heap: (heapUsed + external) / 1e6,
      ...(isMainThread ? { rss: rss / 1e6 } : {}),
    };
    appendFileSync(file, `${JSON.stringify(sample)}\n`);
  }, EVERY_MS).unref();
}
