/** A child process that takes the driver lock, says so, and holds it until it is killed. Arguments: folder. */
import { createFileLock } from '../../../src/adapters/store/local-driver-lock.ts';

const clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
};
const lock = createFileLock({ dir: process.argv[2] ?? '', clock, pid: process.pid });
const taken = await lock.acquire(
  { namespace: 'default', name: 'a' },
  { identity: String(process.pid), description: `process ${process.pid}` },
);
console.log('held' in taken ? 'held' : `held by ${taken.heldBy.description}`);
setInterval(() => undefined, 1000);
