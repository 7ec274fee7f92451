import { describe, expect, it } from 'vitest';
import { API_VERSION, type WrittenExperiment } from '../../../src/experiment/experiment.ts';
import { withDefaults } from '../../../src/experiment/defaults.ts';
import { parseExperiment, parseMetric } from '../../../src/experiment/parse.ts';
import { checkExperiment as checkRules, checkMetric } from '../../../src/validation/rules/all-rules.ts';
import { checkExperiment } from '../../../src/validation/validate.ts';

type Fields = Record<string, unknown>;

/** A Canary that may run; parts of its spec replaced. */
function experiment(spec: Fields = {}, metadata: Fields = { name: 'hello' }): WrittenExperiment {
  const { value, issues } = parseExperiment({
    apiVersion: API_VERSION,
    kind: 'Experiment',
    metadata,
    spec: {
      target: 'hello',
      strategy: { testingPattern: 'Canary', deploymentPattern: 'FixedSplit' },
      versionInfo: { baseline: { name: 'v1' }, candidates: [{ name: 'v2' }] },
      ...spec,
    },
  });
  expect(issues).toEqual([]);
  return value!;
}

const problems = (written: WrittenExperiment) =>
  checkExperiment(written).map(({ path, message }) => `${path}: ${message}`);
const withTask = (task: Fields, more: Fields = {}) =>
  experiment({
    strategy: { testingPattern: 'Canary', deploymentPattern: 'FixedSplit', actions: { start: [task] } },
    ...more,
  });
const collect = (inputs: Fields = {}) => ({
  task: 'metrics/collect',
  with: {
    versions: [
      { name: 'v1', url: 'http://v1/' },
      { name: 'v2', url: 'http://v2/' },
    ],
    ...inputs,
  },
});
const withCriteria = (criteria: Fields, inputs: Fields = {}) => withTask(collect(inputs), { criteria });
const objective = (fields: Fields) => withCriteria({ objectives: [fields] });
const info = (baseline: Fields, candidates?: Fields[]) => ({
  versionInfo: { baseline, ...(candidates === undefined ? {} : { candidates }) },
});
const pattern = (testingPattern: string, names: number, rewards = 0) =>
  experiment({
    strategy: { testingPattern, deploymentPattern: 'FixedSplit' },
    criteria: { rewards: Array.from({ length: rewards }, () => ({ metric: 'm', preferredDirection: 'High' })) },
    ...info(
      { name: 'v0' },
      Array.from({ length: names }, (_, i) => ({ name: `v${i + 1}` })),
    ),
  });
const statusOf = (written: WrittenExperiment) => checkExperiment(written).map(({ status }) => status);
const reference = (fieldPath: unknown) => ({ apiVersion: 'v1', kind: 'K', name: 'n', fieldPath });
const BASE = 'spec.criteria.objectives[0]';
const TASK = 'spec.strategy.actions.start[0]';

describe('an experiment that may run', () => {
  it('breaks no rule, as written and with its defaults', () => {
    const written = withCriteria({
      requestCount: 'iter8-system/request-count',
      objectives: [
        { metric: 'iter8-system/error-rate', upperLimit: '0.01' },
        { metric: 'iter8-system/latency-99.9th-percentile', upperLimit: 500, lowerLimit: 0 },
        { metric: 'iter8-system/error-count', upperLimit: 0 },
        { metric: 'custom/thing', lowerLimit: '-5' },
      ],
      indicators: ['iter8-system/mean-latency'],
      strength: { confidence: 0.99 },
    });
    expect(problems(written)).toEqual([]);
    expect(problems(withDefaults(written, { namespace: 'shop' }))).toEqual([]);
  });
});

