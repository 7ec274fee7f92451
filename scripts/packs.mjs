// Packs: what the parts (chunks) of a split bundle are kept in. A part is a function that is called when it is first needed, so
// that what a command does not need is neither compiled nor run; and parts that are needed together are one file to read.
import { transform } from 'esbuild';

const OWN_EXPORTS = 'module.exports=__defProp(stdin_exports,"__esModule",{value:true});';
const idOf = (file) => file.replace(/^.*\//, '');

/**
 * @param {{ path: string, text: string }[]} files what esbuild made: ES modules, split
 * @param {Record<string, { entryPoint?: string, imports: { path: string, kind: string }[] }>} outputs its metafile's
 */
export async function partsOf(files, outputs) {
  const names = Object.keys(outputs);
  for (const { path, kind } of names.flatMap((name) => outputs[name].imports))
    if (kind === 'require-call' && outputs[path] !== undefined) throw new Error(`${path} is linked by require()`);
  // Short names, and the same ones for the same sources.
  const shortOf = new Map(names.map((name, index) => [idOf(name), `./${index.toString(36)}`]));
  const textOf = new Map();
  for (const { path, text } of files) {
    const { code } = await transform(text, {
      format: 'cjs',
      platform: 'node',
      target: 'node20.20',
      minifyWhitespace: true,
      legalComments: 'none',
      // Code that was kept compiled has lost what `import()` needs (Node 20).
      supported: { 'dynamic-import': false },
    });
    // Each name once, and not as a copy of itself.
    const own = code.replace('module.exports=__toCommonJS(stdin_exports);', OWN_EXPORTS);
    const short = shortOf.get(idOf(path));
    textOf.set(short, `${JSON.stringify(short)}(require,module,exports){${linkedLate(own, shortOf)}}`);
  }
  return { outputs, short: (name) => shortOf.get(idOf(name)), textOf };
}

/**
 * @typedef {Awaited<ReturnType<typeof partsOf>>} Parts
 * @typedef {{ entry: string, packs: Record<string, string[]> }} Packs the source that the program begins with; how each pack begins with
 *   these sources, and holds what they import. The first has the entry and what links all of them. What none of them needs is the pack `rest`.
 */

/**
 * @param {Parts} parts
 * @param {Packs} how
 * @param {Record<string, Iterable<string>>} [together] parts by their short names, in the packs that they are put in before all else
 * @returns {Map<string, string>} the pack of each part, by its short name
 */
export function packOfEach({ outputs, short }, { entry, packs }, together = {}) {
  const names = Object.keys(outputs);
  const packOf = new Map([[short(chunkOf(entry, outputs)), Object.keys(packs)[0]]]);
  for (const [pack, members] of Object.entries(together))
    for (const member of members) if (!packOf.has(member)) packOf.set(member, pack);
  const seen = new Set();
  const put = (name, pack) => {
    if (seen.has(name) || outputs[name] === undefined) return;
    seen.add(name);
    if (!packOf.has(short(name))) packOf.set(short(name), pack);
    for (const { path, kind } of outputs[name].imports) if (kind === 'import-statement') put(path, pack);
  };
  for (const [pack, sources] of Object.entries(packs))
    for (const source of sources) put(chunkOf(source, outputs), pack);
  for (const name of names) put(name, 'rest');
  return packOf;
}

function chunkOf(source, outputs) {
  const found = Object.keys(outputs).find((name) => outputs[name].entryPoint === source);
  if (found === undefined)
    throw new Error(`${source} is not loaded by itself any more: name another (scripts/build.mjs)`);
  return found;
}

/**
 * @param {Parts} parts
 * @param {Packs} how
 * @param {Map<string, string>} packOf
 * @returns {Record<string, string>} CommonJS by name of the pack
 */
export function textsOf({ outputs, short, textOf }, { entry, packs }, packOf) {
  const first = Object.keys(packs)[0];
  const members = Object.fromEntries([...Object.keys(packs), 'rest'].map((pack) => [pack, []]));
  for (const name of Object.keys(outputs)) members[packOf.get(short(name))].push(textOf.get(short(name)));
  const others = Object.fromEntries([...packOf].filter(([, pack]) => pack !== first));
  return Object.fromEntries(
    Object.entries(members).map(([pack, texts]) => [
      pack,
      pack === first
        ? `${linker(texts, others)}\nlink(${JSON.stringify(short(chunkOf(entry, outputs)))});\n`
        : `${HEAD}module.exports={\n${texts.join(',\n')}\n};\n`,
    ]),
  );
}

/**
 * With each import of another part, or of Node (`var import_x=require("./x")`, whose names are always read as `import_x.name`) linked when
 * a name of it is first read, as Metro's inline requires do: most of what a module imports is not needed by most commands.
 */
function linkedLate(code, shortOf) {
  const short = (id) => {
    if (!shortOf.has(id)) throw new Error(`no part of the bundle: ${id}`);
    return JSON.stringify(shortOf.get(id));
  };
  const late = new Map();
  const declared = code.replaceAll(/\b(import_\w+)=require\("\.\/([^"/]+\.js)"\)/g, (_, name, id) => {
    late.set(name, `require(${short(id)})`);
    return name;
  });
  // Modules of Node too: `node:crypto` takes milliseconds.
  const all = declared.replaceAll(
    /\b(import_\w+)=(require\("node:[\w/]+"\)|__toESM\(require\("node:[\w/]+"\)\))/g,
    (_, name, link) => {
      late.set(name, link);
      return name;
    },
  );
  const read = all.replaceAll(/\b(import_\w+)\./g, (whole, name) =>
    late.has(name) ? `(${name}??=${late.get(name)}).` : whole,
  );
  return read.replaceAll(/\brequire\("\.\/([^"/]+\.js)"\)/g, (whole, id, at) => {
    // A part that is there for what it does is not linked late: nobody would see that it is missing.
    if (!read.slice(0, at).endsWith('__toESM('))
      throw new Error(`an import without a name: ${read.slice(at - 60, at)}${whole}`);
    return `require(${short(id)})`;
  });
}

const HEAD = `"use strict";const importMetaUrl=require("node:url").pathToFileURL(__filename).href;\n`;

/** `module.exports.linked`: names of the parts that ran, for bin/compiled-code.js. */
function linker(members, others) {
  return `${HEAD}const parts={\n${members.join(',\n')}\n};
const packOf=${JSON.stringify(others)};
const linked=new Map();
function link(id){
  if(!id.startsWith("./"))return require(id);
  const known=linked.get(id);
  if(known!==undefined)return known.exports;
  const pack=packOf[id];
  if(pack!==undefined)Object.assign(parts,require("./"+pack+".cjs"));
  const part=parts[id];
  if(part===undefined)throw new Error("a part of iter8ctl is missing: "+id);
  if(pack!==undefined)for(const one of Object.keys(packOf))if(packOf[one]===pack)delete packOf[one];
  const own={exports:{}};
  linked.set(id,own);
  part(link,own,own.exports);
  return own.exports;
}
module.exports={linked};`;
}
