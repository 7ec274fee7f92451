/** Scripts run only as they were approved: by a file of one's own, an earlier run, or --allow-scripts. */
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { iter8ctl, type TestIoOptions } from '../support/test-io.ts';

let cwd: string;
let env: Record<string, string>;
const file = (name: string) => path.join(cwd, name);
const stored = () => file('.iter8/experiments/default/shop.yaml');

beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-scripts-'));
  env = { PATH: process.env['PATH'] ?? '', XDG_STATE_HOME: file('state') };
});
afterEach(() => rmSync(cwd, { recursive: true }));

const manifest = (actions: string, change = '') => `
apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata: {name: shop, annotations: {page: one}}
spec:
  target: shop
  strategy: {testingPattern: Conformance, actions: ${actions}}
  duration: {intervalSeconds: 1, iterationsPerLoop: 1}
  versionInfo: {baseline: {name: v1}}
${change}`;
const ran = (name: string) => `touch ${file(name)}`;
const write = (text: string, name = 'm.yaml') => writeFileSync(file(name), text);
const cli = (argv: string[], options: Partial<TestIoOptions> = {}) =>
  iter8ctl([...argv, '--local'], { cwd, env, ...options });
const approvals = () => (existsSync(file('state')) ? readdirSync(file('state/iter8ctl/approvals')) : []);

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** What anybody who may change the experiment can do, while a script of it runs. */
const edit = (from: string, to: string) => `sed -i 's#${from}#${to}#' ${stored()}`;

it('run from a file of one’s own without asking, and once more when a killed run is resumed that says so', async () => {
  write(manifest(`{start: [{run: "echo one; false"}]}`));
  expect((await cli(['run', '-f', 'm.yaml'])).code).toBe(4);
  expect(approvals()).toHaveLength(1);
  const task = `{run: "sleep 0.2", with: {onResume: repeat}}`;
  write(manifest(`{start: [${task}], finish: [{run: "${ran('finished')}"}]}`));
  expect((await cli(['run', '-f', 'm.yaml', '--restart', '--timeout', '100ms'])).code).toBe(5);
  expect((await cli(['run', 'shop'])).code).not.toBe(2);
  expect(existsSync(file('finished'))).toBe(true);
});

it('are approved by nothing that lies where the current folder says: empty and relative folders of state do not count', async () => {
  write(manifest(`{start: [{run: "sleep 0.2", with: {onResume: repeat}}]}`));
  env['XDG_STATE_HOME'] = file('home/.local/state');
  expect((await cli(['run', '-f', 'm.yaml', '--timeout', '100ms'])).code).toBe(5);
  const fromHere = (name: string) => path.relative(process.cwd(), file(name));
  for (const places of [
    { HOME: file('empty'), XDG_STATE_HOME: fromHere('home/.local/state') },
    { HOME: fromHere('home'), XDG_STATE_HOME: '' },
  ]) {
    const { code, err } = await cli(['run', 'shop'], { env: { ...env, ...places } });
    expect([code, err]).toEqual([2, expect.stringContaining('--allow-scripts')]);
  }
});

it('of a spec that a start task changed are refused with exit 2, and it may go on when it is allowed', async () => {
  write(manifest(`{start: [{run: "${edit('echo fine', ran('pwned'))}"}], finish: [{run: "echo fine"}]}`));
  const { code, err } = await cli(['run', '-f', 'm.yaml']);
  expect(code).toBe(2);
  expect(err).toMatch(
    /error: experiment shop: the script finish\[0\] is not what was approved: the text or a value that it is given was changed in folder .\/.iter8\n {2}read it \(iter8ctl get shop --local -o raw\); if it is right, go on with: iter8ctl run shop --local --allow-scripts\n$/,
  );
  expect(existsSync(file('pwned'))).toBe(false);
  expect((await cli(['run', 'shop'])).code).toBe(2);
  const allowed = await cli(['run', 'shop', '--allow-scripts']);
  expect(allowed.code).not.toBe(2);
  expect(existsSync(file('pwned'))).toBe(true);
  expect(allowed.err).not.toContain('run of start'); // what was done is not done again
});

it.each([
  ['a value of its placeholder', 'promote: a.yaml', 'promote: b.yaml'],
  ['the target', 'target: shop', 'target: other'],
  ['the name of a version', 'name: v1', 'name: v2'],
  ['an annotation that it reads', 'page: one', 'page: two'],
  ['its condition', 'CandidateWon', 'WinnerFound'],
  ['its inputs', 'timeout: 9m', 'timeout: 8m'],
])('are refused when %s was changed', async (_, from, to) => {
  const finish = `{if: "not CandidateWon()", with: {timeout: 9m}, run: "echo @< .Labels.promote >@ @< .this.metadata.annotations.page >@"}`;
  write(
    manifest(`{start: [{run: "${edit(from, to)}"}], finish: [${finish}]}`).replace(
      'name: shop,',
      'name: shop, labels: {promote: a.yaml},',
    ),
  );
  const { code, err } = await cli(['run', '-f', 'm.yaml']);
  expect(err).toContain('finish[0] is not what was approved');
  expect(code).toBe(2);
});

