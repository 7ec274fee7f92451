/** What pipelines are given: the shell in it is run as that CI runs it, with its variables, against a real server. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { COMMAND_NAMES, commandNamed } from '../../src/cli/program.ts';
import type { Io } from '../../src/io.ts';
import { obeyed, outputsIn } from '../support/github-runner.ts';
import { testServer } from '../support/test-server.ts';
import { inFull } from '../support/search-depth.ts';

const root = path.join(import.meta.dirname, '../..');
const text = (file: string) => readFileSync(path.join(root, file), 'utf8');
const ITER8CTL = path.join(root, 'bin/iter8ctl.js');

interface Ended {
  readonly code: number;
  readonly err: string;
}

/** Runs a script with bash, as `flags` say, with nothing of our own environment but PATH. */
function bash(
  script: string,
  how: {
    readonly cwd: string;
    readonly env: Record<string, string>;
    readonly flags?: string[];
    readonly args?: string[];
  },
) {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'iter8ctl-ci-script-')), 'script.sh');
  writeFileSync(file, script);
  return new Promise<Ended>((resolve) => {
    const { cwd, env, flags = [], args = [] } = how;
    const all = { PATH: process.env['PATH'], ...env };
    const child = execFile('bash', [...flags, file, ...args], { cwd, env: all }, (_, __, err) =>
      resolve({ code: child.exitCode ?? -1, err }),
    );
  });
}

const folder = () => mkdtempSync(path.join(tmpdir(), 'iter8ctl-ci-'));

const promoted = (url: string) => [
  '--local',
  '--name',
  'hello',
  '--no-extend',
  '--url',
  url,
  '--slo',
  'error-rate<=10%',
  '--qps',
  '200',
  '--duration',
  '0.5s',
];
/** An argument that a shell would act upon. */
const HOSTILE = 'x: $(touch stolen) `touch stolen`; touch stolen "\' && touch stolen';

async function withServer<T>(status: number, work: (url: string) => Promise<T>): Promise<T> {
  await using server = await testServer((_, response) => {
    response.statusCode = status;
    response.end();
  });
  return await work(server.url);
}

/** Requests that another tool has measured. */
const RESULTS = path.join(import.meta.dirname, '../fixtures/results/vegeta.csv');

