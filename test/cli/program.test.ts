import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMAND_NAMES } from '../../src/cli/program.ts';
import { iter8ctl } from '../support/test-io.ts';
import { failingEach, ok, testServer } from '../support/test-server.ts';

const manifest = (url: string, change: { collect?: string; objectives?: string; metadata?: string } = {}) => `
apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata: ${change.metadata ?? '{name: shop}'}
spec:
  target: shop
  strategy:
    testingPattern: Conformance
    actions:
      start:
      - task: metrics/collect
        with: {${change.collect ?? 'numQueries: 500, qps: 500, timeout: 60s'}, versions: [{name: shop-v2, url: "${url}"}]}
  criteria:
    objectives: ${change.objectives ?? '[{metric: iter8-system/error-rate, upperLimit: "0.01"}]'}
  duration: {intervalSeconds: 1, iterationsPerLoop: 1}
  versionInfo: {baseline: {name: shop-v2}}
`;

interface Place {
  readonly cwd: string;
  readonly write: (text: string, name?: string) => Promise<string>;
  readonly cli: (...argv: string[]) => ReturnType<typeof iter8ctl>;
}

/**
 * Each test has a folder of its own: they run at once. `--no-extend` where requests are counted: on a busy machine answers
 * come late, and the load would go on a little.
 */
const it = test.extend<{ place: Place }>({
  // oxlint-disable-next-line no-empty-pattern
  place: async ({}, use) => {
    const cwd = await mkdtemp(path.join(tmpdir(), 'iter8ctl-run-'));
    await use({
      cwd,
      write: async (text, name = 'experiment.yaml') => {
        await writeFile(path.join(cwd, name), text);
        return name;
      },
      cli: (...argv) => iter8ctl([...argv, '--local'], { cwd }),
    });
    await rm(cwd, { recursive: true });
  },
});

describe('help', () => {
  it.each(['', ...COMMAND_NAMES])('of %j fits 40 columns, but for examples, which are pasted', async (name) => {
    const words = name === '' ? ['--help'] : [name, '--help'];
    const { code, out } = await iter8ctl(words, { cwd: tmpdir(), columns: 40 });
    expect(code).toBe(0);
    const [text = ''] = out.split('\nExamples:\n');
    for (const line of text.split('\n').slice(1)) expect(line.length, line).toBeLessThanOrEqual(40);
    expect(text).not.toMatch(/\n[,.)]|\S {3,}$/m);
  });
});

describe.concurrent('--chart', () => {
  it('goes with text, and says so before anything is sent', async ({ place: { cli } }) => {
    await using server = await testServer(ok);
    const args = [
      'run',
      '--url',
      server.url,
      '--slo',
      'p50<=30s',
      '--name',
      'shop',
      '--qps',
      '200',
      '--requests',
      '50',
    ];
    const refused = await cli(...args, '--chart', '-o', 'json');
    expect([refused.code, refused.err]).toEqual([2, 'error: --chart goes with -o text\n']);
    expect(server.seen()).toBe(0);
    const { out } = await cli(...args, '--chart');
    expect(out).toMatch(/\n\nLatency, 127-0-0-1 \([\d,]+ answers\)\n(?: {2}\S.* to .* +[\d,]+ +[\d.]+ % *\S*\n)+$/);
    expect((await cli('describe', 'shop', '--chart')).out).toContain('\nLatency, 127-0-0-1 (');
  });
});

