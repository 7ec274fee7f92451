/** The record of an experiment lies in its folder, and is a file. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createFileRecordLog } from '../../../src/adapters/store/record-log.ts';
import { ForbiddenError, UnavailableError } from '../../../src/errors.ts';
import { bundleForNode } from '../../support/bundle.ts';
import { missingProgram } from '../../support/needs.ts';

const key = { namespace: 'default', name: 'e' };

function folder() {
  const dir = mkdtempSync(path.join(tmpdir(), 'iter8ctl-record-'));
  mkdirSync(path.join(dir, 'records/default'), { recursive: true });
  const skipped: string[] = [];
  const log = createFileRecordLog({ dir, onUnreadable: (text) => skipped.push(text) });
  const read = async () => {
    const lines: unknown[] = [];
    for await (const line of log.read(key)) lines.push(line);
    return lines;
  };
  return { dir, log, read, skipped, file: path.join(dir, 'records/default/e.ndjson') };
}

it('keeps what was appended, and skips a line that a killed writer left', async () => {
  const { log, read, file, skipped } = folder();
  expect(await read()).toEqual([]);
  await log.append(key, [{ a: 1 }, { b: 'é' }]);
  writeFileSync(file, `${readFileSync(file, 'utf8')}{"torn":`);
  await log.append(key, [{ c: 3 }]);
  expect(await read()).toEqual([{ a: 1 }, { b: 'é' }, { c: 3 }]);
  expect(skipped).toEqual([`${file}:3 is not a whole line, and is left out`]);
});

it('does not follow a link out of its folder, neither to write nor to read', async () => {
  const { dir, log, read, file } = folder();
  const victim = path.join(dir, 'victim');
  writeFileSync(victim, 'precious\n');
  symlinkSync(victim, file);
  await expect(log.append(key, [{ a: 1 }])).rejects.toBeInstanceOf(ForbiddenError);
  await expect(read()).rejects.toBeInstanceOf(ForbiddenError);
  expect(readFileSync(victim, 'utf8')).toBe('precious\n');
  await log.reset(key);
  await log.append(key, [{ a: 1 }]);
  expect(await read()).toEqual([{ a: 1 }]);
  expect(readFileSync(victim, 'utf8')).toBe('precious\n');
});

it('does not follow a link in the place of a folder either, also to remove a record', async () => {
  const { dir, log, read } = folder();
  const elsewhere = path.join(dir, 'elsewhere');
  mkdirSync(elsewhere);
  const victim = path.join(elsewhere, `${key.name}.ndjson`);
  writeFileSync(victim, '{"precious":1}\n');
  rmSync(path.join(dir, 'records', key.namespace), { recursive: true });
  symlinkSync(elsewhere, path.join(dir, 'records', key.namespace));
  await expect(log.append(key, [{ a: 1 }])).rejects.toBeInstanceOf(ForbiddenError);
  await expect(read()).rejects.toBeInstanceOf(ForbiddenError);
  await expect(log.reset(key)).rejects.toBeInstanceOf(ForbiddenError);
  expect(readFileSync(victim, 'utf8')).toBe('{"precious":1}\n');
});

it('waits for no pipe', async () => {
  const { log, file } = folder();
  execFileSync('mkfifo', [file]);
  await expect(log.append(key, [{ a: 1 }])).rejects.toThrow(
    new UnavailableError(`cannot write ${file}: it is not a file`),
  );
});

it('holds nothing twice when a part did not fit and all of it is written again', async ({ skip }) => {
  const missing = missingProgram('prlimit', '--version');
  if (missing !== undefined) skip(missing);
  const { dir, read, file, skipped } = folder();
  const appender = await bundleForNode(path.join(import.meta.dirname, '../../support/processes/appender.ts'));
  const said = execFileSync(process.execPath, [appender, dir, '8'], { encoding: 'utf8' });
  expect(said.trim()).toBe(`cannot write ${file}: the file would be larger than it may be`);
  const lines = (await read()) as { first?: boolean; k?: number }[];
  expect(lines.map(({ first, k }) => first ?? k)).toEqual([true, ...Array.from({ length: 100 }, (_, k) => k)]);
  expect(skipped).toEqual([]);
});