describe('rules about versions', () => {
  it.each([
    ['Conformance', 0, 0],
    ['Canary', 1, 0],
    ['A/B', 1, 1],
    ['A/B/N', 1, 1],
    ['A/B/N', 3, 1],
  ])('%s takes %d candidates and %d rewards', (testingPattern, candidates, rewards) => {
    expect(problems(pattern(testingPattern, candidates, rewards))).toEqual([]);
  });

  it.each([
    ['Conformance', 1, 0, 'spec.versionInfo.candidates: expected none for Conformance, got 1 candidate'],
    ['Canary', 0, 0, 'spec.versionInfo.candidates: expected 1 candidate for Canary, got none'],
    ['Canary', 2, 0, 'spec.versionInfo.candidates: expected 1 candidate for Canary, got 2 candidates'],
    ['A/B', 2, 1, 'spec.versionInfo.candidates: expected 1 candidate for A/B, got 2 candidates'],
    ['A/B/N', 0, 1, 'spec.versionInfo.candidates: expected 1 candidate or more for A/B/N, got none'],
    ['A/B', 1, 0, 'spec.criteria.rewards: expected exactly 1 reward for A/B, got none'],
    ['A/B/N', 2, 2, 'spec.criteria.rewards: expected exactly 1 reward for A/B/N, got 2 rewards'],
    ['Canary', 1, 1, 'spec.criteria.rewards: expected none for Canary, got 1 reward'],
  ])('%s with %d candidates and %d rewards is refused', (testingPattern, candidates, rewards, problem) => {
    expect(problems(pattern(testingPattern, candidates, rewards))).toEqual([problem]);
  });

  it('keeps the words of Iter8 0.7 for status.message', () => {
    expect(statusOf(pattern('Canary', 0))).toEqual(['Invalid number of candidates for Canary experiment']);
    expect(statusOf(pattern('A/B', 1))).toEqual(['Invalid number of rewards for A/B experiment']);
    expect(statusOf(experiment({ versionInfo: undefined }))).toEqual(['No versionInfo in experiment']);
    expect(statusOf(experiment(info({ name: 'a' }, [{ name: 'a' }])))).toEqual(['Version names are not unique']);
    expect(statusOf(experiment(info({ name: 'a' }, [{ name: 'b', weightObjRef: reference('spec.a') }])))).toEqual([
      "Specification of version weightObjectRef invalid: fieldPath must start with '.'",
    ]);
  });

  it('lets a start task supply versionInfo, but not for ever', () => {
    const later = experiment({
      versionInfo: undefined,
      strategy: { testingPattern: 'Canary', actions: { start: [{ run: 'kubectl patch' }] } },
    });
    expect(problems(later)).toEqual([]);
    expect(checkExperiment(later, { afterStart: true })).toEqual([
      {
        path: 'spec.versionInfo',
        message: 'is missing; no start task supplied it',
        status: 'No versionInfo in experiment',
      },
    ]);
    expect(problems(withTask(collect(), { versionInfo: undefined }))).toContain(
      'spec.versionInfo: is missing; name the versions: baseline, and candidates if there are any',
    );
  });

  // Our record stands beside the version names in aggregatedBuiltinHists.data, and versions are keys of plain objects.
  it.each(['iter8ctl', '__proto__', 'constructor'])('%s is no name for a version', (name) => {
    expect(problems(experiment(info({ name: 'v1' }, [{ name }])))).toEqual([
      `spec.versionInfo.candidates[0].name: "${name}" is a reserved name; choose another`,
    ]);
  });

  it('a version needs a name, and one of its own', () => {
    expect(problems(experiment(info({ name: '' }, [{ name: 'a' }])))).toEqual([
      'spec.versionInfo.baseline.name: is empty',
    ]);
    expect(problems(experiment(info({ name: 'a' }, [{ name: 'a' }])))).toEqual([
      'spec.versionInfo.candidates[0].name: "a" is the name of spec.versionInfo.baseline too; names of versions must differ',
    ]);
  });

  it.each([
    [{ kind: 'K', name: 'n', fieldPath: '.spec.a' }, 'apiVersion: is missing; expected a text'],
    [
      { apiVersion: 'v1', kind: 'K', name: 'n' },
      'fieldPath: is missing; expected a path such as .spec.http[0].route[0].weight',
    ],
    [reference('spec.a'), 'fieldPath: expected a path that starts with a dot, got "spec.a"; write .spec.a'],
    [
      reference('.spec[x]'),
      'fieldPath: expected a path such as .spec.http[0].route[1].weight, got ".spec[x]": cannot read "[x]"',
    ],
  ])('a reference %o is refused', (weightObjRef, problem) => {
    expect(problems(experiment(info({ name: 'v1' }, [{ name: 'v2', weightObjRef }])))).toEqual([
      `spec.versionInfo.candidates[0].weightObjRef.${problem}`,
    ]);
  });

  it('at most one version may lack a reference when traffic moves', () => {
    const moving = { strategy: { testingPattern: 'Canary' } };
    const ref = reference('.spec.a');
    expect(problems(experiment({ ...moving, ...info({ name: 'a' }, [{ name: 'b', weightObjRef: ref }]) }))).toEqual([]);
    expect(problems(experiment({ ...moving, ...info({ name: 'a' }, [{ name: 'b' }]) }))).toEqual([
      'spec.versionInfo.candidates[0].weightObjRef: is missing; at most one version may lack it and "a" does too; name the field that holds the weight of "b", or, if no traffic is to be moved, set spec.strategy.deploymentPattern: FixedSplit',
    ]);
    expect(problems(experiment({ strategy: { testingPattern: 'Conformance' }, ...info({ name: 'a' }) }))).toEqual([]);
  });

  it('two versions cannot have their weight in one field', () => {
    const ref = reference('.spec.a');
    expect(problems(experiment(info({ name: 'a', weightObjRef: ref }, [{ name: 'b', weightObjRef: ref }])))).toEqual([
      'spec.versionInfo.candidates[0].weightObjRef.fieldPath: ".spec.a" of the same object is spec.versionInfo.baseline.weightObjRef.fieldPath too; every version needs a field of its own',
    ]);
  });
});