describe.concurrent('run', () => {
  it('promotes a healthy version and exits 0, the answer on stdout and the story on stderr', async ({
    place: { write, cli },
  }) => {
    await using server = await testServer(ok);
    const { code, out, err } = await cli('run', '-f', await write(manifest(server.url)), '--no-extend');
    expect(out.split('\n')[0]).toBe('promote shop-v2');
    expect(err).toContain('shop: Waiting: ');
    expect(err).toMatch(/shop: Completed: promote shop-v2\n$/);
    expect(code).toBe(0);
    expect(server.seen()).toBe(500);
  });

  it('does not promote a failing version and exits 1', async ({ place: { write, cli } }) => {
    await using server = await testServer(failingEach(20));
    // Load counts as late beyond a tenth of the tightest latency limit: on a busy machine, too, it may condemn.
    const objectives =
      '[{metric: iter8-system/error-rate, upperLimit: "0.01"}, {metric: iter8-system/latency-50th-percentile, upperLimit: 25000}]';
    const collect = 'numQueries: 500, qps: 500, timeout: 60s';
    const { code, out } = await cli('run', '-f', await write(manifest(server.url, { objectives, collect })));
    expect(out.split('\n')[0]).toBe('do not promote shop-v2');
    expect(code).toBe(1);
  });

  it('is undecided, exit 3, when the load may not be extended', async ({ place: { write, cli } }) => {
    await using server = await testServer(ok);
    const { code, out } = await cli(
      'run',
      '-f',
      await write(manifest(server.url, { collect: 'numQueries: 100, qps: 500, timeout: 60s' })),
      '--no-extend',
    );
    expect(out.split('\n')[0]).toBe('undecided: shop-v2');
    expect(code).toBe(3);
  });

  it('fails, exit 4, when nobody listens, and names the error', async ({ place: { write, cli } }) => {
    const server = await testServer(ok);
    const { url } = server;
    await server[Symbol.asyncDispose]();
    const { code, out } = await cli(
      'run',
      '-f',
      await write(manifest(url, { collect: 'numQueries: 60, qps: 500' })),
      '--no-extend',
    );
    expect(code).toBe(4);
    expect(out).toContain('failed: shop could not be judged');
    expect(out).toContain('ECONNREFUSED');
  });

  it('refuses to print the answer of an earlier run, exit 2, and runs again with --restart', async ({
    place: { write, cli },
  }) => {
    await using server = await testServer(ok);
    const file = await write(manifest(server.url));
    expect((await cli('run', '-f', file, '--no-extend')).code).toBe(0);
    const again = await cli('run', '-f', file);
    expect(again.code).toBe(2);
    expect(again.err).toContain('--restart');
    expect((await cli('run', 'shop')).code).toBe(2);
    expect((await cli('run', '-f', file, '--restart', '--no-extend')).code).toBe(0);
    expect(server.seen()).toBe(1000);
  });

  it('is one run when it is started several times at once: the others watch it', async ({ place: { write, cli } }) => {
    await using server = await testServer(ok);
    const file = await write(manifest(server.url));
    const runs = await Promise.all([1, 2, 3].map(() => cli('run', '-f', file, '--no-extend')));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(runs.filter(({ err }) => err.includes(': watching it'))).toHaveLength(2);
    expect(server.seen()).toBe(500);
  });

  it('names everything that is wrong with a manifest, by line and column, and creates nothing', async ({
    place: { write, cli },
  }) => {
    const file = await write(
      manifest('http://127.0.0.1:1/', {
        collect: 'numQueries: 5, nunQueries: 6',
        objectives: '[{metric: iter8-system/error-rate, upperLimit: 0.01}, {metric: iter8-system/mean-latency}]',
      }),
    );
    const { code, err } = await cli('run', '-f', file);
    expect(code).toBe(2);
    expect(err).toMatch(
      /experiment\.yaml:12:\d+ +spec\.strategy\.actions\.start\[0\]\.with\.nunQueries: .*did you mean numQueries\?/,
    );
    expect(err).toMatch(
      /experiment\.yaml:14:\d+ +spec\.criteria\.objectives\[0\]\.upperLimit: expected a quantity, got 0\.01; quote it: "0\.01"/,
    );
    expect(err).toMatch(/spec\.criteria\.objectives\[1\]/);
    expect((await cli('get')).out).toContain('no experiments');
  });

  it('makes a name from generateName and prints it first', async ({ place: { write, cli } }) => {
    await using server = await testServer(ok);
    const { code, err } = await cli(
      'run',
      '-f',
      await write(manifest(server.url, { metadata: '{generateName: shop-}' })),
    );
    expect(err).toMatch(/^experiment shop-[a-z0-9]{5} created\n/);
    expect(code).toBe(0);
  });

  it('reads a manifest from standard input', async ({ place: { cwd } }) => {
    await using server = await testServer(ok);
    const { code } = await iter8ctl(['run', '-f', '-', '--local'], { cwd, stdin: manifest(server.url) });
    expect(code).toBe(0);
  });

  it('needs to know what to run: exit 2 without name, file or url', async ({ place: { cli } }) => {
    const { code, err } = await cli('run');
    expect(code).toBe(2);
    expect(err).toContain('-f FILE');
  });

  it('exits 6 when the named experiment is absent, and says what is there', async ({ place: { write, cli } }) => {
    await using server = await testServer(ok);
    await cli('run', '-f', await write(manifest(server.url)));
    const { code, err } = await cli('run', 'shp');
    expect(code).toBe(6);
    expect(err).toContain('there are: shop');
  });
});

