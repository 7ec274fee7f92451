/** Manifests as they are found: with empty keys, templates, other kinds, fields where Iter8 0.7 did not look. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { iter8ctl } from '../support/test-io.ts';
import { testServer } from '../support/test-server.ts';

function folderWithText(text: string, name = 'e.yaml'): string {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-wild-'));
  writeFileSync(path.join(cwd, name), text);
  return cwd;
}

async function command(name: string, text: string, ...more: string[]) {
  const cwd = folderWithText(text);
  const local = name === 'run' || name === 'plan' ? ['--local'] : [];
  const { code, out, err } = await iter8ctl([name, ...local, '-f', 'e.yaml', ...more], { cwd });
  return { code, out, err, text: `${out}${err}`.replace(/\s+/g, ' ') };
}

const experiment = (url: string, collect = '', criteria = '{metric: iter8-system/error-rate, upperLimit: "0.5"}') => `
apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata: {name: e}
spec:
  target: t
  strategy:
    testingPattern: Conformance
    actions:
      start:
      - task: metrics/collect
        with:
          numQueries: 40
          versions:
          - name: v1
            url: ${url}
${collect}
  criteria:
    objectives:
    - ${criteria}
  versionInfo: {baseline: {name: v1}}
`;

const EMPTY_KEYS = (url: string) => `
apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata:
  name: e
  namespace:
  annotations:
  labels:
spec:
  target: t
  strategy:
    testingPattern: Conformance
    deploymentPattern:
    weights:
    actions:
      start:
      - if:
        task: metrics/collect
        with: {numQueries: 40, qps: 100, timeout: , payloadStr: null, versions: [{name: v1, url: "${url}", headers: null}]}
      loop:
      finish:
  criteria:
    requestCount:
    objectives: [{metric: iter8-system/error-rate, upperLimit: "0.5", lowerLimit: }]
    indicators:
    rewards:
    strength:
      noData:
      cap:
  duration:
  versionInfo:
    baseline: {name: v1, variables: , weightObjRef: }
    candidates:
status:
`;

describe('empty keys', () => {
  it('count as absent in every command that reads them', async () => {
    await using server = await testServer((_, response) => void response.end('fine'));
    expect(await command('describe', EMPTY_KEYS(server.url))).toMatchObject({ code: 0 });
    expect(await command('plan', EMPTY_KEYS(server.url))).toMatchObject({ code: 0 });
    const ran = await command('run', EMPTY_KEYS(server.url));
    expect(ran.code, ran.err).toBe(0);
  });

  it('of what is needed are missing', async () => {
    const { code, err } = await command('plan', EMPTY_KEYS('http://127.0.0.1:1/').replace('target: t', 'target:'));
    expect(code).toBe(2);
    expect(err).toMatch(/e\.yaml:10:3 +spec\.target: is missing/);
    expect(err).toMatch(/1 problem/);
  });

  it('count as absent in a metric', async () => {
    const metric = `
apiVersion: iter8.tools/v2alpha2
kind: Metric
metadata: {name: m, labels: }
spec: {type: , params: , mock: [{name: v1, level: 1}], sampleSize: }
---`;
    const text = `${metric}${experiment('http://127.0.0.1:1/', '', '{metric: m, upperLimit: 2}')}`;
    expect((await command('describe', text)).code).toBe(0);
  });
});

describe('qps of a version', () => {
  it('is the rate of the task, with a warning', async () => {
    await using server = await testServer((_, response) => void response.end('fine'));
    const planned = await command('plan', experiment(server.url, '            qps: 80'));
    expect(planned.code, planned.err).toBe(0);
    expect(planned.text).toMatch(/40 requests for each version at 80\/s/);
    expect(planned.text).toMatch(
      /start\[0\]\.with\.versions\[0\]\.qps: the rate is one for all versions of a task, here 80\/s; Iter8 0\.7 did not read qps beside url: write it one level up/,
    );
    const ran = await command('run', experiment(server.url, '            qps: 80'));
    expect(ran.code, ran.err).toBe(0);
    expect(ran.err).toMatch(/warning: .*versions\[0\]\.qps/);
  });

  it.each([
    ['            qps: 80\n          qps: 50', /at 50\/s/],
    ['            qps: 80\n          - {name: v2, url: "http://127.0.0.1:1/", qps: 90}', /at 8\/s/],
    ['            qps: 80\n          - {name: v2, url: "http://127.0.0.1:1/"}', /at 8\/s/],
  ])('does not count where the task has one, or versions disagree: %j', async (collect, expected) => {
    await using server = await testServer((_, response) => void response.end('fine'));
    expect((await command('plan', experiment(server.url, collect))).text).toMatch(expected);
  });

  it('is refused where it is no rate', async () => {
    const { code, err } = await command('plan', experiment('http://127.0.0.1:1/', '            qps: fast'));
    expect(code).toBe(2);
    expect(err).toMatch(/versions\[0\]\.qps: expected a number, got "fast"/);
  });
});

describe('objects of early versions', () => {
  const early = (status: string) => `
apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata: {name: e, namespace: default}
spec:
  target: t
  strategy: {testingPattern: Canary}
  criteria: {objectives: [{metric: mean-latency, upperLimit: 1k}]}
  duration: {intervalSeconds: 15, iterationsPerLoop: 10}
  versionInfo: {baseline: {name: a}, candidates: [{name: b}]}
status: ${status}
`;
  it.each([
    ['{startTime: "2020-12-28T18:00:10Z", completedIterations: 5}', /Stage Running, 5 of 10 iterations/],
    ['{initTime: "2020-12-28T18:00:10Z"}', /Stage not started/],
    [
      '{startTime: "2020-12-28T18:00:10Z", completedIterations: 10, conditions: [{type: Completed, status: "True"}]}',
      /Stage Completed, 10 of 10 iterations/,
    ],
    ['{stage: Finishing, startTime: "2020-12-28T18:00:10Z"}', /Stage Finishing/],
  ])('are in the stage that their status shows: %s', async (status, expected) => {
    expect((await command('describe', early(status))).text).toMatch(expected);
  });
});

describe('a Helm template', () => {
  const RENDER =
    / \{\{ \}\}: this is a Helm template that has not been rendered: helm template RELEASE CHART \| iter8ctl run -f -/;
  it.each([
    ['a value that is one', 'kind: Experiment\nmetadata:\n  name: {{ .Release.Name }}\n', 3],
    ['a line that is one', '{{- if .Values.x }}\nkind: Experiment\n{{- end }}\n', 1],
    ['a value in quotes', 'kind: Experiment\nmetadata:\n  name: "{{ .Release.Name }}"\n', 3],
    [
      'an include',
      'kind: Experiment\nmetadata:\n  # {{ comment }}\n  labels: {{- include "x.labels" . | nindent 4 }}\n',
      4,
    ],
    ['a variable of no chart', 'kind: Experiment\nmetadata:\n  name: {{ name }}\n', 3],
  ])('says so: %s', async (_, text, line) => {
    const { code, err } = await command('plan', text);
    expect(code).toBe(2);
    expect(err).toMatch(RENDER);
    expect(err).toMatch(new RegExp(`e\\.yaml:${line}:`));
    expect(err).toMatch(/1 problem/);
  });

  it('is not seen in braces of a query', async () => {
    const body = `
apiVersion: iter8.tools/v2alpha2
kind: Metric
metadata: {name: m}
spec: {method: POST, urlTemplate: "http://127.0.0.1:1/", jqExpression: ., body: '{"query": "{ a {{b}} }"}'}
---`;
    expect((await command('describe', `${body}${experiment('http://127.0.0.1:1/')}`)).code).toBe(0);
  });
});

it('a space that is none is named, on its line', async () => {
  const { code, err } = await command('plan', 'kind: Experiment\nmetadata:\n  name: e\n\u00a0 namespace: x\n');
  expect(code).toBe(2);
  expect(err).toMatch(/e\.yaml:4:1 +indented with a no-break space \(U\+00A0\); YAML takes plain spaces only/);
});

it('what kubectl reads otherwise is refused with file, line and field, each once', async () => {
  const text = experiment('http://127.0.0.1:1/', '', '{metric: iter8-system/mean-latency, upperLimit: 0500}')
    .replace('target: t', 'target: no')
    .replace('numQueries: 40', 'numQueries: 1_000');
  for (const name of ['plan', 'run', 'describe']) {
    const { code, err } = await command(name, text);
    expect(code).toBe(2);
    expect(err).toMatch(/e\.yaml:6:11 +spec\.target: kubectl reads no as false; quote it: "no"/);
    expect(err).toMatch(/upperLimit: kubectl reads 0500 as 320; write the number plainly, or quote it: "0500"/);
    expect(err).toMatch(/numQueries: kubectl reads 1_000 as 1000; write the number plainly, or quote it/);
    expect(err).toMatch(/\(3 problems\)/);
  }
});

it('a name of one letter is taken as it stands, with a note', async () => {
  await using server = await testServer((_, response) => void response.end('fine'));
  const text = experiment(server.url).replace('target: t', 'target: n');
  for (const name of ['plan', 'run', 'describe']) {
    const { code, err } = await command(name, text);
    expect(code, err).toBe(0);
    expect(err).toMatch(/^e\.yaml:6:11 spec\.target: kubectl reads n as false; quote it: "n"$/m);
  }
});

describe('a fieldPath', () => {
  const versions = (fieldPath: string) =>
    experiment('http://127.0.0.1:1/').replace(
      '{baseline: {name: v1}}',
      `{baseline: {name: v1, weightObjRef: {apiVersion: v1, kind: X, name: x, fieldPath: ${JSON.stringify(fieldPath)}}}}`,
    );
  it.each([
    ['/spec/http/0/route/1/weight', '.spec.http[0].route[1].weight', 'not a JSON pointer'],
    ['./spec/http/0', '.spec.http[0]', ''],
    ['/metadata/annotations/a.b~1c', '.metadata.annotations["a.b/c"]', 'not a JSON pointer'],
    ['spec.weight', '.spec.weight', ''],
    ['{.spec.weight}', '.spec.weight', ''],
    ['$.spec.weight', '.spec.weight', ''],
  ])('%s gets the right advice', async (written, meant, why) => {
    const { code, text } = await command('plan', versions(written));
    expect(code).toBe(2);
    expect(text).toContain(`write ${meant}`);
    expect(text).toContain(why);
  });
});

describe('other kinds', () => {
  const service = '---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n';
  it('are refused with the way out, and skipped with a note where that is asked', async () => {
    await using server = await testServer((_, response) => void response.end('fine'));
    const text = `${experiment(server.url)}${service}`;
    const refused = await command('plan', text);
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/got "Service"; create it with kubectl apply -f e\.yaml.*--ignore-others/);
    for (const name of ['plan', 'run', 'describe']) {
      const skipped = await command(name, text, '--ignore-others');
      expect(skipped.code, skipped.err).toBe(0);
      expect(skipped.err).toMatch(/skipped Service web of e\.yaml: it is created with kubectl apply/);
    }
  });

  it.each(['experiment', 'Experiments', 'metric'])('a slip of ours is none of them: %s', async (kind) => {
    const text = experiment('http://127.0.0.1:1/').replace('kind: Experiment', `kind: ${kind}`);
    const { code, err } = await command('plan', text, '--ignore-others');
    expect(code).toBe(2);
    expect(err).toMatch(/did you mean (Experiment|Metric)\?/);
    expect(err).not.toMatch(/kubectl apply/);
  });
});

describe('one problem is one', () => {
  it.each([
    [
      'an objective with a misspelt limit',
      'upperLimit: "0.5"',
      'upperlimit: "0.5"',
      /unknown field; did you mean upperLimit\?/,
    ],
    ['misspelt versions', 'versionInfo:', 'versioninfo:', /unknown field; did you mean versionInfo\?/],
    [
      'a task of before',
      'task: metrics/collect',
      'task: common/exec',
      /unknown task "common\/exec"; write the command as a script: run: COMMAND/,
    ],
  ])('%s', async (_, from, to, message) => {
    const { code, err } = await command('plan', experiment('http://127.0.0.1:1/').replace(from, to));
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err).toMatch(/\(1 problem\)/);
    expect(err).not.toMatch(/not built yet/);
  });
});

it('objectives that repeat each other are pointed out, those that complete each other are not', async () => {
  await using server = await testServer((_, response) => void response.end('fine'));
  const objectives = (second: string) =>
    experiment(
      server.url,
      '          qps: 100',
      `{metric: iter8-system/error-rate, upperLimit: "0.5"}\n    - ${second}`,
    );
  const twice = await command('plan', objectives('{metric: iter8-system/error-rate, upperLimit: "0.4"}'));
  expect(twice.text).toMatch(
    /objectives\[1\]\.upperLimit: spec\.criteria\.objectives\[0\]\.upperLimit limits iter8-system\/error-rate too; keep the stricter one/,
  );
  const ran = await command('run', objectives('{metric: iter8-system/error-rate, upperLimit: "0.4"}'));
  expect(ran.err).toMatch(/warning: .*objectives\[1\]\.upperLimit/);
  const both = await command('plan', objectives('{metric: iter8-system/error-rate, lowerLimit: 0}'));
  expect(both.text).not.toMatch(/keep the stricter/);
});
