/** What was approved here, by the person whose folder it is. */
import { chownSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createApprovals } from '../../../src/adapters/store/script-approvals.ts';

it('counts what was remembered, but neither a link nor a folder of that name', async () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'iter8ctl-approvals-'));
  const approvals = createApprovals({ dir });
  expect(await approvals.has('aa')).toBe(false);
  await approvals.remember(['aa']);
  expect(await approvals.has('aa')).toBe(true);
  symlinkSync('aa', path.join(dir, 'approvals/bb'));
  mkdirSync(path.join(dir, 'approvals/cc'));
  expect(await Promise.all(['bb', 'cc'].map((one) => approvals.has(one)))).toEqual([false, false]);
});

it('counts nothing that somebody else put there', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('only root can make files of others');
  const dir = mkdtempSync(path.join(tmpdir(), 'iter8ctl-approvals-'));
  mkdirSync(path.join(dir, 'approvals'));
  const file = path.join(dir, 'approvals/aa');
  writeFileSync(file, '');
  const approvals = createApprovals({ dir });
  expect(await approvals.has('aa')).toBe(true);
  chownSync(file, 65_534, 65_534);
  expect(await approvals.has('aa')).toBe(false);
});