describe.concurrent('run --url', () => {
  it('needs no manifest', async ({ place: { cli } }) => {
    await using server = await testServer(ok);
    const { code, out } = await cli(
      'run',
      '--url',
      server.url,
      '--slo',
      'p95<=30s',
      '--slo',
      'error-rate<=1%',
      '--qps',
      '500',
      '--requests',
      '500',
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^promote 127-0-0-1\n/);
  });

  it('compares two: the first is the baseline', async ({ place: { cli } }) => {
    await using server = await testServer(ok);
    const { code, out } = await cli(
      'run',
      '--url',
      `old=${server.url}`,
      '--url',
      `new=${server.url}`,
      '--slo',
      'p50<=30s',
      '--slo',
      'error-rate<=1%',
      '--qps',
      '300',
      '--requests',
      '400',
    );
    expect(out).toMatch(/^promote new\n/);
    expect(code).toBe(0);
  });

  it.for(['p95<300parsecs', 'p95', 'nonsense<=5', 'error-rate<=300ms'])(
    'says what is wrong with --slo %s',
    async (slo, { place: { cli } }) => {
      const { code, err } = await cli('run', '--url', 'http://127.0.0.1:1/', '--slo', slo);
      expect(code).toBe(2);
      expect(err).toContain(`--slo ${JSON.stringify(slo)}`);
    },
  );
});

describe.concurrent('what was run', () => {
  it('can be described, asserted, listed and printed in every form', async ({ place: { cwd, write, cli } }) => {
    await using server = await testServer(ok);
    await cli('run', '-f', await write(manifest(server.url)), '--no-extend');
    const described = await cli('describe');
    expect(described.err).toContain('the newest experiment is shop');
    expect(described.out).toMatch(/^promote shop-v2\n/);
    expect((await cli('describe', 'shop', '--exit-code')).code).toBe(0);
    expect((await cli('assert', 'shop', '-c', 'completed,successful', '-c', 'candidateWon')).code).toBe(0);
    expect((await cli('assert', 'shop', '-c', 'failed')).code).toBe(1);
    expect((await cli('assert', 'shop', '-c', 'undecidedd')).code).toBe(2);
    expect((await cli('get')).out).toContain('shop');
    const json = JSON.parse((await cli('describe', 'shop', '-o', 'json')).out) as {
      apiVersion: string;
      recommendation: { verdict: string };
      objectives: { n: number }[];
    };
    expect(json.apiVersion).toBe('iter8ctl/v1');
    expect(json.recommendation.verdict).toBe('promote');
    expect(json.objectives[0]!.n).toBe(500);
    expect((await cli('describe', 'shop', '-o', 'name')).out).toBe('experiment.iter8.tools/shop\n');
    const raw = JSON.parse((await cli('describe', 'shop', '-o', 'raw')).out) as { kind: string };
    expect(raw.kind).toBe('Experiment');
    const stored = await readFile(path.join(cwd, '.iter8/experiments/default/shop.yaml'), 'utf8');
    const fromFile = await iter8ctl(['describe', '-f', '-'], { cwd, stdin: stored });
    expect(fromFile.out).toMatch(/^promote shop-v2\n/);
    const watched = await cli('watch', 'shop');
    expect(watched.code).toBe(0);
  });

  it('left a full record: slices and verdicts, one JSON object a line', async ({ place: { cwd, write, cli } }) => {
    await using server = await testServer(ok);
    await cli('run', '-f', await write(manifest(server.url)), '--no-extend');
    const lines = (await readFile(path.join(cwd, '.iter8/records/default/shop.ndjson'), 'utf8')).trim().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as { kind: string; tally?: { response: { n: number } } });
    const counted = entries
      .filter((entry) => entry.kind === 'slice')
      .reduce((sum, entry) => sum + entry.tally!.response.n, 0);
    expect(counted).toBe(500);
    expect(entries.some((entry) => entry.kind === 'recommendation')).toBe(true);
  });
});

describe.concurrent('the absence of a cluster', () => {
  it('is exit 7 and names --local', async ({ place: { cwd } }) => {
    const { code, err } = await iter8ctl(['get'], { cwd });
    expect(code).toBe(7);
    expect(err).toContain('--local');
  });
});
