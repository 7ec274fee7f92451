// Bounds for jq-web: how much memory its WebAssembly may grow to, and how much it may print. Both belong to the build, since
// the package leaves no other place for them.
import { readFileSync } from 'node:fs';

const PAGE = 64 * 1024;
const MEMORY_SECTION = 5;
/** Characters that a program may print: its first line is what is read. */
const MOST_OUTPUT = 8 * 1024 * 1024;

/**
 * The same module with that maximum of memory. Written over the maximum that is there, in as many bytes.
 * Source: WebAssembly core specification, 5.5.8 (memory section) and 5.2.2 (LEB128).
 */
export function limitMemory(wasm, megabytes) {
  const limited = Buffer.from(wasm);
  for (let at = 8; at < limited.length; ) {
    const size = readNumber(limited, at + 1);
    if (limited[at] === MEMORY_SECTION) {
      const count = readNumber(limited, size.end);
      const minimum = readNumber(limited, count.end + 1);
      if (count.value !== 1 || limited[count.end] !== 1) throw new Error('jq.wasm has no single memory with a maximum');
      const maximum = readNumber(limited, minimum.end);
      const pages = (megabytes * 1024 * 1024) / PAGE;
      if (pages < minimum.value || pages > maximum.value)
        throw new Error(`jq.wasm cannot be limited to ${pages} pages`);
      writeNumber(limited, pages, maximum.end - minimum.end, minimum.end);
      return limited;
    }
    at = size.end + size.value;
  }
  throw new Error('jq.wasm has no memory section');
}

function readNumber(bytes, start) {
  let value = 0;
  for (let at = start, factor = 1; ; at += 1, factor *= 128) {
    value += (bytes[at] & 0x7f) * factor;
    if (bytes[at] < 0x80) return { value, end: at + 1 };
  }
}

/** Longer than it must be: all bytes but the last say that another follows. */
function writeNumber(bytes, value, length, start) {
  for (let i = 0, rest = value; i < length; i += 1, rest = Math.floor(rest / 128))
    bytes[start + i] = (rest % 128) | (i === length - 1 ? 0 : 0x80);
}

/** Every byte of the output becomes an entry of a list: without an end, it takes the process with it. */
export const boundedOutput = {
  name: 'bounded-jq-output',
  setup(build) {
    build.onLoad({ filter: /jq-web[\\/]jq\.js$/ }, ({ path }) => {
      let contents = readFileSync(path, 'utf8');
      for (const list of ['outBuffer', 'errBuffer']) {
        const push = `if (c) ${list}.push(c)`;
        if (contents.split(push).length !== 2)
          throw new Error(`jq-web does not collect its output in ${list} any more`);
        contents = contents.replace(
          push,
          `if (c && ${list}.push(c) > ${MOST_OUTPUT}) throw new Error('too much output')`,
        );
      }
      return { contents, loader: 'js' };
    });
  },
};
