/** What a user of kubectl types without thinking. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { writeKubeconfig } from '../support/kube-server.ts';
import { iter8ctl, testIo } from '../support/test-io.ts';
import { ok, testServer } from '../support/test-server.ts';

const root = path.join(import.meta.dirname, '../..');
let cwd: string;

/** Stores an experiment as local mode does. */
function store(place: string, name: string, { namespace = 'default', labels = {} } = {}): void {
  const folder = path.join(place, '.iter8/experiments', namespace);
  mkdirSync(folder, { recursive: true });
  const object = {
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { name, namespace, labels, creationTimestamp: '2026-11-25T10:00:00Z' },
    spec: { target: `${name}-target`, strategy: { testingPattern: 'Conformance' } },
  };
  writeFileSync(path.join(folder, `${name}.yaml`), JSON.stringify(object));
}

/** Two experiments in namespace default, one in shop. */
beforeAll(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-manners-'));
  store(cwd, 'alpha', { labels: { app: 'a', 'example.com/team': 'red' } });
  store(cwd, 'beta');
  store(cwd, 'gamma', { namespace: 'shop' });
});

const out = async (...argv: string[]) => {
  const { code, out: text, err } = await iter8ctl(argv, { cwd });
  expect(code, err).toBe(0);
  return text;
};

describe('flags before the command', () => {
  it.each([
    [['-n', 'shop', '--local', 'get', '-o', 'name']],
    [['--namespace=shop', '--dir', '.iter8', 'get', '-o', 'name']],
    [['-nshop', '--local', 'get', '-o', 'name']],
    [['get', '-n', 'shop', '--local', '-o', 'name']],
  ])('%j', async (argv) => {
    expect(await out(...argv)).toBe('experiment.iter8.tools/gamma\n');
  });
});

describe('names', () => {
  it.each([
    'alpha',
    'experiment/alpha',
    'experiments/alpha',
    'experiment.iter8.tools/alpha',
    'experiments.v2alpha2.iter8.tools/alpha',
  ])('%s is what -o name prints, or kubectl takes', async (name) => {
    expect(await out('get', name, '--local', '-o', 'name')).toBe('experiment.iter8.tools/alpha\n');
    expect(await out('describe', name, '--local', '-o', 'name')).toBe('experiment.iter8.tools/alpha\n');
  });
});

describe('describe of several', () => {
  it('takes what get -o name prints, one picture after the other', async () => {
    const names = (await out('get', '--local', '-o', 'name')).trimEnd().split('\n');
    expect(names).toHaveLength(2);
    const text = await out('describe', ...names, '--local');
    expect(text).toMatch(/^Experiment {2}beta [^]*\n\n\n[^]*^Experiment {2}alpha /m);
    expect(text).toBe(`${await out('describe', 'beta', '--local')}\n\n${await out('describe', 'alpha', '--local')}`);
    expect(await out('describe', 'alpha', names[1]!, '--local')).toBe(await out('describe', 'alpha', '--local'));
  });

  it('is a list for programs, and the worst exit code', async () => {
    expect(await out('describe', 'alpha', 'beta', '--local', '-o', 'name')).toBe(
      'experiment.iter8.tools/alpha\nexperiment.iter8.tools/beta\n',
    );
    const list = JSON.parse(await out('describe', 'beta', 'alpha', '--local', '-o', 'json')) as object;
    expect(list).toEqual(JSON.parse(await out('get', 'alpha', 'beta', '--local', '-o', 'json')));
    expect((await iter8ctl(['describe', 'alpha', 'beta', '--local', '--exit-code'], { cwd })).code).toBe(3);
  });

  it.each([
    [['alpha', 'nobody'], 'no experiment "nobody"', 6],
    [['alpha', 'beta', '-o', 'html'], '-o html is about one experiment: give one name', 2],
    [['alpha', 'beta', '--report', 'html=x.html'], '--report is about one experiment: give one name', 2],
    [['alpha', 'beta', '-f', 'x.yaml'], 'give names or -f, not both', 2],
  ])('%j is refused with a sentence', async (argv, sentence, code) => {
    const found = await iter8ctl(['describe', ...argv, '--local'], { cwd });
    expect([found.out, found.code]).toEqual(['', code]);
    expect(found.err).toContain(sentence);
  });
});

