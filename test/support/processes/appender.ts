/** A child process that appends what does not fit, then has room and appends it again. Arguments: folder; size of a file in KiB. */
import { execFileSync } from 'node:child_process';
import { createFileRecordLog } from '../../../src/adapters/store/record-log.ts';

const [dir = '', limit = '0'] = process.argv.slice(2);
const key = { namespace: 'default', name: 'e' };
const log = createFileRecordLog({ dir });
const more = Array.from({ length: 100 }, (_, k) => ({ k, text: 'x'.repeat(200) }));
const soft = (bytes: string) => execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);

await log.append(key, [{ first: true }]);
soft(String(Number(limit) * 1024));
await log.append(key, more).then(
  () => console.log('fits'),
  (error: unknown) => console.log((error as Error).message),
);
soft('unlimited');
await log.append(key, more);
