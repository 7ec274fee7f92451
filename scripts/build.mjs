// Bundles the program into dist/: ES modules, split so that each command loads little, with everything that it needs, so
// that the package has no dependencies. The licences of what is bundled go beside it.
// Usage: node scripts/build.mjs [FOLDER]
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { boundedOutput, limitMemory } from './bounded-jq.mjs';

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
      // `import` of these loads undici on Node 22 and newer.
      'node:https': "const https = process.getBuiltinModule('node:https'); export default https;",
      'node:http': "const http = process.getBuiltinModule('node:http'); export default http;",
    };
    build.onResolve(
      { filter: /^(\.\/gen\/index\.js|node-fetch|openid-client|hpagent|socks-proxy-agent|node:https?)$/ },
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

/** Enough for the largest answer that a metric may have (10 MB), unless it is made of nothing but empty objects. */
const JQ_MEGABYTES = 256;

const root = path.join(import.meta.dirname, '..');
const outdir = path.resolve(process.argv[2] ?? path.join(root, 'dist'));
await rm(outdir, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: {
    main: 'src/main.ts',
    'load-worker': 'src/adapters/load/worker-thread.ts',
    'jq-worker': 'src/adapters/metrics/jq-worker.ts',
  },
  absWorkingDir: root,
  outdir,
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.20',
  chunkNames: 'chunk/[name]-[hash]',
  legalComments: 'none',
  metafile: true,
  plugins: [leanClientNode],
  // Some dependencies are CommonJS and call require() of a built-in.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  logLevel: 'warning',
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
  plugins: [boundedOutput],
  logLevel: 'warning',
});
writeFileSync(
  path.join(outdir, 'jq.wasm'),
  limitMemory(readFileSync(path.join(root, 'node_modules/jq-web/jq.wasm')), JQ_MEGABYTES),
);

/** Folders of the packages whose code is in the bundle. */
function bundledPackages() {
  const found = new Set();
  for (const input of [...Object.keys(metafile.inputs), ...Object.keys(jq.metafile.inputs)]) {
    const parts = input.split('/');
    const at = parts.lastIndexOf('node_modules');
    if (at >= 0) found.add(parts.slice(0, at + (parts[at + 1].startsWith('@') ? 3 : 2)).join('/'));
  }
  return [...found].toSorted((a, b) => (a < b ? -1 : 1));
}

const licences = bundledPackages().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
  const file = readdirSync(path.join(root, folder)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text =
    file === undefined
      ? '(the package brings no licence text)'
      : readFileSync(path.join(root, folder, file), 'utf8').trim();
  return `${name} ${version} (${license})\n\n${text}`;
});
writeFileSync(path.join(outdir, 'THIRD-PARTY-LICENSES.txt'), `${licences.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`);
// Which file went where: for a test of what a command loads.
if (process.env.ITER8CTL_METAFILE !== undefined) writeFileSync(process.env.ITER8CTL_METAFILE, JSON.stringify(metafile));
if (!existsSync(path.join(outdir, 'main.js'))) throw new Error('the build left no program');
