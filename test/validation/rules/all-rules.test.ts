import { describe, expect, it } from 'vitest';
import { withDefaults } from '../../../src/experiment/defaults.ts';
import { parseMetric } from '../../../src/experiment/parse.ts';
import { checkMetric } from '../../../src/validation/rules/all-rules.ts';
import { checkExperiment } from '../../../src/validation/validate.ts';
import { API_VERSION } from '../../../src/experiment/experiment.ts';
import { experiment, problems, withCriteria, type Fields } from '../../support/rule-manifests.ts';

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
