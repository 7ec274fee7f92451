// Bundles the program into dist/: a few files, and the workers, with everything that they need, so that the package has no
// dependencies. The licences of what is bundled go beside it, and a bill of materials.
// Usage: node scripts/build.mjs [FOLDER]
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { boundedOutput, limitMemory } from './bounded-jq.mjs';
import { licencesOf, packageFolders, sbomOf } from './bundled.mjs';
import { linkedParts } from './linked-parts.mjs';
import { packOfEach, partsOf, textsOf } from './packs.mjs';

const root = path.join(import.meta.dirname, '..');

/**
 * What client-node brings along that our commands do not need, or not before its first use: without this `describe` takes
 * twice as long to start (docs/libraries.md 13). Only imports from client-node's own files are replaced.
 */
const leanClientNode = {
  name: 'lean-client-node',
  setup(build) {
    const fromConfig = /client-node[\\/]dist[\\/](config|azure_auth|gcp_auth|oidc_auth|exec_auth|file_auth)\.js$/;
    const shims = {
      // The whole generated client, for two names of makeApiClient, which we do not call.
      './gen/index.js':
        "const unused = () => { throw new Error('the generated client is not bundled'); }; export { unused as createConfiguration, unused as ServerConfiguration };",
      // Only for applyToFetchOptions, which we do not call; touching globalThis.Headers would load fetch.
      'node-fetch': 'export function Headers(...args) { return new globalThis.Headers(...args); }',
      // We refresh tokens ourselves (adapters/kube/oidc.ts).
      'openid-client':
        "const unused = () => { throw new Error('tokens are refreshed by adapters/kube/oidc.ts'); }; export { unused as discovery, unused as refreshTokenGrant };",
      hpagent:
        "export function HttpsProxyAgent(...args) { return new (require('hpagent').HttpsProxyAgent)(...args); } export function HttpProxyAgent(...args) { return new (require('hpagent').HttpProxyAgent)(...args); }",
      'socks-proxy-agent':
        "export function SocksProxyAgent(...args) { return new (require('socks-proxy-agent').SocksProxyAgent)(...args); }",
      // We run credential plugins ourselves (adapters/kube/exec-credential.ts).
      'node:child_process':
        "const unused = () => { throw new Error('plugins are run by adapters/kube/exec-credential.ts'); }; export default { spawn: unused };",
      // `import` of these loads undici on Node 22 and newer.
      'node:https': "const https = process.getBuiltinModule('node:https'); export default https;",
      'node:http': "const http = process.getBuiltinModule('node:http'); export default http;",
    };
    build.onResolve(
      {
        filter:
          /^(\.\/gen\/index\.js|node-fetch|openid-client|hpagent|socks-proxy-agent|node:https?|node:child_process)$/,
      },
      (args) =>
        fromConfig.test(args.importer)
          ? { path: args.path, namespace: 'lean', pluginData: path.dirname(args.importer) }
          : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'lean' }, (args) => ({
      contents: shims[args.path],
      resolveDir: args.pluginData,
      loader: 'js',
    }));
  },
};

/** Commander starts other programs for commands that are programs; we have none. */
const noPrograms = {
  name: 'no-programs',
  setup(build) {
    build.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path: 'child_process', namespace: 'no-programs' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'no-programs' }, () => ({
      contents: 'module.exports = {};',
      loader: 'js',
    }));
  },
};

/** cli-table3 asks for widths as we do, without the 7 ms that its own package takes to compile what an emoji is. */
const oneWidth = {
  name: 'one-width',
  setup(build) {
    build.onResolve({ filter: /^string-width$/ }, ({ importer }) =>
      /cli-table3/.test(importer) ? { path: 'string-width', namespace: 'one-width' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'one-width' }, () => ({
      contents: "module.exports = require('./src/text/width.ts').displayWidth;",
      resolveDir: root,
      loader: 'js',
    }));
  },
};

/**
 * Files of the program: what every command links; what looking at an experiment does; what describes all commands; what reading and judging an
 * object may need; what reaches a cluster; what few runs need. All else is the file `rest`. The first three, and most of the others, are
 * filled by what commands link (scripts/linked-parts.mjs).
 */
const PACKS = {
  main: [],
  look: [],
  commands: [],
  judging: [
    'src/cli/commands/describe.ts',
    'src/cli/commands/get.ts',
    'src/cli/commands/assert.ts',
    'src/cli/manifest-flags.ts',
    'src/adapters/manifest/read-manifests.ts',
    'src/adapters/store/local-store.ts',
    'src/adapters/store/local-secrets.ts',
    'src/adapters/store/local-driver-lock.ts',
    'src/adapters/store/record-log.ts',
    'src/adapters/store/local-target-lock.ts',
    'src/render/error.ts',
  ],
  cluster: ['src/adapters/kube/api-client.ts', 'src/adapters/store/cluster-store.ts'],
  'prometheus-text': ['src/adapters/telemetry/prometheus-text.ts'],
  'otlp-exporter': ['src/adapters/telemetry/otlp-exporter.ts'],
};

