/** A child process that patches one object many times. Arguments: folder, prefix, number of patches. */
import { createFileStore } from '../../../src/adapters/store/local-store.ts';

const [dir = '', prefix = '', count = '0'] = process.argv.slice(2);
const clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
};
const store = createFileStore({ dir, clock, pid: process.pid });
for (let k = 0; k < Number(count); k++) {
  await store.patchStatus(
    { namespace: 'default', name: 'a' },
    { analysis: { aggregatedBuiltinHists: { data: { [`${prefix}-${k}`]: k }, provenance: 'p', timestamp: 't' } } },
  );
}
