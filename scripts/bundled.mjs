// What is bundled into dist/, for whoever has to know: licences and notices, and a bill of materials (CycloneDX 1.5, as `npm sbom`
// writes it). Both hold what esbuild took, not what is installed, and are the same for the same lock.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What jq.wasm is compiled from: no package.json lists it. jq itself is in the licence of jq-web. Its build names no versions. */
const WITHIN_JQ = [
  { name: 'jq', license: 'MIT', website: 'https://jqlang.org' },
  { name: 'oniguruma', license: 'BSD-2-Clause', website: 'https://github.com/kkos/oniguruma', notice: 'oniguruma.txt' },
  { name: 'emscripten', license: 'MIT', website: 'https://emscripten.org', notice: 'emscripten.txt' },
  { name: 'musl', license: 'MIT', website: 'https://musl.libc.org', notice: 'musl.txt' },
];

/** Folders of the packages whose files are among these inputs of esbuild: `node_modules/chalk`. */
export function packageFolders(inputs) {
  const found = new Set();
  for (const input of inputs) {
    const parts = input.split('/');
    const at = parts.lastIndexOf('node_modules');
    // A folder that is linked from elsewhere is named as the lock does, too.
    if (at >= 0)
      found.add(parts.slice(parts.indexOf('node_modules'), at + (parts[at + 1].startsWith('@') ? 3 : 2)).join('/'));
  }
  return [...found].toSorted((a, b) => (a < b ? -1 : 1));
}

/** THIRD-PARTY-LICENSES.txt. */
export function licencesOf(root, folders) {
  const entries = folders.flatMap((folder) => {
    const { name, version, license } = manifestOf(root, folder);
    const file = readdirSync(path.join(root, folder)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    const text =
      file === undefined
        ? '(the package brings no licence text)'
        : readFileSync(path.join(root, folder, file), 'utf8').trim();
    const own = `${name} ${version} (${license})\n\n${text}`;
    if (name !== 'jq-web') return [own];
    const within = WITHIN_JQ.filter(({ notice }) => notice !== undefined);
    return [own, ...within.map((part) => `${part.name}, within jq-web (${part.license})\n\n${noticeOf(part.notice)}`)];
  });
  return `${entries.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

const noticeOf = (file) => readFileSync(path.join(import.meta.dirname, 'notices', file), 'utf8').trim();

const manifestOf = (root, folder) => JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));

/** sbom.cdx.json: what is bundled, what needs what, and from which archive of the registry it came. */
export function sbomOf(root, folders) {
  const { name, version, license, description, devDependencies } = manifestOf(root, '.');
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const refs = new Map(folders.map((folder) => [lockKey(folder), refOf(manifestOf(root, folder))]));
  const own = `${name}@${version}`;
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      lifecycles: [{ phase: 'build' }],
      component: {
        'bom-ref': own,
        type: 'application',
        name,
        version,
        description,
        purl: purlOf({ name, version }),
        licenses: [{ license: { id: license } }],
      },
    },
    components: folders.map((folder) => componentOf(manifestOf(root, folder), packages[lockKey(folder)])),
    dependencies: [
      { ref: own, dependsOn: neededBy('', { dependencies: devDependencies }, refs, packages) },
      ...folders.map((folder) => ({
        ref: refs.get(lockKey(folder)),
        dependsOn: neededBy(lockKey(folder), manifestOf(root, folder), refs, packages),
      })),
    ],
  };
}

const refOf = ({ name, version }) => `${name}@${version}`;

/** As the lock names it, also where node_modules is a link to another folder. */
const lockKey = (folder) => folder.slice(folder.indexOf('node_modules/'));

/** Source: https://github.com/package-url/purl-spec, type npm. */
const purlOf = ({ name, version }) => `pkg:npm/${name.replace('@', '%40')}@${version}`;

function componentOf(manifest, locked) {
  const { name, version, license } = manifest;
  if (locked?.version !== version || locked.integrity === undefined)
    throw new Error(`${name} ${version} is not what package-lock.json says: npm ci`);
  const [algorithm, digest] = locked.integrity.split(/-(.*)/s);
  if (algorithm !== 'sha512') throw new Error(`${name}: the lock has no SHA-512`);
  return {
    'bom-ref': refOf(manifest),
    type: 'library',
    name,
    version,
    purl: purlOf(manifest),
    hashes: [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }],
    licenses: [{ license: { id: license } }],
    ...(name === 'jq-web'
      ? {
          components: WITHIN_JQ.map((part) => ({
            'bom-ref': `${refOf(manifest)}/${part.name}`,
            type: 'library',
            name: part.name,
            licenses: [{ license: { id: part.license } }],
            externalReferences: [{ type: 'website', url: part.website }],
          })),
        }
      : {}),
  };
}

/** Its dependencies as Node finds them: in its own node_modules, then in those of the folders above. Those that are bundled. */
function neededBy(folder, { dependencies = {}, optionalDependencies = {} }, refs, installed) {
  return Object.keys({ ...dependencies, ...optionalDependencies })
    .map((name) => refs.get(foldersFrom(folder, name).find((one) => one in installed)))
    .filter((ref) => ref !== undefined);
}

/** `node_modules/a/node_modules/b` and c: `node_modules/a/node_modules/b/node_modules/c`, ..., `node_modules/c`. */
function foldersFrom(folder, name) {
  const parts = folder === '' ? [] : folder.split(/(?<=^|\/)node_modules\//).slice(1);
  return [...parts, ''].map((_, k) => {
    const above = parts.slice(0, parts.length - k).map((part) => `node_modules/${part.replace(/\/$/, '')}/`);
    return `${above.join('')}node_modules/${name}`;
  });
}