/**
 * Parts of their own, besides what is loaded by `import()`: an import of these costs nothing before something of them is used.
 * Making schemas takes longer than what most commands do.
 */
const LATE = [
  'src/experiment/experiment-schema.ts',
  'src/experiment/metric.ts',
  'src/experiment/strength-schema.ts',
  'src/experiment/schema-issues.ts',
  'src/experiment/tasks/task-inputs.ts',
  'src/experiment/tasks/collect-schema.ts',
  'src/experiment/tasks/input-fields.ts',
];

/** Enough for the largest answer that a metric may have (10 MB), unless it is made of nothing but empty objects. */
const JQ_MEGABYTES = 256;

/** In its place comes the checksum of the program with this in it. */
const NO_CHECKSUM = 'checksum of this build'.padEnd(64, '.');

const outdir = path.resolve(process.argv[2] ?? path.join(root, 'dist'));
await rm(outdir, { recursive: true, force: true });
mkdirSync(outdir, { recursive: true });
const shared = {
  absWorkingDir: root,
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node20.20',
  legalComments: 'none',
  metafile: true,
  preserveSymlinks: true, // node_modules may be a link, as in scripts/defects.mjs
  plugins: [leanClientNode, noPrograms, oneWidth],
  logLevel: 'warning',
};

// Of which only what a command needs is ever run; compiled code is kept between runs (bin/compiled-code.js). Names stay, so that
// a stack trace can be read.
const program = await build({
  ...shared,
  entryPoints: ['src/main.ts', ...LATE],
  minifySyntax: true,
  minifyWhitespace: true,
  splitting: true,
  write: false,
  format: 'esm',
  define: { 'import.meta.url': 'importMetaUrl', BUILD_CHECKSUM: JSON.stringify(NO_CHECKSUM) },
});
const parts = await partsOf(program.outputFiles, program.metafile.outputs);
const how = { entry: 'src/main.ts', packs: PACKS };
const byImport = packOfEach(parts, how);
const object = JSON.parse(readFileSync(path.join(root, 'bench/experiment.json'), 'utf8'));
const linked = await linkedParts(textsOf(parts, how, byImport), object);
const looking = [...linked.file, ...linked.local];
const packs = textsOf(
  parts,
  how,
  packOfEach(parts, how, {
    main: [...linked.version, ...looking.filter((part) => linked.help.has(part))],
    // Also what says what is wrong, and what both a cluster and a file of another kind may need.
    look: [...looking, ...linked.refused, ...[...linked.cluster].filter((part) => byImport.get(part) === 'judging')],
    commands: linked.help,
  }),
);
const checksum = createHash('sha256').update(JSON.stringify(packs)).digest('hex');
for (const [name, unsigned] of Object.entries(packs)) {
  const text = unsigned.replaceAll(NO_CHECKSUM, checksum);
  // They are read as Latin-1, which is faster (bin/compiled-code.js).
  if (/[^\0-\x7f]/.test(text))
    throw new Error('the bundle is not ASCII: write what is no ASCII in regular expressions as escapes');
  writeFileSync(path.join(outdir, `${name}.cjs`), text);
}

const workers = await build({
  ...shared,
  entryPoints: {
    'load-worker': 'src/adapters/load/worker-thread.ts',
    metronome: 'src/adapters/load/metronome-thread.ts',
    'jq-worker': 'src/adapters/metrics/jq-worker.ts',
  },
  splitting: true,
  minify: true,
  format: 'esm',
  chunkNames: 'chunk/[name]-[hash]',
  // Some dependencies are CommonJS and call require() of a built-in.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
});

// jq, which loads its WebAssembly from the folder that it lies in. Its programs come from whoever may write a Metric, so
// what one can take is bounded here, by the engine itself.
const jq = await build({
  entryPoints: { jq: 'node_modules/jq-web/jq.js' },
  absWorkingDir: root,
  outdir,
  bundle: true,
  minify: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.20',
  outExtension: { '.js': '.cjs' },
  legalComments: 'none',
  metafile: true,
  preserveSymlinks: true, // node_modules may be a link, as in scripts/defects.mjs
  plugins: [boundedOutput],
  logLevel: 'warning',
});
writeFileSync(
  path.join(outdir, 'jq.wasm'),
  limitMemory(readFileSync(path.join(root, 'node_modules/jq-web/jq.wasm')), JQ_MEGABYTES),
);

const folders = packageFolders([program, workers, jq].flatMap(({ metafile }) => Object.keys(metafile.inputs)));
writeFileSync(path.join(outdir, 'THIRD-PARTY-LICENSES.txt'), licencesOf(root, folders));
writeFileSync(path.join(outdir, 'sbom.cdx.json'), `${JSON.stringify(sbomOf(root, folders), undefined, 2)}\n`);
// What imports what: for a test of what a command loads.
if (process.env.ITER8CTL_METAFILE !== undefined)
  writeFileSync(process.env.ITER8CTL_METAFILE, JSON.stringify(program.metafile));
if (!existsSync(path.join(outdir, 'main.cjs'))) throw new Error('the build left no program');