describe('action.yml', inFull, () => {
  interface Step {
    readonly id?: string;
    readonly run?: string;
    readonly env?: Record<string, string>;
  }
  const [action] = loadAll(text('action.yml')) as [
    {
      inputs: Record<string, { default?: string }>;
      outputs: Record<string, { value: string }>;
      runs: { steps: Step[] };
    },
  ];
  const step = action.runs.steps.find(({ id }) => id === 'iter8ctl')!;

  /** The runner fills in the expressions of `env`, and calls bash like this. */
  async function github(inputs: Record<string, string>) {
    const cwd = folder();
    const output = path.join(cwd, 'output');
    writeFileSync(output, '');
    const contexts: Record<string, string> = { 'github.action_path': root, 'runner.temp': cwd };
    for (const [name, { default: otherwise = '' }] of Object.entries(action.inputs))
      contexts[`inputs.${name}`] = inputs[name] ?? otherwise;
    const env = Object.fromEntries(
      Object.entries(step.env!).map(([name, value]) => [
        name,
        value.replaceAll(/\$\{\{ ([\w.-]+) \}\}/g, (_, key: string) => contexts[key] ?? '(nothing)'),
      ]),
    );
    const ended = await bash(step.run!, {
      cwd,
      env: { ...env, GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: output },
      flags: ['--noprofile', '--norc', '-e', '-o', 'pipefail'],
    });
    const written = readFileSync(output, 'utf8');
    return { ...ended, cwd, outputs: outputsIn(written), exitCode: /^exit-code=(\d+)$/m.exec(written)?.[1] };
  }

  it('has no expression within a script, and outputs of its step', () => {
    for (const { run = '' } of action.runs.steps) expect(run).not.toContain('${{');
    for (const { value } of Object.values(action.outputs)) expect(value).toMatch(/^\$\{\{ steps\.iter8ctl\.outputs\./);
  });

  it('writes reports with every command that has something to report', async () => {
    for (const name of COMMAND_NAMES) {
      const command = await commandNamed(name, {} as Io);
      if (command!.options.some(({ long }) => long === '--ci')) expect(step.run).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });

  it('gives the verdict, the reports and the exit code', async () => {
    const { code, err, cwd, outputs, exitCode } = await withServer(200, (url) =>
      github({ args: [...promoted(url), '--header', HOSTILE].join('\n') }),
    );
    expect(code, err).toBe(0);
    expect(exitCode).toBe('0');
    expect(outputs).toMatchObject({ verdict: 'promote' });
    expect(outputs['report']!.split('\n').map((file) => path.relative(cwd, file))).toEqual([
      'iter8ctl-report/report.html',
      'iter8ctl-report/report.xml',
      'iter8ctl-report/report.json',
    ]);
    for (const file of outputs['report']!.split('\n')) expect(existsSync(file), file).toBe(true);
    expect(obeyed(err).map(({ name }) => name)).toEqual(['group', 'endgroup', 'notice']);
    expect(existsSync(path.join(cwd, 'stolen'))).toBe(false);
  });

  it('fails the step where the answer is no, and where a condition does not hold', async () => {
    const no = await withServer(500, (url) => github({ args: promoted(url).join('\n') }));
    expect([no.code, no.exitCode, no.outputs['verdict']], no.err).toEqual([1, '1', 'do not promote']);
    const none = await github({ command: 'assert', args: '--local\n-c\ncompleted' });
    expect([none.code, none.exitCode], none.err).toEqual([6, '6']);
    expect((await github({ command: 'rm -rf /' })).code).toBe(2);
  });
});

describe('the component of GitLab CI', inFull, () => {
  const [spec, jobs] = loadAll(text('templates/iter8ctl.yml')) as [
    { spec: { inputs: Record<string, { default?: string }> } },
    Record<string, { variables: Record<string, string>; script: string[] }>,
  ];
  const [job] = Object.values(jobs);

  async function gitlab(inputs: Record<string, string>) {
    const cwd = folder();
    const fill = (value: string) =>
      value.replaceAll(/\$\[\[ inputs\.([\w-]+) \]\]/g, (_, name: string) => {
        const { default: otherwise } = spec.spec.inputs[name]!;
        const given = inputs[name] ?? otherwise;
        if (given === undefined) throw new Error(`${name} is required`);
        return given;
      });
    const variables = Object.entries(job!.variables).map(([name, value]) => [name, fill(value)]);
    const env = {
      ...(Object.fromEntries(variables) as Record<string, string>),
      ITER8CTL,
      GITLAB_CI: 'true',
      CI: 'true',
    };
    const ended = await bash(job!.script.map(fill).join('\n'), { cwd, env, flags: ['-e', '-o', 'pipefail'] });
    return { ...ended, cwd, read: (file: string) => readFileSync(path.join(cwd, 'iter8ctl-report', file), 'utf8') };
  }

  it('gives the verdict to later jobs, and leaves the reports', async () => {
    const yes = await withServer(200, (url) =>
      gitlab({ image: 'x', args: [...promoted(url), '--header', HOSTILE].join('\n') }),
    );
    expect(yes.code, yes.err).toBe(0);
    expect(yes.read('verdict.env')).toBe('ITER8_VERDICT=promote\n');
    expect(yes.read('report.xml')).toContain('<testsuites');
    expect(existsSync(path.join(yes.cwd, 'stolen'))).toBe(false);
    const no = await withServer(500, (url) => gitlab({ image: 'x', args: promoted(url).join('\n') }));
    expect([no.code, no.read('verdict.env')], no.err).toEqual([1, 'ITER8_VERDICT=do not promote\n']);
    const none = await gitlab({ image: 'x', command: 'assert', args: '--local\n-c\ncompleted' });
    expect([none.code, none.read('verdict.env')], none.err).toEqual([6, 'ITER8_VERDICT=\n']);
    // Two runs that do not differ say nothing of a promotion.
    const like = await gitlab({ image: 'x', command: 'diff', args: `${RESULTS}\n${RESULTS}` });
    expect([like.code, like.read('verdict.env')], like.err).toEqual([0, 'ITER8_VERDICT=\n']);
    expect(like.read('report.xml')).toContain('<testcase');
  });
});

describe('the Task of Tekton', inFull, () => {
  const [task] = loadAll(text('deploy/ci/tekton-task.yaml')) as [
    { spec: { steps: [{ script: string; env: { name: string; value: string }[] }] } },
  ];
  const [step] = task.spec.steps;

  async function tekton(command: string, args: string[]) {
    const cwd = folder();
    const values: Record<string, string> = {
      'params.command': command,
      'workspaces.source.path': cwd,
      'results.verdict.path': path.join(cwd, 'verdict'),
    };
    const env = Object.fromEntries(
      step.env.map(({ name, value }) => [
        name,
        value.replaceAll(/\$\(([\w.]+)\)/g, (_, key: string) => values[key] ?? '(nothing)'),
      ]),
    );
    expect(step.script).not.toMatch(/\$\((params|workspaces|results)/);
    const ended = await bash(step.script, { cwd, env: { ...env, ITER8CTL }, args });
    return { ...ended, cwd, verdict: readFileSync(path.join(cwd, 'verdict'), 'utf8') };
  }

  it('gives the verdict as a result, and leaves the reports', async () => {
    const yes = await withServer(200, (url) => tekton('run', [...promoted(url), '--header', HOSTILE]));
    expect([yes.code, yes.verdict], yes.err).toEqual([0, 'promote']);
    expect(existsSync(path.join(yes.cwd, 'iter8ctl-report/report.html'))).toBe(true);
    expect(existsSync(path.join(yes.cwd, 'stolen'))).toBe(false);
    const again = await withServer(500, (url) => tekton('run', promoted(url)));
    expect([again.code, again.verdict], again.err).toEqual([1, 'do not promote']);
    const none = await tekton('assert', ['--local', '-c', 'completed']);
    expect([none.code, none.verdict], none.err).toEqual([6, '']);
    const like = await tekton('diff', [RESULTS, RESULTS]);
    expect([like.code, like.verdict], like.err).toEqual([0, '']);
    expect(existsSync(path.join(like.cwd, 'iter8ctl-report/report.html'))).toBe(true);
  });
});

describe('the stage for Jenkins', inFull, () => {
  const file = text('deploy/ci/Jenkinsfile');
  // Groovy takes a backslash at the end of a line, and that end, for nothing.
  const script = /'''([\s\S]*?)'''/.exec(file)![1]!.replaceAll('\\\n', '');

  it('ends with the exit code of the command, and leaves the reports', async () => {
    const cwd = folder();
    const env = { ITER8CTL, HOME: cwd, WORKSPACE: cwd, JENKINS_URL: 'http://jenkins.example/' };
    const none = await bash(script, { cwd, env, flags: ['-xe'] });
    expect(none.code, none.err).toBe(2); // no manifest
    await withServer(200, async (url) => {
      const { err, code } = await bash(
        `node "$ITER8CTL" init ${promoted(url)
          .filter((one) => !['--local', '--no-extend'].includes(one))
          .map((one) => `'${one}'`)
          .join(' ')} > experiment.yaml`,
        { cwd, env },
      );
      expect(code, err).toBe(0);
      const ended = await bash(script.replace(' run ', ' run --local --no-extend '), { cwd, env, flags: ['-xe'] });
      expect(ended.code, ended.err).toBe(0);
    });
    for (const report of ['report.html', 'report.xml'])
      expect(existsSync(path.join(cwd, 'iter8ctl-report', report)), report).toBe(true);
  });
});