describe('rules about tasks', () => {
  it.each<[Fields, string]>([
    [{}, `${TASK}: expected either task or run, got neither`],
    [{ task: 'common/readiness', run: 'x' }, `${TASK}: expected either task or run, got both`],
    [{ run: ' \n' }, `${TASK}.run: is empty; expected a script`],
    [{ task: 'metrics/colect' }, `${TASK}.task: unknown task "metrics/colect"; did you mean metrics/collect?`],
    [
      { task: 'knative/init-experiment' },
      `${TASK}.task: unknown task "knative/init-experiment"; there are: metrics/collect, common/readiness, notification/http, notification/slack; anything else is a script under run`,
    ],
    [collect({ nunQueries: 5 }), `${TASK}.with.nunQueries: unknown input; did you mean numQueries?`],
    [{ task: 'metrics/collect' }, `${TASK}.with.versions: is missing; expected a list`],
    [
      { run: 'true', if: 'CandidatWon()' },
      `${TASK}.if: expected a condition, got "CandidatWon()": unknown function CandidatWon; did you mean CandidateWon?`,
    ],
    [{ run: 'true', if: '' }, `${TASK}.if: is empty; leave it out to run the task always`],
    [
      { run: 'curl "http://x/@< .Name >@"' },
      `${TASK}.run: placeholder @< .Name >@ stands inside quotes, with other text; write it as a word of its own, or in a line before: set -- @< .Name >@, and here "$1"`,
    ],
    [{ run: 'echo @< .Name' }, `${TASK}.run: @< .Name: @< without >@`],
    [
      { run: 'true', with: { timeout: '0s' } },
      `${TASK}.with.timeout: expected a duration above 0 such as 30s or 1m30s, got "0s"`,
    ],
    [{ run: 'true', with: { secrets: 'x' } }, `${TASK}.with.secrets: unknown input; did you mean secret?`],
    [collect({ qps: 0, warmup: '5s' }), `${TASK}.with.warmup: expected a number of requests with qps: 0, got "5s"`],
    [
      collect({
        versions: [
          { name: 'v1', url: 'http://a/' },
          { name: 'v1', url: 'http://b/' },
        ],
      }),
      `${TASK}.with.versions[1].name: "v1" is the name of ${TASK}.with.versions[0] too; several URLs of one version go under endpoints`,
    ],
    [
      collect({
        versions: [
          {
            name: 'v1',
            endpoints: [
              { name: 'a', url: 'http://a/' },
              { name: 'a', url: 'http://b/' },
            ],
          },
        ],
      }),
      `${TASK}.with.versions[0].endpoints[1].name: "a" is the name of ${TASK}.with.versions[0].endpoints[0] too; names of endpoints must differ`,
    ],
  ])('%o is refused', (task, problem) => {
    expect(problems(withTask(task))).toEqual([problem]);
  });

  it('an action that is never performed is refused', () => {
    const strategy = {
      testingPattern: 'Canary',
      deploymentPattern: 'FixedSplit',
      actions: { finsh: [], rollback: [] },
    };
    expect(problems(experiment({ strategy }))).toEqual([
      'spec.strategy.actions.finsh: unknown action; did you mean finish?',
      'spec.strategy.actions.rollback: unknown action; there are: start, loop, finish',
    ]);
  });

  it('conditions are not parsed without a parser', () => {
    expect(checkRules(withTask({ run: 'true', if: '((' }))).toEqual([]);
  });
});

