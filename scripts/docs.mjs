// `npm run docs`: writes what is made of the program (test/support/reference/documents.ts), formatted as everything else.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = path.join(import.meta.dirname, '..');
const scratch = mkdtempSync(path.join(tmpdir(), 'iter8ctl-docs-'));
try {
  const outfile = path.join(scratch, 'documents.mjs');
  await build({
    entryPoints: [path.join(root, 'test/support/reference/documents.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    define: { 'import.meta.dirname': JSON.stringify(path.join(root, 'src')) },
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
    logLevel: 'error',
  });
  const { generatedDocuments, generatedSources } = await import(pathToFileURL(outfile));
  const files = { ...(await generatedDocuments()), ...generatedSources() };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  const formatted = Object.keys(files).filter((file) => /\.(md|ts)$/.test(file));
  execFileSync('npx', ['biome', 'format', '--write', ...formatted], { cwd: root, stdio: 'inherit' });
} finally {
  rmSync(scratch, { recursive: true });
}