describe('get', () => {
  it.each([
    [['-o', 'jsonpath={.items[*].metadata.name}'], 'beta alpha'],
    [['alpha', '-o', 'jsonpath={.metadata.name}'], 'alpha'],
    [
      ['-o', 'jsonpath={range .items[*]}{.metadata.name}{"\\t"}{.spec.target}{"\\n"}{end}'],
      'beta\tbeta-target\nalpha\talpha-target\n',
    ],
    [['-o', 'jsonpath={.items[?(@.metadata.name=="alpha")].spec.target}'], 'alpha-target'],
    [['alpha', '-o', "jsonpath={.metadata.labels.example\\.com/team} {.nothing}{'x'}"], 'red x'],
    [['alpha', '-o', 'jsonpath={.spec.strategy}'], '{"testingPattern":"Conformance","deploymentPattern":"Progressive"'],
    [['-o', 'custom-columns=N:.metadata.name,X:.spec.nope'], 'N      X\nbeta   <none>\nalpha  <none>\n'],
    [['-o', 'custom-columns=N:metadata.name', '--no-headers'], 'beta\nalpha\n'],
    [['--field-selector', 'metadata.name=alpha', '-o', 'name'], 'experiment.iter8.tools/alpha\n'],
    [['--field-selector', 'metadata.name!=alpha', '-o', 'name'], 'experiment.iter8.tools/beta\n'],
    [['-A', '--field-selector', 'metadata.namespace==shop', '-o', 'name'], 'experiment.iter8.tools/gamma\n'],
  ])('%j', async (argv, expected) => {
    expect(await out('get', '--local', ...argv)).toContain(expected);
  });

  it('shows labels, drivers, and no titles where they are not wanted', async () => {
    const lines = (await out('get', '--local', '--show-labels', '--no-headers', '-o', 'wide')).trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^alpha .* - +app=a,example\.com\/team=red$/);
    expect(await out('get', '--local', '-o', 'wide')).toMatch(/AGE +DRIVER/);
  });

  it.each([
    ['-o', 'jsonpath={.items[', 'is not closed'],
    ['-o', 'jsonpath={range .items[*]}x', '{range ...} without {end}'],
    ['-o', 'jsonpath={end}', '{end} without {range ...}'],
    ['-o', 'jsonpath={.items[?(process.exit(1))]}', 'no path that can be evaluated'],
    ['-o', 'custom-columns=NAME', 'no HEADER:PATH'],
    ['-o', 'go-template={{.x}}', 'templates of Go are not supported: use jsonpath='],
    ['--field-selector', 'status.stage=Running', 'fields of experiments are metadata.name and metadata.namespace'],
  ])('refuses %s %s with a sentence', async (flag, value, sentence) => {
    const { code, err } = await iter8ctl(['get', '--local', flag, value], { cwd });
    expect(err.replace(/\s+/g, ' ')).toContain(sentence);
    expect(code).toBe(2);
  });

  it('--watch prints a line for each change until it is interrupted', async () => {
    const place = mkdtempSync(path.join(tmpdir(), 'iter8ctl-watch-'));
    const io = testIo({ cwd: place });
    const text = new Promise<string>((resolve) => {
      const write = io.stdout.write.bind(io.stdout);
      io.stdout.write = (more) => {
        write(more);
        if (io.out().includes('late')) resolve(io.out());
        else if (io.out().includes('no experiments')) store(place, 'late');
      };
    });
    const ended = run(['get', '--local', '-w'], io);
    expect(await text).toMatch(/^no experiments in namespace default\nlate +Conformance +late-target +/);
    io.send('SIGINT');
    expect(await ended).toBe(130);
  });

  it('--watch reads a list once, and follows it from the version that it has', async () => {
    const asked: string[] = [];
    const experiment = (name: string, resourceVersion: string) => ({
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Experiment',
      metadata: { name, namespace: 'shop', resourceVersion },
      spec: { target: 'shop', strategy: { testingPattern: 'Conformance' } },
    });
    await using server = await testServer((request, answer) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
      const isWatch = searchParams.get('watch') === 'true';
      if (pathname.endsWith('/experiments'))
        asked.push(isWatch ? `watch from ${searchParams.get('resourceVersion')}` : 'list');
      answer.writeHead(pathname.endsWith('/experiments') ? 200 : 404, { 'Content-Type': 'application/json' });
      if (isWatch) answer.write(`${JSON.stringify({ type: 'MODIFIED', object: experiment('alpha', '8') })}\n`);
      else answer.end(JSON.stringify({ metadata: { resourceVersion: '7' }, items: [experiment('alpha', '3')] }));
    });
    const io = testIo({ cwd, env: { HOME: cwd } });
    const changed = new Promise<void>((resolve) => {
      const write = io.stdout.write.bind(io.stdout);
      io.stdout.write = (more) => {
        write(more);
        if (io.out().split('alpha ').length > 2) resolve();
      };
    });
    const ended = run(['get', '-w', '--kubeconfig', writeKubeconfig(server.url), '-n', 'shop'], io);
    await changed;
    io.send('SIGINT');
    expect(await ended).toBe(130);
    expect(asked).toEqual(['list', 'watch from 7']);
    expect(io.out()).toMatch(/^NAME .*\nalpha .*\nalpha .*\n$/);
  });
});

