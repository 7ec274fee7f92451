import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadManifests, type LoadOptions } from '../../../src/adapters/manifest/read-manifests.ts';
import { InvalidManifestError, UnavailableError, UsageError } from '../../../src/errors.ts';

const EXPERIMENT = `apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata:
  name: hello
spec:
  target: hello
  strategy:
    testingPattern: Conformance
  versionInfo:
    baseline:
      name: v
`;
const METRIC = `apiVersion: iter8.tools/v2alpha2
kind: Metric
metadata:
  name: m
spec:
  mock:
  - {name: v, level: 5}
`;
const BROKEN = `apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata:
  name: hello
spec:
  target: hello
  strategy:
    testingPattern: Conformance
    actions:
      start:
      - task: metrics/collect
        with:
          nunQueries: 100
          versions:
          - {name: v, url: "http://v/"}
  criteria:
    objectives:
    - metric: iter8-system/error-rate
      upperLimit: 0.01
  versionInfo:
    baseline:
      name: v
`;

let cwd: string;
let server: Server;
let base: string;

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'iter8-load-'));
  server = createServer((request, response) => {
    if (request.url === '/e.yaml') response.end(EXPERIMENT);
    else if (request.url === '/latin') response.end(Buffer.from([0x61, 0xe4]));
    else response.writeHead(404).end('no');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});
afterAll(() => {
  server.close();
  rmSync(cwd, { recursive: true });
});

function write(name: string, text: string | Uint8Array): string {
  const path = join(cwd, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return name;
}

const load = (files: string[], options: Partial<LoadOptions> = {}) =>
  loadManifests(files, { cwd, readStdin: () => Promise.resolve(''), ...options });

const readSecretUrl = (url: string) => Promise.resolve(url.includes('secret') ? EXPERIMENT : '');

/** The problems of manifests that are refused, as people see them. */
async function refusal(
  files: string[],
  options: Partial<LoadOptions> = {},
): Promise<{ message: string; lines: string[] }> {
  const error = await load(files, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof InvalidManifestError)) throw error instanceof Error ? error : new Error('not refused');
  const lines = error.issues.map(
    ({ source, line, column, path, message }) => `${source}:${line}:${column}  ${path}: ${message}`,
  );
  return { message: error.message, lines };
}