describe('rules about objectives', () => {
  it.each<[Fields, string]>([
    [
      { metric: 'm' },
      `${BASE}: expected upperLimit or lowerLimit, got neither; to observe "m" only, list it under indicators`,
    ],
    [{ metric: 'm', upperLimit: 0.01 }, `${BASE}.upperLimit: expected a quantity, got 0.01; quote it: "0.01"`],
    [
      { metric: 'm', upperLimit: 'fast' },
      `${BASE}.upperLimit: expected a quantity such as 500, "0.01", 10m or 1k, got "fast"`,
    ],
    [
      { metric: 'm', upperLimit: 1, lowerLimit: '1001m' },
      `${BASE}.lowerLimit: expected at most the upperLimit of 1, got 1001m; no value can be between them`,
    ],
    [
      { metric: 'iter8-system/error-rate', upperLimit: 1 },
      `${BASE}.upperLimit: expected a share from 0 to below 1, got 1; 1 % is "0.01"`,
    ],
    [
      { metric: 'iter8-system/error-rate', upperLimit: '2.5' },
      `${BASE}.upperLimit: expected a share from 0 to below 1, got 2.5; 2.5 % is "0.025"`,
    ],
    [
      { metric: 'iter8-system/error-rate', upperLimit: '-1' },
      `${BASE}.upperLimit: expected a share from 0 to below 1, got -1`,
    ],
    [
      { metric: 'iter8-system/mean-latency', upperLimit: 0 },
      `${BASE}.upperLimit: expected a latency in ms above 0, got 0`,
    ],
    [
      { metric: 'iter8-system/latency-50th-percentile', lowerLimit: -1 },
      `${BASE}.lowerLimit: expected a latency in ms above 0, got -1`,
    ],
    [
      { metric: 'iter8-system/error-count', upperLimit: -1 },
      `${BASE}.upperLimit: expected a count of 0 or more, got -1`,
    ],
    [
      { metric: 'a b', upperLimit: 1 },
      `${BASE}.metric: expected the name of a metric (name, or namespace/name), got "a b"`,
    ],
    [
      { metric: 'a/b/c', upperLimit: 1 },
      `${BASE}.metric: expected the name of a metric (name, or namespace/name), got "a/b/c"`,
    ],
    [{ metric: '', upperLimit: 1 }, `${BASE}.metric: expected the name of a metric (name, or namespace/name), got ""`],
    [
      { metric: 'iter8-system/latency-100th-percentile', upperLimit: 1 },
      `${BASE}.metric: expected a percentile above 0 and below 100 such as iter8-system/latency-99.9th-percentile, got "iter8-system/latency-100th-percentile"`,
    ],
    [
      { metric: 'iter8-system/mean-latency/checkout', upperLimit: 1 },
      `${BASE}.metric: no metrics/collect task has an endpoint "checkout"; no metrics/collect task names endpoints`,
    ],
    [
      { metric: 'm', upperLimit: 1, rollbackOnFailure: true },
      `${BASE}.rollbackOnFailure: unknown field; did you mean rollback_on_failure?`,
    ],
  ])('%o is refused', (fields, problem) => {
    expect(problems(objective(fields))).toEqual([problem]);
  });

  it.each<Fields>([
    { metric: 'iter8-system/error-rate', upperLimit: 0 },
    { metric: 'iter8-system/error-rate', upperLimit: '0.999', lowerLimit: 0 },
    { metric: 'iter8-system/mean-latency', lowerLimit: 0, upperLimit: 1 },
    { metric: 'm', upperLimit: 1, lowerLimit: '1000m' },
    { metric: 'm', upperLimit: '150e-9' },
    { metric: 'm', upperLimit: '1e1' },
    { metric: 'm', upperLimit: 1, note: 'fields that nobody knows survive' },
  ])('%o is taken', (fields) => {
    expect(problems(objective(fields))).toEqual([]);
  });

  it.each([
    ['300ms', 300, true],
    ['300ms', 299, false],
    ['300ms', '1k', true],
    [undefined, 60_000, false],
  ])('with a timeout of %s a latency limit of %s is refused: %s', (timeout, upperLimit, refused) => {
    const written = withCriteria(
      { objectives: [{ metric: 'iter8-system/latency-95th-percentile', upperLimit }] },
      timeout === undefined ? {} : { timeout },
    );
    const expected = `${BASE}.upperLimit: expected less than the timeout of 300ms (${TASK}.with.timeout), got ${upperLimit} ms; raise the timeout or lower the limit`;
    expect(problems(written)).toEqual(refused ? [expected] : []);
  });

  it('names of endpoints are checked against those that get load', () => {
    const versions = [{ name: 'v1', endpoints: [{ name: 'checkout', url: 'http://a/' }] }];
    const check = (metric: string) => problems(withCriteria({ objectives: [{ metric, upperLimit: 5 }] }, { versions }));
    expect(check('iter8-system/mean-latency/checkout')).toEqual([]);
    expect(check('iter8-system/mean-latency/chekout')).toEqual([
      `${BASE}.metric: no metrics/collect task has an endpoint "chekout"; did you mean checkout?`,
    ]);
  });
});

