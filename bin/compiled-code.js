// Keeps the program compiled between two runs, in a folder of the user: half of a short command is compiling it.
//
// The code that V8 has compiled by the end of a run is written to <cache>/iter8ctl/, by command and file of the program. A run that needed
// a part of the program (scripts/packs.mjs) that no run before it needed writes it again, with that part. Node's own enableCompileCache
// (22 and newer) keeps what the first run of any command compiled, and nothing that later ones need. Compiled code is trusted like the
// program: folder and file
// must belong to the user and be writable by nobody else. A file that does not fit (another build, another Node) has another
// name; a damaged one differs from its own copy. Whatever fails here costs time and nothing else.
//
// NODE_DISABLE_COMPILE_CACHE=1 turns it off, as for Node itself.
'use strict';
const fs = require('node:fs');
const module_ = require('node:module');
const path = require('node:path');

/** Commands that are over in a moment; the others have the rest in common. */
const SHORT = new Set(['describe', 'get', 'assert', 'replay', 'debug', 'init', 'plan', '--version', '--help', 'help']);
const LARGEST_BYTES = 16 * 1024 * 1024;
const OLDEST_MS = 30 * 24 * 3600_000;
const MOST_BYTES = 128 * 1024 * 1024;
/** Length of the names, and of the code. */
const HEAD_BYTES = 8;

/** @param {string} program path of a CommonJS file */
function load(program) {
  const folder = process.env.NODE_DISABLE_COMPILE_CACHE ? undefined : cacheFolder();
  return folder === undefined ? void require(program) : loadKept(program, folder);
}

/** The folder, if it is there, or can be made, and is the user's alone. */
function cacheFolder() {
  const { XDG_CACHE_HOME: xdg, HOME: home } = process.env;
  const base =
    xdg !== undefined && path.isAbsolute(xdg) ? xdg : home === undefined ? undefined : path.join(home, '.cache');
  if (base === undefined || !path.isAbsolute(base) || process.getuid === undefined) return undefined;
  const folder = path.join(base, 'iter8ctl');
  try {
    // One by one: a recursive mkdir of Node 20 never ends below /proc.
    for (const one of [base, folder]) if (!fs.existsSync(one)) fs.mkdirSync(one, { mode: 0o700 });
    const stat = fs.lstatSync(folder);
    return stat.isDirectory() && isOwn(stat) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** @param {fs.Stats} stat */
const isOwn = (stat) => stat.uid === process.getuid() && (stat.mode & 0o022) === 0;

function loadKept(program, folder) {
  const vm = require('node:vm');
  const scripts = [];
  /** The parts of the program that ran: whatever of a file is compiled by now belongs to them. */
  let linked;
  /** @param {string} file CommonJS, of this program */
  const run = (file) => {
    const source = fs.readFileSync(file, 'latin1'); // the bundle is ASCII
    const kept = path.join(folder, nameOf(file));
    const known = read(kept);
    const script = new vm.Script(module_.wrap(source), { filename: file, cachedData: known?.code });
    scripts.push({ script, kept, names: script.cachedDataRejected === false ? known.names : undefined });
    const own = new module_(file, module);
    own.filename = file;
    own.paths = module.paths;
    const other = module_.createRequire(file);
    // Files of the program are kept as well.
    const requireOwn = (id) => (/^\.\/[a-z-]+\.cjs$/.test(id) ? run(path.join(path.dirname(file), id)) : other(id));
    script.runInThisContext()(own.exports, Object.assign(requireOwn, other), own, file, path.dirname(file));
    return own.exports;
  };
  process.once('exit', () => {
    const names = linked === undefined ? [] : [...linked.keys()];
    for (const { script, kept, names: before } of scripts) {
      const all = new Set([...(before ?? []), ...names]);
      if (all.size !== before?.length) write(kept, [...all].join(' '), () => script.createCachedData());
    }
  });
  ({ linked } = run(program));
}

/** Of one build, one Node and one command. */
function nameOf(file) {
  const { mtimeMs, size } = fs.statSync(file);
  const build = `${size.toString(36)}${Math.round(mtimeMs).toString(36)}`;
  const words = process.argv.slice(2);
  const command = words.find((word) => SHORT.has(word)) ?? 'other';
  // A file is read and judged by code that an object of a cluster never needs.
  const from = words.some((word) => /^(-f|--filename)/.test(word)) ? '-file' : '';
  return `${command.replace(/^-+/, '')}${from}-${path.basename(file, '.cjs')}-${build}-${process.version}-${process.arch}.v8`;
}

/** The code, and the names of the parts that ran before it was kept. */
function read(file) {
  let fd;
  try {
    fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    const stat = fs.fstatSync(fd);
    if (!stat.isFile() || !isOwn(stat) || stat.size <= HEAD_BYTES || stat.size > LARGEST_BYTES) return undefined;
    const bytes = Buffer.allocUnsafeSlow(stat.size);
    if (fs.readSync(fd, bytes, 0, stat.size, 0) !== stat.size) return undefined;
    const start = HEAD_BYTES + bytes.readUInt32LE(0);
    const end = start + bytes.readUInt32LE(4);
    const code = bytes.subarray(start, end);
    // V8 itself does not look whether what it is given is damaged. The copy is there because comparing takes a tenth of a
    // millisecond, and any checksum has to load a module first.
    if (code.length === 0 || !code.equals(bytes.subarray(end))) return undefined;
    return { names: bytes.latin1Slice(HEAD_BYTES, start).split(' '), code };
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** As a whole or not at all; what is old goes. */
function write(file, names, make) {
  const aside = `${file}.${process.pid}`;
  try {
    const code = make();
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32LE(names.length, 0);
    head.writeUInt32LE(code.length, 4);
    fs.writeFileSync(aside, Buffer.concat([head, Buffer.from(names, 'latin1'), code, code]), {
      mode: 0o600,
      flag: 'wx',
    });
    fs.renameSync(aside, file);
    removeOld(path.dirname(file));
  } catch {
    fs.rmSync(aside, { force: true });
  }
}

/** What is older than a month, and the oldest of more than a build takes: whoever builds often has many. */
function removeOld(folder) {
  const files = fs
    .readdirSync(folder)
    .filter((name) => /\.v8(\.\d+)?$/.test(name))
    .map((name) => {
      const file = path.join(folder, name);
      const { mtimeMs, size } = fs.statSync(file);
      return { file, mtimeMs, size };
    })
    .toSorted((a, b) => b.mtimeMs - a.mtimeMs);
  let bytes = 0;
  for (const { file, mtimeMs, size } of files) {
    bytes += size;
    if (bytes > MOST_BYTES || Date.now() - mtimeMs > OLDEST_MS) fs.rmSync(file, { force: true });
  }
}

module.exports = { load };
