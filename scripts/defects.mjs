/**
 * Brings each defect of test/defects/defects.json back, in a copy, and sees its test fail: a guard that cannot fail is none.
 *
 *   node scripts/defects.mjs [DEFECT ...]
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const wanted = process.argv.slice(2).map(Number);
const guards = JSON.parse(readFileSync(path.join(root, 'test/defects/defects.json'), 'utf8')).filter(
  ({ defect }) => wanted.length === 0 || wanted.includes(defect),
);

const copy = mkdtempSync(path.join(tmpdir(), 'iter8ctl-defects-'));
for (const name of readdirSync(root))
  if (!['.git', 'dist', 'node_modules'].includes(name))
    cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));

const vitest = path.join(root, 'node_modules/.bin/vitest');

let survived = 0;
for (const { defect, what, file, test, mutation } of guards) {
  const place = path.join(copy, mutation.file);
  const source = readFileSync(place, 'utf8');
  const mutated = source.replace(mutation.from, () => mutation.to);
  if (mutated === source) throw new Error(`defect ${defect}: its mutation does not apply to ${mutation.file}`);
  const runs = () => {
    const pattern = test.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('%d', '\\d+');
    const args = ['run', file, '-t', pattern, '--reporter=json'];
    const { stdout } = spawnSync(vitest, args, { cwd: copy, encoding: 'utf8' });
    return JSON.parse(stdout.slice(stdout.indexOf('{"num')));
  };
  writeFileSync(place, mutated);
  const { numFailedTests, numPassedTests } = runs();
  writeFileSync(place, source);
  if (numFailedTests + numPassedTests === 0) throw new Error(`defect ${defect}: its test was not run`);
  const fails = numFailedTests > 0;
  if (!fails) survived++;
  console.log(`${fails ? 'seen    ' : 'NOT SEEN'}  ${defect}  ${what}`);
}
rmSync(copy, { recursive: true, force: true });
console.log(`${guards.length - survived} of ${guards.length} defects are seen by their tests`);
process.exitCode = survived === 0 ? 0 : 1;