describe('rules about evidence', () => {
  const STRENGTH = 'spec.criteria.strength';
  const judged = { objectives: [{ metric: 'iter8-system/mean-latency', upperLimit: 500 }] };

  it.each<[Fields, Fields, string]>([
    [{ confidnce: 0.9 }, {}, `${STRENGTH}.confidnce: unknown setting; did you mean confidence?`],
    [
      { cap: [{ metric: 'iter8-system/mean-latancy', max: 1000 }] },
      {},
      `${STRENGTH}.cap[0].metric: no objective or reward is about "iter8-system/mean-latancy"; did you mean iter8-system/mean-latency?`,
    ],
    [
      { cap: [{ metric: 'iter8-system/mean-latency', max: 500 }] },
      {},
      `${STRENGTH}.cap[0].max: expected more than the limit of 500, got 500; otherwise no value could exceed it`,
    ],
    [
      { relative: [{ metric: 'a b', maxIncrease: 1 }] },
      {},
      `${STRENGTH}.relative[0].metric: expected the name of a metric (name, or namespace/name), got "a b"`,
    ],
    [
      { minRequests: 101, extend: false },
      {},
      `${STRENGTH}.minRequests: expected at most 100 requests, which is all that a version is ever sent, got 101; no verdict could be reached`,
    ],
    [
      { minRequests: 200_000 },
      {},
      `${STRENGTH}.minRequests: expected at most 7,200 requests, which is all that a version is ever sent, got 200000; no verdict could be reached`,
    ],
    [
      { minSeconds: 60, extend: false },
      { numQueries: 80 },
      `${STRENGTH}.minSeconds: expected at most 10 seconds, which is as long as load is ever sent, got 60; no verdict could be reached`,
    ],
  ])('%o with load %o is refused', (strength, inputs, problem) => {
    expect(problems(withCriteria({ ...judged, strength }, inputs))).toEqual([problem]);
  });

  it.each<[Fields, Fields]>([
    [{ minRequests: 100, extend: false }, {}],
    [{ minRequests: 200_000 }, { numQueries: 200_000 }],
    [{ minSeconds: 900 }, {}],
    [{ minSeconds: 9_000, extend: false }, { qps: 0 }],
    [{ cap: [{ metric: 'iter8-system/mean-latency', max: 501 }] }, {}],
    [{ relative: [{ metric: 'iter8-system/mean-latency', maxIncreasePercent: 10 }] }, {}],
  ])('%o with load %o is taken', (strength, inputs) => {
    expect(problems(withCriteria({ ...judged, strength }, inputs))).toEqual([]);
  });

  it('loop tasks are performed in each loop', () => {
    const strategy = { testingPattern: 'Canary', deploymentPattern: 'FixedSplit', actions: { loop: [collect()] } };
    const inLoops = (maxLoops: number) =>
      problems(
        experiment({
          strategy,
          duration: { maxLoops },
          criteria: { ...judged, strength: { minRequests: 300, extend: false } },
        }),
      );
    expect(inLoops(3)).toEqual([]);
    expect(inLoops(2)).toHaveLength(1);
  });

  it('relative limits need a candidate', () => {
    const criteria = { strength: { relative: [{ metric: 'm', maxIncrease: 1 }] } };
    const written = experiment({
      strategy: { testingPattern: 'Conformance' },
      versionInfo: { baseline: { name: 'v' } },
      criteria,
    });
    expect(problems(written)).toEqual([
      `${STRENGTH}.relative: expected none for Conformance, which has no candidate to compare with the baseline`,
    ]);
  });

  it.each([
    [
      { method: 'GET', payloadStr: 'x' },
      `${TASK}.with: expected POST, PUT, PATCH or DELETE with a payload, got method GET`,
    ],
    [
      { method: 'TRACE' },
      `${TASK}.with.method: expected one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, got "TRACE"`,
    ],
    [
      { headers: { 'Keep-Alive': '5' } },
      `${TASK}.with.headers.Keep-Alive: expected a header of the request; this one belongs to the connection, and is set by this program, got "Keep-Alive"`,
    ],
  ])('load %o is refused before anything is sent', (inputs, problem) => {
    expect(problems(withTask(collect(inputs)))).toEqual([problem]);
  });

  it.each([
    { method: 'PUT', payloadStr: 'x' },
    { method: 'DELETE' },
    { headers: { Host: 'shop.test', 'User-Agent': 'me' } },
  ])('load %o is taken', (inputs) => {
    expect(problems(withTask(collect(inputs)))).toEqual([]);
  });

  describe('versions that are compared', () => {
    const only = (name: string, more: Fields = {}) =>
      collect({ versions: [{ name, url: `http://${name}/` }], ...more });
    const apart =
      'expected one metrics/collect task that loads both "v1" and "v2"; requests of two tasks are not sent at the same times, so they cannot be compared';
    const compared = (tasks: unknown[], criteria: Fields) =>
      problems(
        experiment({
          strategy: { testingPattern: 'Canary', deploymentPattern: 'FixedSplit', actions: { start: tasks } },
          criteria,
        }),
      );
    const relative = (metric: string) => ({ strength: { relative: [{ metric, maxIncreasePercent: 10 }] } });

    it('are loaded by one task', () => {
      const criteria = relative('iter8-system/mean-latency');
      expect(compared([only('v1'), only('v2')], criteria)).toEqual([`${STRENGTH}.relative[0]: ${apart}`]);
      expect(compared([collect({ loadOnly: true }), only('v2')], criteria)).toEqual([
        `${STRENGTH}.relative[0]: ${apart}`,
      ]);
      expect(compared([only('v1'), collect()], criteria)).toEqual([]);
      expect(
        compared([only('v1'), only('v2')], { objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.1' }] }),
      ).toEqual([]);
    });

    it('are compared as a backend counts them where it does', () => {
      expect(compared([only('v1'), only('v2')], relative('default/m'))).toEqual([]);
      expect(compared([], relative('iter8-system/mean-latency'))).toEqual([]);
    });

    it('by a reward, too', () => {
      const strategy = (tasks: unknown[]) => ({
        testingPattern: 'A/B',
        deploymentPattern: 'FixedSplit',
        actions: { start: tasks },
      });
      const criteria = { rewards: [{ metric: 'iter8-system/mean-latency', preferredDirection: 'Low' }] };
      expect(problems(experiment({ strategy: strategy([only('v1'), only('v2')]), criteria }))).toEqual([
        `spec.criteria.rewards[0]: ${apart}`,
      ]);
      expect(problems(experiment({ strategy: strategy([collect()]), criteria }))).toEqual([]);
    });
  });

  it('load that no version is judged by is refused when built-in metrics are judged', () => {
    const versions = [{ name: 'v3', url: 'http://v3/' }];
    expect(problems(withCriteria(judged, { versions }))).toEqual([
      `${TASK}.with.versions[0].name: "v3" is not in spec.versionInfo, nor is any other version that gets load, so nothing would be measured; there are: "v1", "v2"`,
    ]);
    expect(problems(withCriteria(judged, { versions, loadOnly: true }))).toEqual([]);
    expect(problems(withCriteria({ objectives: [{ metric: 'default/m', upperLimit: 1 }] }, { versions }))).toEqual([]);
  });
});

describe('rules about names and fields', () => {
  it.each<[Fields, string]>([
    [{}, 'metadata.name: is missing; expected a name (or generateName)'],
    [
      { name: '../../etc' },
      'metadata.name: expected at most 253 lower-case letters, digits, dashes and dots, with a letter or digit at both ends, got "../../etc"',
    ],
    [
      { name: 'Hello' },
      'metadata.name: expected at most 253 lower-case letters, digits, dashes and dots, with a letter or digit at both ends, got "Hello"',
    ],
    [
      { name: 'a', namespace: 'a.b' },
      'metadata.namespace: expected at most 63 lower-case letters, digits and dashes, with a letter or digit at both ends, got "a.b"',
    ],
    [
      { generateName: '-x' },
      'metadata.generateName: expected at most 248 lower-case letters, digits, dashes and dots, with a letter or digit in front, got "-x"',
    ],
  ])('%o is refused', (metadata, problem) => {
    expect(problems(experiment({}, metadata))).toEqual([problem]);
  });

  it('takes generateName', () => {
    expect(problems(experiment({}, { generateName: 'hello-', namespace: 'shop' }))).toEqual([]);
  });

  it('a slip of a known field is refused, a field of somebody else survives', () => {
    expect(problems(experiment({ duration: { iterationPerLoop: 1 }, 'x-team': 'a', owner: 'b' }))).toEqual([
      'spec.duration.iterationPerLoop: unknown field; did you mean iterationsPerLoop?',
    ]);
  });

  it('reports all problems at once', () => {
    const written = experiment(
      {
        versionInfo: { baseline: { name: '' } },
        criteria: { objectives: [{ metric: 'm' }, { metric: 'm', upperLimit: 0.5 }] },
      },
      {},
    );
    expect(checkExperiment(written)).toHaveLength(5);
  });
});

describe('rules about metrics', () => {
  const metric = (spec: Fields, metadata: Fields = { name: 'm' }) => {
    const { value } = parseMetric({ apiVersion: API_VERSION, kind: 'Metric', metadata, spec });
    return checkMetric(value!).map(({ path, message }) => `${path}: ${message}`);
  };

  it.each<[Fields, string[]]>([
    [{ mock: [{ name: 'v', level: 20 }] }, []],
    [{ urlTemplate: 'http://p/', jqExpression: '.' }, []],
    [
      {},
      [
        'spec.urlTemplate: is missing; expected the URL of the query (or mock)',
        'spec.jqExpression: is missing; expected the jq program that picks the value (or mock)',
      ],
    ],
    [{ mock: [{ name: 'v', level: 0.5 }] }, ['spec.mock[0].level: expected a quantity, got 0.5; quote it: "0.5"']],
    [{ urlTemplate: 'http://p/', jqExpression: '.', authType: 'Basic' }, ['spec.secret: is missing; Basic needs one']],
    [
      { urlTemplate: 'http://p/', jqExpression: '.', sampleSize: 'a b' },
      ['spec.sampleSize: expected the name of a metric (name, or namespace/name), got "a b"'],
    ],
    [
      { urlTemplate: 'http://p/', jqExpression: '.', jqexpresion: '.' },
      ['spec.jqexpresion: unknown field; did you mean jqExpression?'],
    ],
  ])('%o', (spec, expected) => {
    expect(metric(spec)).toEqual(expected);
  });

  it('a metric needs a name', () => {
    expect(metric({ mock: [] }, {})).toEqual(['metadata.name: is missing; expected a name (or generateName)']);
  });
});