it('are run when only what they do not read was changed', async () => {
  const changes = `${edit('page: one', 'page: two')}; ${edit('maxLoops: 1', 'maxLoops: 2')}`;
  write(manifest(`{start: [{run: "${changes}"}], finish: [{run: "${ran('finished')}"}]}`));
  const { code, err } = await cli(['run', '-f', 'm.yaml']);
  expect(err).not.toContain('approved');
  expect(code).not.toBe(2);
  expect(existsSync(file('finished'))).toBe(true);
});

it('of a run that is taken over are those of the file, not those that stand there by then', async () => {
  write(manifest(`{start: [{run: "sleep 0.1"}], finish: [{run: "echo fine"}]}`));
  await cli(['run', '-f', 'm.yaml', '--timeout', '50ms']);
  execFileSync('bash', ['--norc', '-c', edit('echo fine', ran('pwned'))]);
  expect((await cli(['run', 'shop'])).code).toBe(2);
  expect((await cli(['run', '-f', 'm.yaml'])).code).toBe(2); // another spec
  expect(existsSync(file('pwned'))).toBe(false);
});

it('are looked at again when a run that watched the driver takes over', async () => {
  write(manifest(`{start: [{run: "sleep 1000"}], finish: [{run: "echo fine"}]}`));
  const bin = path.join(import.meta.dirname, '../../bin/iter8ctl.js');
  const first = spawn(process.execPath, [bin, 'run', '-f', 'm.yaml', '--local'], { cwd, env, stdio: 'ignore' });
  await until(() => existsSync(stored()) && readFileSync(stored(), 'utf8').includes('running'));
  const { code, err } = await cli(['run', '-f', 'm.yaml'], {
    onErr: (text) => {
      if (!text.includes('watching it')) return;
      execFileSync('bash', ['--norc', '-c', edit('echo fine', ran('pwned'))]);
      first.kill('SIGKILL');
    },
  });
  expect(err).toContain('its driver is gone: going on with shop');
  expect(err).toContain('finish[0] is not what was approved');
  expect(code).toBe(2);
  expect(readdirSync(file('.iter8/locks/default'))).toEqual([]);
});

it('of another place, another name or a copy are not approved', async () => {
  write(manifest(`{start: [{run: "echo one"}]}`));
  await cli(['run', '-f', 'm.yaml']);
  mkdirSync(file('.iter8/experiments/other'), { recursive: true });
  const copy = readFileSync(stored(), 'utf8')
    .replace(/status:[^]*/, '')
    .replace('namespace: default', 'namespace: other');
  writeFileSync(file('.iter8/experiments/other/shop.yaml'), copy);
  const { code, err } = await cli(['run', 'shop', '-n', 'other']);
  expect(err).toContain('read them (iter8ctl get shop -n other --local -o raw), then add --allow-scripts');
  expect(code).toBe(2);
});

it('of standard input, by whatever name, need to be allowed', async () => {
  const text = manifest(`{start: [{run: "${ran('pwned')}"}]}`);
  write(text);
  symlinkSync('/dev/stdin', file('link.yaml'));
  expect((await cli(['run', '-f', '-'], { stdin: text })).code).toBe(2);
  const bin = path.join(import.meta.dirname, '../../bin/iter8ctl.js');
  for (const name of ['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0', 'link.yaml', '<(cat m.yaml)']) {
    const line = `"${process.execPath}" "${bin}" run --local -f ${name} < m.yaml >/dev/null 2>&1; echo $?`;
    expect(execFileSync('bash', ['--norc', '-c', line], { cwd, env, encoding: 'utf8' })).toBe('2\n');
  }
  // A file of that name lends its origin to nobody.
  write(
    'apiVersion: iter8.tools/v2alpha2\nkind: Metric\nmetadata: {name: m}\nspec: {urlTemplate: "http://x/", jqExpression: .}\n',
    '<stdin>',
  );
  const mixed = await cli(['run', '-f', '<stdin>', '-f', '-'], { stdin: text });
  expect(mixed.err).toContain('they come from <stdin>');
  expect(mixed.code).toBe(2);
  expect(existsSync(file('pwned'))).toBe(false);
  symlinkSync('m.yaml', file('own.yaml'));
  expect((await cli(['run', '-f', 'own.yaml'])).code).not.toBe(2);
  expect(existsSync(file('pwned'))).toBe(true);
});

it('are not remembered as approved by a run that is refused', async () => {
  write(manifest(`{start: [{run: "echo one"}]}`));
  await cli(['run', '-f', 'm.yaml']);
  const before = approvals();
  write(manifest(`{start: [{run: "echo two"}]}`));
  expect((await cli(['run', '-f', 'm.yaml'])).code).toBe(2); // is there already with another spec
  expect(approvals()).toEqual(before);
});

it('run where approvals cannot be remembered, which is said', async () => {
  write(manifest(`{start: [{run: "${ran('done')}"}]}`));
  writeFileSync(file('state'), 'a file');
  const { code, err } = await cli(['run', '-f', 'm.yaml']);
  expect(err).toMatch(/^its scripts run, but that cannot be remembered \(.*a part of the path is not a folder\)/m);
  expect([0, 1, 3]).toContain(code);
  expect(existsSync(file('done'))).toBe(true);
});
