/** What the image is built from. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { inFull } from '../support/search-depth.ts';

const root = path.join(import.meta.dirname, '../..');

it('an image is built from what .dockerignore names, and from nothing else of the folder', inFull, () => {
  const [first, ...named] = readFileSync(path.join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(first).toBe('*');
  expect(named.every((line) => line.startsWith('!'))).toBe(true);
  const context = mkdtempSync(path.join(tmpdir(), 'iter8ctl-image-'));
  try {
    for (const line of named) {
      const part = line.slice(1);
      mkdirSync(path.dirname(path.join(context, part)), { recursive: true });
      cpSync(path.join(root, part), path.join(context, part), { recursive: true });
    }
    symlinkSync(path.join(root, 'node_modules'), path.join(context, 'node_modules'));
    execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: context });
    expect(existsSync(path.join(context, 'dist/main.cjs'))).toBe(true);
    const version = execFileSync(process.execPath, ['bin/iter8ctl.js', '--version'], {
      cwd: context,
      encoding: 'utf8',
    });
    expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
  } finally {
    rmSync(context, { recursive: true });
  }
});
