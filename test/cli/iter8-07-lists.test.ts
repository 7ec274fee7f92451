/** Objects of Iter8 0.7 where several commands answer for them: each says the same. */
import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { iter8ctl } from '../support/test-io.ts';

const recorded = path.join(import.meta.dirname, '../fixtures/recorded');

function folderWith(object: string, name: string): string {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-07-'));
  const folder = path.join(cwd, '.iter8/experiments/default');
  mkdirSync(folder, { recursive: true });
  copyFileSync(path.join(recorded, object, 'final.yaml'), path.join(folder, `${name}.yaml`));
  return cwd;
}

it('get says that one has failed, whoever won before', async () => {
  const cwd = folderWith('h3-notify-fails', 'h3');
  expect((await iter8ctl(['describe', 'h3', '--local', '--exit-code'], { cwd })).code).toBe(4);
  const { out } = await iter8ctl(['get', '--local', '--no-headers'], { cwd });
  expect(out).toMatch(/ failed +\S+\n$/);
});

it.each([
  ['b-flaky', 'hello-experiment-flaky', 'do not promote', 1],
  ['h3-notify-fails', 'h3', 'failed', 4],
])('watch -o ndjson of %s ends with the answer, as describe does', async (object, name, verdict, exit) => {
  const cwd = folderWith(object, name);
  const { code, out } = await iter8ctl(['watch', name, '--local', '-o', 'ndjson'], { cwd });
  expect(code).toBe(exit);
  expect(JSON.parse(out.trimEnd().split('\n').at(-1)!)).toMatchObject({
    kind: 'recommendation',
    recommendation: { verdict },
    final: true,
  });
});
