#!/usr/bin/env node
// Makes the root folder of an image from what this machine has, where there is no Docker: for test/cluster/lab/image, tar, or any
// tool that packs a folder.
//
//   node deploy/image-root.mjs FOLDER iter8ctl    the controller, and bash for scripts   entrypoint: /app/run
//   node deploy/image-root.mjs FOLDER hello       the sample service                      entrypoint: /app/run
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync, chmodSync } from 'node:fs';
import path from 'node:path';

const project = path.join(import.meta.dirname, '..');
const [folder, what] = process.argv.slice(2);
if (folder === undefined || !['iter8ctl', 'hello'].includes(what)) {
  process.stderr.write('usage: image-root.mjs FOLDER iter8ctl|hello\n');
  process.exit(2);
}
const root = path.resolve(folder);
rmSync(root, { recursive: true, force: true });

/** Copies a program, by its name in PATH or its path, with the libraries that it is linked with. */
function addProgram(name, target = `/usr/bin/${path.basename(name)}`) {
  const file = name.includes('/')
    ? name
    : execFileSync('bash', ['-c', `command -v "${name}"`], { encoding: 'utf8' }).trim();
  add(file, target);
  let linked = '';
  try {
    linked = execFileSync('ldd', [file], { encoding: 'utf8' });
  } catch {
    return; // statically linked
  }
  for (const [, library] of linked.matchAll(/(?:=> |^\s*)(\/\S+) \(/gm)) add(library, library);
}

function add(from, to) {
  const target = path.join(root, to);
  if (existsSync(target)) return;
  mkdirSync(path.dirname(target), { recursive: true });
  cpSync(realpathSync(from), target, { recursive: true });
}

function write(to, text, mode = 0o644) {
  const target = path.join(root, to);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, text);
  chmodSync(target, mode);
}

mkdirSync(path.join(root, 'tmp'), { recursive: true });
chmodSync(path.join(root, 'tmp'), 0o1777);
// As Debian has it: /bin and /lib are where /usr has them.
for (const link of ['bin', 'lib', 'lib64', 'sbin']) {
  mkdirSync(path.join(root, 'usr', link), { recursive: true });
  symlinkSync(`usr/${link}`, path.join(root, link));
}
write('/etc/passwd', 'root:x:0:0:root:/:/bin/false\nnobody:x:65532:65532:nobody:/tmp:/bin/false\n');
write('/etc/group', 'root:x:0:\nnobody:x:65532:\n');
write('/etc/nsswitch.conf', 'hosts: files dns\n');
if (existsSync('/etc/ssl/certs/ca-certificates.crt'))
  add('/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/certs/ca-certificates.crt');
addProgram(process.execPath, '/usr/local/bin/node');
addProgram('bash');

if (what === 'hello') {
  add(path.join(project, 'samples/hello/server.mjs'), '/app/server.mjs');
  write('/app/run', '#!/bin/bash\nexec /usr/local/bin/node /app/server.mjs --host 0.0.0.0 "$@"\n', 0o755);
} else {
  for (const part of ['package.json', 'bin', 'dist']) add(path.join(project, part), `/app/${part}`);
  // What scripts can count on.
  for (const name of [
    'sleep',
    'cat',
    'ls',
    'date',
    'env',
    'head',
    'tail',
    'sed',
    'grep',
    'cut',
    'tr',
    'sort',
    'wc',
    'rm',
    'mkdir',
    'cp',
    'mv',
    'mktemp',
    'id',
  ])
    addProgram(name);
  write('/app/run', '#!/bin/bash\nexec /usr/local/bin/node /app/bin/iter8ctl.js "$@"\n', 0o755);
}
