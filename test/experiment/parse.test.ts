import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { API_VERSION } from '../../src/experiment/experiment.ts';
import { parseExperiment, parseMetric } from '../../src/experiment/parse.ts';
import { validateExperiment, validateMetric } from '../../src/validation/validate.ts';
import { pathText, shown } from '../../src/experiment/schema-issues.ts';

const valid = {
  apiVersion: API_VERSION,
  kind: 'Experiment',
  metadata: { name: 'hello' },
  spec: { target: 'hello', strategy: { testingPattern: 'Conformance' }, versionInfo: { baseline: { name: 'v' } } },
};

/** The object with one field set. */
function withField([key = '', ...rest]: readonly (string | number)[], value: unknown, object: object = valid): unknown {
  const inner = Object.entries(object).find(([name]) => name === key)?.[1];
  return {
    ...object,
    [key]: rest.length === 0 ? value : withField(rest, value, typeof inner === 'object' ? inner : {}),
  };
}

describe('the shape of an experiment', () => {
  it('is typed, and keeps what it does not know', () => {
    const written = { ...valid, extra: 1, spec: { ...valid.spec, later: { a: [1] } } };
    expect(parseExperiment(written)).toEqual({ value: written, issues: [] });
  });

  it.each<[(string | number)[], unknown, string]>([
    [
      ['apiVersion'],
      'iter8.tools/v2alpha1',
      'apiVersion: expected iter8.tools/v2alpha2, got "iter8.tools/v2alpha1"; did you mean iter8.tools/v2alpha2?',
    ],
    [['kind'], 'Experment', 'kind: expected Experiment, got "Experment"; did you mean Experiment?'],
    [['spec'], undefined, 'spec: is missing; expected an object'],
    [['spec'], null, 'spec: is missing; expected an object'],
    [['spec', 'target'], '', 'spec.target: is empty'],
    [['spec', 'target'], 5, 'spec.target: expected a text, got 5; quote it: "5"'],
    [
      ['spec', 'strategy', 'testingPattern'],
      'conformance',
      'spec.strategy.testingPattern: expected one of Conformance, Canary, A/B, A/B/N, got "conformance"; did you mean Conformance?',
    ],
    [
      ['spec', 'strategy', 'testingPattern'],
      undefined,
      'spec.strategy.testingPattern: is missing; expected one of Conformance, Canary, A/B, A/B/N',
    ],
    [
      ['spec', 'strategy', 'weights'],
      { maxCandidateWeight: 101 },
      'spec.strategy.weights.maxCandidateWeight: expected a number of at most 100, got 101',
    ],
    [
      ['spec', 'duration'],
      { intervalSeconds: 0 },
      'spec.duration.intervalSeconds: expected a number of at least 1, got 0',
    ],
    [['spec', 'duration'], { intervalSeconds: 1.5 }, 'spec.duration.intervalSeconds: expected a whole number, got 1.5'],
    [['spec', 'duration'], { intervalSeconds: '20' }, 'spec.duration.intervalSeconds: expected a number, got "20"'],
    [
      ['spec', 'duration'],
      { maxLoops: 2 ** 31 },
      'spec.duration.maxLoops: expected a number of at most 2147483647, got 2147483648',
    ],
    [['spec', 'criteria'], { objectives: {} }, 'spec.criteria.objectives: expected a list, got an object'],
    [
      ['spec', 'criteria'],
      { objectives: [{ metric: 'm', upperLimit: true }] },
      'spec.criteria.objectives[0].upperLimit: expected a quantity such as 500 or "0.01", got true',
    ],
    [
      ['spec', 'criteria'],
      { objectives: [{ metric: 'm', upperLimit: Number.NaN }] },
      'spec.criteria.objectives[0].upperLimit: expected a quantity such as 500 or "0.01", got NaN',
    ],
    // YAML 1.2 reads yes as a text; kubectl, whose YAML is older, as true
    [
      ['spec', 'criteria'],
      { objectives: [{ metric: 'm', rollback_on_failure: 'yes' }] },
      'spec.criteria.objectives[0].rollback_on_failure: expected true or false, got "yes"',
    ],
    [
      ['metadata', 'labels'],
      { 'app.kubernetes.io/name': 1 },
      'metadata.labels["app.kubernetes.io/name"]: expected a text, got 1; quote it: "1"',
    ],
    [
      ['spec', 'versionInfo', 'baseline'],
      { name: 'v', variables: [{ name: 'a', value: false }] },
      'spec.versionInfo.baseline.variables[0].value: expected a text, got false; quote it: "false"',
    ],
  ])('%o as %o is refused', (path, value, problem) => {
    const { value: typed, issues } = parseExperiment(withField(path, value));
    expect(typed).toBeUndefined();
    expect(issues.map(({ path: at, message }) => `${at}: ${message}`)).toEqual([problem]);
  });

  it.each([undefined, null, 5, 'text', [], [valid]])('%o is no experiment', (value) => {
    expect(parseExperiment(value).issues).toHaveLength(1);
  });

  it('never throws, and never pollutes a prototype', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(parseExperiment(value).value).toBeUndefined();
      }),
    );
    parseExperiment(
      JSON.parse(
        `{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "spec": {"__proto__": {"polluted": 1}}}`,
      ),
    );
    expect('polluted' in {}).toBe(false);
  });

  it('is all that counts unless rules are asked for', () => {
    const fraction = withField(['spec', 'criteria'], {
      objectives: [{ metric: 'm', upperLimit: 0.01 }],
      strength: { anything: 1 },
    });
    expect(parseExperiment(fraction).issues).toEqual([]);
    const strict = validateExperiment(fraction);
    expect(strict.value).toBeDefined();
    expect(strict.issues.map(({ path }) => path)).toEqual([
      'spec.criteria.objectives[0].upperLimit',
      'spec.criteria.strength.anything',
    ]);
  });
});

describe('the shape of a metric', () => {
  it('is checked likewise', () => {
    const metric = { apiVersion: API_VERSION, kind: 'Metric', metadata: { name: 'm' }, spec: { type: 'counter' } };
    expect(parseMetric(metric).issues).toEqual([
      { path: 'spec.type', message: 'expected one of Counter, Gauge, got "counter"; did you mean Counter?' },
    ]);
    expect(parseMetric({ ...metric, spec: { mock: [{ name: 'v', level: '15.0' }], own: 1 } })).toMatchObject({
      value: { spec: { own: 1 } },
      issues: [],
    });
    expect(validateMetric({ ...metric, spec: {} }).issues).toHaveLength(2);
  });
});

describe('values and paths in messages', () => {
  it('are short, on one line and harmless', () => {
    expect(shown('a\n\u001b[31m')).toBe('"a\\n\\x1b[31m"');
    expect(shown('x'.repeat(1000))).toHaveLength(62);
    expect(shown(undefined)).toBe('nothing');
    expect(shown([1])).toBe('a list');
    expect(shown(10n)).toBe('an object');
    expect(pathText([])).toBe('');
    expect(pathText(['a', 0, 'b-c', 'd.e', ''])).toBe('a[0].b-c["d.e"][""]');
  });
});
