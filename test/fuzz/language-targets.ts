/** The little languages: conditions, placeholders, queries, answers of backends, flags; and what hides secrets in them. */
import fc from 'fast-check';
import { readCounterRows } from '../../src/adapters/metrics/counter-answer.ts';
import { resolveQuery } from '../../src/adapters/metrics/build-query.ts';
import { scriptInput } from '../../src/adapters/tasks/script-input.ts';
import { addSamples, ledgerValue, startLedger } from '../../src/evidence/counters/counter-growth.ts';
import { metricWithDefaults } from '../../src/experiment/defaults.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { parseMetric } from '../../src/experiment/parse.ts';
import { parseQuantity } from '../../src/experiment/quantity.ts';
import { parseSlo } from '../../src/experiment/slo-flag.ts';
import { parseFieldPath, readField } from '../../src/expressions/field-path.ts';
import { conditionProblem, evaluateCondition } from '../../src/expressions/if-condition.ts';
import { fillPlaceholders, placeholderProblem } from '../../src/expressions/placeholders.ts';
import { jsonText } from '../../src/report/json-text.ts';
import { parseDurationMs } from '../../src/text/duration.ts';
import { credentialsIn, hideCredentials } from '../../src/text/credentials.ts';
import { redact } from '../../src/text/redact.ts';
import { sanitizeLine } from '../../src/text/sanitize.ts';
import { damagedJson, wordSalad } from './mutate.ts';
import { type Target, NOW, orSentence, asSentence, objects, metricSpecs } from './target.ts';

const EXPRESSIONS = [
  ['CandidateWon()', 'WinnerFound()', 'Status', 'Status.Analysis', 'Spec.VersionInfo', 'nil', 'true', 'false', '1'],
  ['and', 'or', 'not', '&&', '||', '!', '==', '!=', '<', '>=', '+', '-', '*', '/', '%', '(', ')', '[', ']', ','],
  ['.', '"a"', "'b'", '0', '1e9', '..', '?', ':', 'in', 'matches', 'len', 'this', '__proto__', 'constructor'],
].flat();
export const conditionTarget: Target<string> = {
  name: 'condition',
  inputs: wordSalad(EXPRESSIONS, 24),
  shown: (text) => {
    const problem = conditionProblem(text);
    const held = orSentence(() =>
      String(evaluateCondition(text, objects[0], { CandidateWon: () => true, WinnerFound: () => false })),
    );
    if (problem === undefined && /this is a bug/.test(held)) throw new Error(held);
    return `${problem ?? ''}\n${held}`;
  },
};

const TEMPLATE = [
  ['@<', '>@', '@< .this.metadata.name >@', '@< .Name >@', '@< .secret.token >@', '@< .Secret "token" >@', '.'],
  ['@< if .WinnerFound >@', '@< else >@', '@< end >@', '@< (index .Status.Conditions 0).Reason >@', 'index', '"'],
  ['(', ')', '{', '}', '$', '`', "'", '\\', '\n', 'echo', '#', '|', '1', '-1', '__proto__', '"$1"', '<<EOF', 'EOF'],
].flat();
export const placeholderTarget: Target<string> = {
  name: 'placeholders-and-scripts',
  inputs: wordSalad(TEMPLATE, 20),
  shown: (text) => {
    const scope = { experiment: objects[0], secret: { token: 'a b"c' }, winnerFound: true, candidateWon: false };
    const problem = placeholderProblem(text);
    const filled = orSentence(() => {
      fillPlaceholders(text, scope);
      scriptInput({ run: text }, objects[0] as Experiment, ['token']);
      return '';
    });
    return `${problem ?? ''}\n${filled}`;
  },
};

