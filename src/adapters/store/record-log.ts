/** stand-in until the real one lands */
import { appendFile, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { RecordLog } from '../../engine/ports.ts';
export function createFileRecordLog({ dir }: { dir: string }): RecordLog {
  const file = (key: { namespace: string; name: string }) => path.join(dir, 'records', key.namespace, `${key.name}.ndjson`);
  return {
    append: async (key, entries) => { await mkdir(path.dirname(file(key)), { recursive: true }); await appendFile(file(key), entries.map((e) => `${JSON.stringify(e)}\n`).join('')); },
    reset: (key) => rm(file(key), { force: true }),
    async *read() {},
  };
}
