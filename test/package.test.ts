import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ok, testServer } from './support/test-server.ts';
import { inFull } from './support/search-depth.ts';

const root = path.join(import.meta.dirname, '..');
let scratch: string;
let tarball: string;

beforeAll(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'iter8ctl-package-'));
  // The build is there (globalSetup); scripts would build it again while other tests run it.
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', scratch], {
      cwd: root,
      encoding: 'utf8',
    }),
  ) as { filename: string }[];
  tarball = path.join(scratch, packed!.filename);
});
afterAll(() => rmSync(scratch, { recursive: true }));

interface Bom {
  readonly metadata: { readonly component: { readonly 'bom-ref': string } };
  readonly components: readonly { readonly 'bom-ref': string; readonly purl: string; readonly hashes: unknown }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

describe('the package', inFull, () => {
  it('holds only what a user needs', () => {
    const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n');
    const tops = new Set(files.map((file) => file.split('/')[1]));
    expect(new Set(tops)).toEqual(
      new Set(['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'package.json', 'samples', 'schemas']),
    );
    expect(files.filter((file) => /node_modules|\.test\.|\.map$/.test(file))).toEqual([]);
  });

  it('has no dependencies and no install scripts', () => {
    const pkg = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      dependencies?: object;
      scripts: Record<string, string>;
    };
    expect(pkg.dependencies ?? {}).toEqual({});
    expect(Object.keys(pkg.scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([]);
  });

  it('ships the licences of what is bundled', () => {
    const text = readFileSync(path.join(root, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const name of ['chalk', 'cli-table3', 'commander', 'js-yaml', 'undici', 'zod'])
      expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
    // What jq is compiled from.
    for (const notice of ['(C) 2012 Stephen Dolan', 'K.Kosako', 'Emscripten authors', 'Rich Felker'])
      expect(text).toContain(notice);
    expect(text).not.toContain('brings no licence');
  });

  it('lists what is bundled, as it is installed', () => {
    const { components, dependencies, metadata } = JSON.parse(
      readFileSync(path.join(root, 'dist/sbom.cdx.json'), 'utf8'),
    ) as Bom;
    const licences = readFileSync(path.join(root, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
    const licensed = [...licences.matchAll(/^(\S+) (\d\S*) \(([\w.-]+)\)$/gm)].map(
      ([, name, version]) => `${name}@${version}`,
    );
    expect(components.map((one) => one['bom-ref']).toSorted()).toEqual(licensed.toSorted());
    // npm's own list of all that is installed knows each of them by the same name, archive and hash.
    const installed = JSON.parse(
      execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
        cwd: root,
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      }),
    ) as Bom;
    const known = new Map(installed.components.map(({ purl, hashes }) => [purl, hashes]));
    for (const { purl, hashes } of components) expect([purl, known.get(purl)]).toEqual([purl, hashes]);
    // Each is there because something needs it.
    const needs = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
    const reached = new Set<string>();
    const visit = (ref: string): void => {
      if (reached.has(ref)) return;
      reached.add(ref);
      for (const next of needs.get(ref) ?? []) visit(next);
    };
    visit(metadata.component['bom-ref']);
    expect(components.map((one) => one['bom-ref']).filter((ref) => !reached.has(ref))).toEqual([]);
    // cli-table3 has a string-width of its own, which is not bundled.
    expect(needs.get('cli-table3@0.6.5')).toEqual(['@colors/colors@1.5.0']);
  });

  it('installed into an empty folder gives iter8ctl and kubectl-iter8', async () => {
    const folder = path.join(scratch, 'empty');
    mkdirSync(folder);
    execFileSync('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball], {
      cwd: folder,
      stdio: 'pipe',
    });
    for (const name of ['iter8ctl', 'kubectl-iter8']) {
      const { status, stdout } = spawnSync(path.join(folder, 'node_modules/.bin', name), ['--version'], {
        encoding: 'utf8',
      });
      expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
      expect(status).toBe(0);
    }
    const described = spawnSync(
      path.join(folder, 'node_modules/.bin/iter8ctl'),
      ['plan', '--local', '-f', path.join(folder, 'node_modules/iter8ctl/samples/hello/local.yaml')],
      { encoding: 'utf8', cwd: folder },
    );
    expect(described.stdout).toContain('hello-experiment would not run: a target cannot be reached');
    expect(described.status).toBe(7);
    // And `npx iter8ctl` there comes to a verdict.
    const verdict = await npx(folder, ['run', '--local', '--qps', '400', '--slo', 'error-rate<=5%']);
    expect(verdict.out).toMatch(/^promote 127-0-0-1\n {2}the objective is satisfied, with 95 % confidence/);
    expect(verdict.code).toBe(0);
  });
});

/** `npx iter8ctl ARGS --url URL` in this folder, with a service behind the URL. */
async function npx(cwd: string, args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
  await using service = await testServer(ok);
  return await new Promise((resolve) =>
    execFile('npx', ['--no-install', 'iter8ctl', ...args, '--url', service.url], { cwd }, (error, out) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out }),
    ),
  );
}

interface Input {
  readonly imports: readonly { readonly path: string; readonly kind: string; readonly external?: boolean }[];
}

/** `chalk`, `@kubernetes/client-node`; undefined for a file of ours. */
function packageOf(input: string): string | undefined {
  const [, inside] = /.*node_modules\/(.*)/.exec(input) ?? [];
  return inside?.split('/', inside.startsWith('@') ? 2 : 1).join('/');
}

/** `view` of src/view/x.ts, `errors.ts` of src/errors.ts. */
const roomOf = (input: string): string | undefined => /^src\/([^/]+)/.exec(input)?.[1];

const namesOf = (inputs: Iterable<string>, nameOf: (input: string) => string | undefined): string[] =>
  [...new Set([...inputs].flatMap((input) => nameOf(input) ?? []))].toSorted();

describe('the start', inFull, () => {
  it('of describe loads what shows an experiment, and nothing that drives or reaches one', () => {
    const metafile = path.join(scratch, 'meta.json');
    execFileSync(process.execPath, ['scripts/build.mjs', path.join(scratch, 'built')], {
      cwd: root,
      env: { ...process.env, ITER8CTL_METAFILE: metafile },
    });
    const { inputs } = JSON.parse(readFileSync(metafile, 'utf8')) as { inputs: Readonly<Record<string, Input>> };
    const loaded = new Set<string>();
    const visit = (input: string) => {
      if (loaded.has(input)) return;
      loaded.add(input);
      for (const { path: next, kind, external } of inputs[input]?.imports ?? [])
        if (kind !== 'dynamic-import' && external !== true) visit(next);
    };
    visit('src/main.ts');
    visit('src/cli/commands/describe.ts');
    // Everything that it may load: a package or a room more costs every start, so it is to be added here on purpose.
    expect(namesOf(loaded, packageOf)).toEqual(['@colors/colors', 'chalk', 'cli-table3', 'commander', 'zod']);
    expect(namesOf(loaded, roomOf)).toEqual([
      'cli',
      'errors.ts',
      'evidence',
      'exit-codes.ts',
      'experiment',
      'io.ts',
      'judge',
      'main.ts',
      'render',
      'report',
      'text',
      'traffic',
      'version.ts',
      'view',
    ]);
    // And the bundle has what is left out.
    const all = Object.keys(inputs);
    expect(namesOf(all, packageOf)).toEqual(expect.arrayContaining(['undici', '@kubernetes/client-node', 'js-yaml']));
    expect(namesOf(all, roomOf)).toEqual(expect.arrayContaining(['adapters', 'drive', 'controller', 'install']));
  });
});