describe('-v', () => {
  const apiServer = () =>
    testServer((request, answer) => {
      const list = { apiVersion: 'iter8.tools/v2alpha2', kind: 'ExperimentList', metadata: {}, items: [] };
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
      const isList = request.url?.includes('/namespaces/shop/experiments') === true;
      answer.writeHead(200, { 'Content-Type': 'application/json' });
      answer.end(JSON.stringify(isList ? list : namespace));
    });

  it.each([[['-v', '6']], [['--v=8']], [['-v9']]])('%j prints each request, and no token', async (flag) => {
    await using server = await apiServer();
    const flags = [...flag, '--kubeconfig', writeKubeconfig(server.url), '--token', 'top-secret-token', '-n', 'shop'];
    const { code, out: text, err } = await iter8ctl([...flags, 'get'], { cwd, env: { HOME: cwd } });
    expect([code, text]).toEqual([0, 'no experiments in namespace shop\n']);
    expect(err).toMatch(
      /^GET \/apis\/iter8.tools\/v2alpha2\/namespaces\/shop\/experiments\?\S* of http:\/\/127\.0\.0\.1:\d+: 200 in \d+ ms$/m,
    );
    expect(err).not.toContain('top-secret');
  });

  it.each([[[]], [['-v', '5']]])('%j prints nothing', async (flag) => {
    await using server = await apiServer();
    const flags = [...flag, '--kubeconfig', writeKubeconfig(server.url), '-n', 'shop'];
    expect((await iter8ctl(['get', ...flags], { cwd, env: { HOME: cwd } })).err).toBe('');
  });

  it('says why there was no answer', async () => {
    const flags = ['-v', '6', '--kubeconfig', writeKubeconfig('http://127.0.0.1:9'), '-n', 'shop'];
    const { code, err } = await iter8ctl(['get', ...flags], { cwd, env: { HOME: cwd } });
    expect(code).toBe(7);
    expect(err).toMatch(/^GET .* of http:\/\/127\.0\.0\.1:9: no answer \(connection refused .*\) in \d+ ms$/m);
  });
});

