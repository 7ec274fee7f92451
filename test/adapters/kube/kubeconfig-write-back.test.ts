/** Tokens written back to a kubeconfig, which people have written by hand. */
import { lstatSync, mkdtempSync, readFileSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { replaceInKubeconfig } from '../../../src/adapters/kube/kubeconfig-write-back.ts';
import { readManifest } from '../../../src/adapters/manifest/parse-documents.ts';

const freshFolder = () => mkdtempSync(path.join(tmpdir(), 'iter8ctl-write-back-'));

describe('writing back to a kubeconfig', () => {
  const replace = (file: string, before: string, after: string) =>
    replaceInKubeconfig([file], [{ field: 'refresh-token', before, after }]);
  const yaml = (token: string) =>
    `# a comment\nkind: Config\nusers:\n- name: u\n  user:\n    auth-provider:\n      name: oidc\n      config: {refresh-token: ${token}, client-id: 'c'} # another\n`;

  it('keeps a symbolic link, the permissions, and everything else as it is written', async () => {
    const folder = freshFolder();
    const [real, link] = [path.join(folder, 'real'), path.join(folder, 'config')];
    writeFileSync(real, yaml('old-token'), { mode: 0o640 });
    symlinkSync('real', link);
    expect(await replace(link, 'old-token', 'new-token')).toBeUndefined();
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(realpathSync(link)).toBe(realpathSync(real));
    expect(readFileSync(real, 'utf8')).toBe(yaml('new-token'));
    expect(statSync(real).mode & 0o777).toBe(0o640);
  });

  it.each(['a$&b', '$1$$', "$`x$'", 'plain'])('writes %s as it is', async (token) => {
    const file = path.join(freshFolder(), 'config');
    writeFileSync(file, yaml('old-token'));
    expect(await replace(file, 'old-token', token)).toBeUndefined();
    expect(readFileSync(file, 'utf8')).toContain(token);
    expect(readFileSync(file, 'utf8')).not.toContain('old-token');
  });

  it.each(['a: b', '# no comment', '[x', 'true', '12', 'a, b', 'q"uote', "it's"])(
    'quotes %s, which would mean something else in YAML',
    async (token) => {
      for (const written of ['old-token', '"old-token"']) {
        const file = path.join(freshFolder(), 'config');
        writeFileSync(file, yaml(written));
        expect(await replace(file, 'old-token', token)).toBeUndefined();
        const [users] = readManifest(readFileSync(file, 'utf8'), 'x').objects;
        expect(users?.value['users']).toMatchObject([
          { user: { 'auth-provider': { config: { 'refresh-token': token } } } },
        ]);
        expect(readFileSync(file, 'utf8')).toContain('# another');
      }
    },
  );

  it('says so, and changes nothing, where the old one also means something else', async () => {
    const file = path.join(freshFolder(), 'config');
    writeFileSync(file, yaml('c'));
    expect(await replace(file, 'c', 'new')).toMatch(/in a form that cannot be replaced/);
    expect(readFileSync(file, 'utf8')).toBe(yaml('c'));
  });
});