describe('what -f reads', () => {
  it('is an experiment and the metrics beside it, from several files', async () => {
    const loaded = await load([write('e.yaml', EXPERIMENT), write('m.yaml', `${METRIC}---\n`)]);
    expect(loaded).toMatchObject({
      experiment: { metadata: { name: 'hello' } },
      metrics: [{ metadata: { name: 'm' } }],
      label: 'e.yaml',
      origin: 'file',
      sources: [
        { name: 'e.yaml', origin: 'file' },
        { name: 'm.yaml', origin: 'file' },
      ],
    });
  });

  it('is standard input, once', async () => {
    const loaded = await load(['-'], { readStdin: () => Promise.resolve(EXPERIMENT) });
    expect(loaded).toMatchObject({ origin: 'stdin', label: '<stdin>' });
    await expect(load(['-', '-'])).rejects.toThrow(
      new UsageError('-f - can be given only once: standard input ends once'),
    );
    await expect(load(['-'])).rejects.toThrow('standard input is empty');
  });

  it('is a folder: its YAML and JSON files in order, not those in folders below', async () => {
    write('dir/b.yml', METRIC);
    write('dir/a.yaml', EXPERIMENT);
    write(
      'dir/c.json',
      JSON.stringify({
        kind: 'Metric',
        apiVersion: 'iter8.tools/v2alpha2',
        metadata: { name: 'c' },
        spec: { mock: [] },
      }),
    );
    write('dir/README.md', 'not: [a manifest');
    write('dir/below/d.yaml', 'kind: Nothing');
    const loaded = await load(['dir']);
    expect(loaded.sources.map(({ name }) => name)).toEqual([
      join('dir', 'a.yaml'),
      join('dir', 'b.yml'),
      join('dir', 'c.json'),
    ]);
    expect(loaded.metrics.map(({ metadata }) => metadata.name)).toEqual(['m', 'c']);
  });

  it('is a URL, and says so: its scripts are not run without asking', async () => {
    expect(await load([`${base}/e.yaml`])).toMatchObject({ origin: 'url', label: `${base}/e.yaml` });
    await expect(load([`${base}/other`])).rejects.toThrow(
      new UnavailableError(`-f ${base}/other: the server answers 404 Not Found`),
    );
    expect((await refusal([`${base}/latin`])).lines).toEqual([
      `${base}/latin:undefined:undefined  : not UTF-8; save it in that encoding`,
    ]);
    expect((await load(['https://u:secret@h/e'], { readUrl: readSecretUrl })).label).toBe('https://***@h/e');
  });

  it('gives up when it is asked to', async () => {
    await expect(load([`${base}/e.yaml`], { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
  });

  it.each([
    ['absent.yaml', '-f absent.yaml: no such file or folder'],
    ['', '-f needs the name of a file, a folder, a URL, or - for standard input'],
  ])('%j is a wrong use', async (file, message) => {
    await expect(load([file])).rejects.toThrow(new UsageError(message));
  });

  it('an empty folder is a wrong use', async () => {
    mkdirSync(join(cwd, 'empty'));
    await expect(load(['empty'])).rejects.toThrow('-f empty: there is no .yaml, .yml or .json file in this folder');
  });

  it('locates issues of the experiment that are found later', async () => {
    const { locate } = await load([write('e.yaml', `---\n${METRIC}---\n${EXPERIMENT}`)]);
    expect(locate({ path: 'spec.target', message: 'wrong' })).toMatchObject({ source: 'e.yaml', line: 15, column: 11 });
  });
});

describe('what -f refuses', () => {
  it('the rules, when they are asked for: all problems at once, in the order of the text', async () => {
    const file = write('experiment.yaml', BROKEN);
    await expect(load([file])).resolves.toBeDefined();
    expect(await refusal([file], { strictness: 'rules' })).toEqual({
      message: 'experiment.yaml is not a valid Experiment (2 problems)',
      lines: [
        'experiment.yaml:13:11  spec.strategy.actions.start[0].with.nunQueries: unknown input; did you mean numQueries?',
        'experiment.yaml:19:19  spec.criteria.objectives[0].upperLimit: expected a quantity, got 0.01; quote it: "0.01"',
      ],
    });
  });

  it('no experiment, or several', async () => {
    await expect(load([write('m.yaml', METRIC)])).rejects.toThrow('there is no Experiment in m.yaml');
    await expect(load([write('nothing.yaml', '\n')])).rejects.toThrow('there is no Experiment in nothing.yaml');
    expect(await refusal([write('two.yaml', `${EXPERIMENT}---\n${EXPERIMENT}`)])).toEqual({
      message: 'two.yaml is not a valid Experiment (1 problem)',
      lines: ['two.yaml:14:7  kind: expected exactly one Experiment, this is another'],
    });
  });

  it('other kinds, naming what creates them', async () => {
    const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: s}\n';
    expect((await refusal([write('all.yaml', `${service}---\n${EXPERIMENT}`)])).lines).toEqual([
      'all.yaml:2:7  kind: expected Experiment or Metric, got "Service"; create it with kubectl apply -f all.yaml, and leave it out here, or skip it with --ignore-others',
    ]);
    expect((await refusal([write('no-kind.yaml', 'a: 1\n')])).lines).toEqual([
      'no-kind.yaml:1:1  kind: is missing; expected Experiment or Metric',
    ]);
  });

  it('the same metric twice', async () => {
    expect((await refusal([write('e.yaml', `${EXPERIMENT}---\n${METRIC}---\n${METRIC}`)])).lines).toEqual([
      'e.yaml:24:9  metadata.name: there is another Metric "m"',
    ]);
  });

  it('problems of several files, file by file', async () => {
    const { message, lines } = await refusal([
      write('e.yaml', 'kind: Experiment\n'),
      write('m.yaml', 'a: 1\na: 2\n'),
      write('x.yaml', 'kind: Experiment\nspec: 5\n'),
    ]);
    expect(message).toBe('e.yaml, m.yaml, x.yaml are not valid manifests (8 problems)');
    expect(lines).toContain('m.yaml:2:1  : the key a is there twice in the same object');
  });

  it('what is no text', async () => {
    expect((await refusal([write('utf16.yaml', Buffer.from('\ufeffa: 1', 'utf16le'))])).lines).toEqual([
      'utf16.yaml:undefined:undefined  : not UTF-8; save it in that encoding',
    ]);
  });
});
