/** The manifest of the krew plugin, of a release as npm packs it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { load } from 'js-yaml';
import { expect, it } from 'vitest';
import { inFull } from '../support/search-depth.ts';

const root = path.join(import.meta.dirname, '../..');
const script = path.join(root, 'scripts/krew.mjs');

interface Plugin {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly version: string;
    readonly shortDescription: string;
    readonly platforms: readonly [
      { uri: string; sha256: string; bin: string; files: readonly [{ from: string; to: string }] },
    ];
  };
}

it('names the archive by its checksum, and what is in it as kubectl iter8', inFull, () => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'iter8ctl-krew-'));
  const { version, files } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    version: string;
    files: string[];
  };
  // As npm packs it: a folder `package`.
  for (const part of ['package.json', ...files.filter((one) => one === 'bin' || one === 'dist')])
    cpSync(path.join(root, part), path.join(scratch, 'package', part), { recursive: true });
  const archive = path.join(scratch, `iter8ctl-${version}.tgz`);
  execFileSync('tar', ['-czf', archive, '-C', scratch, 'package']);
  const uri = `https://example.com/iter8ctl-${version}.tgz`;
  const plugin = load(execFileSync(process.execPath, [script, archive, uri], { encoding: 'utf8' })) as Plugin;
  const [platform] = plugin.spec.platforms;
  expect(plugin).toMatchObject({ metadata: { name: 'iter8' }, spec: { version: `v${version}` } });
  expect(plugin.spec.shortDescription.length).toBeLessThanOrEqual(50);
  expect(platform).toMatchObject({ uri, sha256: createHash('sha256').update(readFileSync(archive)).digest('hex') });
  // What krew does: it unpacks, moves, and links kubectl-NAME to the program.
  const store = path.join(scratch, 'store');
  mkdirSync(store);
  execFileSync('tar', ['-xzf', archive, '-C', store]);
  expect(platform.files).toEqual([{ from: 'package/*', to: '.' }]);
  const link = path.join(scratch, 'kubectl-iter8');
  symlinkSync(path.join(store, 'package', platform.bin), link);
  expect(execFileSync(link, ['--version'], { encoding: 'utf8' })).toBe(`${version}\n`);
});

it('takes no address that is not safe', () => {
  for (const uri of ['http://example.com/x.tgz', 'nowhere', ''])
    expect(spawnSync(process.execPath, [script, 'x.tgz', uri]).status).toBe(2);
});