describe('delete', () => {
  const place = (...names: string[]) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-delete-'));
    for (const name of names) store(folder, name);
    const experiments = path.join(folder, '.iter8/experiments/default');
    return { cwd: folder, has: (name: string) => existsSync(path.join(experiments, `${name}.yaml`)) };
  };

  it('deletes what is named, and says so as kubectl does', async () => {
    const here = place('a', 'b', 'c');
    const { code, out: text } = await iter8ctl(['delete', 'a', 'experiment/b', '--local'], here);
    expect([code, text]).toEqual([0, 'experiment.iter8.tools "a" deleted\nexperiment.iter8.tools "b" deleted\n']);
    expect(['a', 'b', 'c'].map(here.has)).toEqual([false, false, true]);
    expect((await iter8ctl(['delete', '--all', '--local'], here)).out).toBe('experiment.iter8.tools "c" deleted\n');
  });

  it('deletes nothing where a name is not there, unless that is said to be no error', async () => {
    const here = place('a');
    const missing = await iter8ctl(['delete', 'a', 'nobody', '--local'], here);
    expect([missing.code, here.has('a')]).toEqual([6, true]);
    const ignored = await iter8ctl(['delete', 'a', 'nobody', '--local', '--ignore-not-found'], here);
    expect([ignored.code, here.has('a')]).toEqual([0, false]);
    expect((await iter8ctl(['delete', '--local'], here)).code).toBe(2);
  });
});

it('deletes what was measured, too: the record of a run goes with its experiment', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-delete-record-'));
  await using server = await testServer(ok);
  const load = ['--qps', '200', '--requests', '40', '--no-extend', '--slo', 'error-rate<=99%', '--url', server.url];
  for (const name of ['a', 'b']) await iter8ctl(['run', '--local', '--name', name, ...load], { cwd: folder });
  const records = path.join(folder, '.iter8/records/default');
  expect(readdirSync(records).toSorted()).toEqual(['a.ndjson', 'b.ndjson']);
  const { code, err } = await iter8ctl(['delete', 'a', '--local'], { cwd: folder });
  expect([code, err, readdirSync(records)]).toEqual([0, '', ['b.ndjson']]);
});

describe('help', () => {
  it('says that a command is not there', async () => {
    const { code, err } = await iter8ctl(['help', 'descrbe'], { cwd });
    expect(err).toContain('there is no command descrbe; did you mean describe?');
    expect(code).toBe(2);
  });

  it('of every command has two examples', async () => {
    const { out: all } = await iter8ctl(['--help'], { cwd });
    const names = [...all.matchAll(/^ {2}([a-z]+) ?[^\n]*\[options\]/gm)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(12);
    for (const name of names) {
      const { out: text } = await iter8ctl([name, '--help'], { cwd });
      const examples =
        text
          .split('\nExamples:\n')[1]
          ?.split('\n')
          .filter((line) => line.trim() !== '') ?? [];
      expect(examples.length, name).toBeGreaterThanOrEqual(2);
      for (const line of examples) expect(line, name).toContain('iter8ctl ');
    }
  });
});

describe('completion', () => {
  const complete = async (...words: string[]) =>
    (await out('__complete', ...words)).split('\n').filter((line) => line !== '');

  it.each([
    [['des'], ['describe']],
    [['--local', 'del'], ['delete']],
    [
      ['describe', '--local', ''],
      ['alpha', 'beta'],
    ],
    [['describe', '--local', 'al'], ['alpha']],
    [['get', '--local', 'alpha', ''], ['beta']],
    [['-n', 'shop', '--local', 'describe', ''], ['gamma']],
    [['describe', '-o', 'ju'], ['junit']],
    [['get', '--no-h'], ['--no-headers']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['run', '-f', ''], []],
    [['describe', '--kubeconfig', '/nowhere', ''], []],
  ])('of %j', async (words, expected) => {
    expect(await complete(...words)).toEqual(expected);
  });

  it('works in bash', () => {
    const script = `source <("${root}/bin/iter8ctl.js" completion bash)
COMP_WORDS=("${root}/bin/iter8ctl.js" describe --local al); COMP_CWORD=3; _iter8ctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(execFileSync('bash', ['-c', script], { cwd, encoding: 'utf8' })).toBe('alpha\n');
  });
  it.each([
    ['zsh', '-n'],
    ['fish', '--no-execute'],
  ])('is a script that %s reads, where it is there', async (name, flag) => {
    const text = await out('completion', name);
    expect(text).toContain('__complete');
    if (spawnSync(name, ['--version']).status !== 0) return;
    const file = path.join(cwd, `completion.${name}`);
    writeFileSync(file, text);
    expect(spawnSync(name, [flag, file], { encoding: 'utf8' }).stderr).toBe('');
  });
});