const QUERY = [
  '$name',
  '${rev}',
  '$$',
  '${',
  '{',
  '}',
  '"',
  "'",
  '`',
  '\\',
  '=~',
  '=',
  '[5m]',
  'x',
  '(',
  ')',
  ' or ',
  '#',
];
export const queryTarget: Target<[unknown, string, string]> = {
  name: 'metric-query',
  inputs: fc.tuple(damagedJson(metricSpecs), wordSalad(QUERY), wordSalad(QUERY)),
  shown: ([written, template, value]) =>
    orSentence(() => {
      const { value: parsed, issues } = parseMetric(written);
      if (parsed === undefined) return asSentence(issues);
      const metric = metricWithDefaults(parsed, { namespace: 'n' });
      const params = [...(metric.spec.params ?? []), { name: 'q', value: template }];
      const version = { name: value, variables: [{ name: 'rev', value: template }] };
      const secret = {
        token: 'SECRET-token-1',
        key: 'SECRET+key/2',
        host: 'h.example',
        username: 'u',
        password: 'SECRETp',
      };
      const { shown } = resolveQuery({ ...metric, spec: { ...metric.spec, params } }, version, {
        elapsedSeconds: 1,
        secret,
      });
      if (/SECRET/.test(shown)) throw new Error(`a secret is shown: ${shown}`);
      return shown;
    }),
};

const ROWS = [
  {
    shares: [
      { series: { a: 1 }, at: 1.7e9, hits: 1 },
      { series: { a: 1 }, at: 1.7e9, others: 9 },
    ],
  },
  { sums: [{ series: 'x', at: 1.7e9, sum: 5, count: 2 }] },
  {
    percentile: 95,
    histograms: [
      { at: 1.7e9, le: 1, count: 3 },
      { at: 1.7e9, le: '+Inf', count: 5 },
    ],
  },
  {
    percentile: 95,
    histograms: [
      {
        at: 1.7e9,
        count: 5,
        buckets: [
          [0, 1, 3],
          [1, 2, 2],
        ],
      },
    ],
  },
  { counts: [{ series: null, at: 1.7e9, count: 5 }] },
];
export const counterTarget: Target<[unknown, unknown]> = {
  name: 'counter-answer',
  inputs: fc.tuple(damagedJson(ROWS), damagedJson(ROWS)),
  shown: ([first, second]) =>
    orSentence(() => {
      const [a, b] = [first, second].map((answer) => readCounterRows(answer, NOW));
      // As measure-metric.ts says it.
      const said = [a, b].map((answer) => (typeof answer === 'string' ? sanitizeLine(answer) : '')).join('\n');
      if (typeof a !== 'object' || typeof b !== 'object') return said;
      const ledger = addSamples(startLedger(a, { limits: [0.5, 300], inFlightMs: 1_000 }), b);
      return `${said}\n${typeof ledger === 'string' ? ledger : jsonText(ledgerValue(ledger))}`;
    }),
};

const WORDS = [
  'p95',
  '<=',
  '>=',
  '300',
  'ms',
  's',
  '%',
  '.',
  '-',
  '+',
  'e',
  '1',
  'k',
  'Mi',
  'n',
  '0',
  'error-rate',
  'mean',
  '/',
  'h',
  'm',
  'µs',
];
export const smallTarget: Target<string> = {
  name: 'flags-and-quantities',
  inputs: wordSalad(WORDS, 8),
  shown: (text) => {
    parseDurationMs(text);
    parseQuantity(text);
    const path_ = parseFieldPath(text);
    if (!('problem' in path_)) readField(objects[0], path_);
    return orSentence(() => jsonText(parseSlo(text)));
  },
};

const HIDDEN = ['hunter2+/=&', 's3cr3t"\\<é', 'plain-secret-value'];
export const secretTarget: Target<[unknown, string]> = {
  name: 'secrets',
  inputs: fc.tuple(
    damagedJson([...objects.slice(0, 4), ...metricSpecs]),
    wordSalad(
      [...HIDDEN, ...HIDDEN.map(encodeURIComponent), 'http://u:p@h', '?token=', '&amp;', '%', '\\u00', '"', '...'],
      10,
    ),
  ),
  shown: ([object, text]) => {
    credentialsIn(object);
    const hidden = hideCredentials(object);
    if (JSON.stringify(hideCredentials(hidden)) !== JSON.stringify(hidden)) throw new Error('hiding twice hides more');
    const clean = redact(text, HIDDEN);
    if (HIDDEN.some((secret) => clean.includes(secret))) throw new Error(`a secret is left: ${clean}`);
    return '';
  },
};
