/**
 * What is fuzzed: everything that reads what others wrote. A target takes an input and looks at what comes of it: a result or a
 * sentence (Iter8Error), never another error, nothing that steers a terminal, and in a time that somebody would wait.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { load } from 'js-yaml';
import { readCounterRows } from '../../src/adapters/metrics/counter-answer.ts';
import { resolveQuery } from '../../src/adapters/metrics/build-query.ts';
import { readManifest } from '../../src/adapters/manifest/parse-documents.ts';
import { writeYaml } from '../../src/adapters/manifest/write-yaml.ts';
import { experimentIn, metricIn, readObjectFile, fileOf } from '../../src/adapters/store/file-object.ts';
import { scriptInput } from '../../src/adapters/tasks/script-input.ts';
import { eventsBetween } from '../../src/drive/events-of-changes.ts';
import { InvalidManifestError, Iter8Error, type Issue } from '../../src/errors.ts';
import { addSamples, ledgerValue, startLedger } from '../../src/evidence/counters/counter-growth.ts';
import { metricWithDefaults, withDefaults } from '../../src/experiment/defaults.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { parseExperiment, parseMetric } from '../../src/experiment/parse.ts';
import { parseQuantity } from '../../src/experiment/quantity.ts';
import { parseSlo } from '../../src/experiment/slo-flag.ts';
import { parseFieldPath, readField } from '../../src/expressions/field-path.ts';
import { conditionProblem, evaluateCondition } from '../../src/expressions/if-condition.ts';
import { fillPlaceholders, placeholderProblem } from '../../src/expressions/placeholders.ts';
import { refuseDamage } from '../../src/judge/record/damage.ts';
import { renderDescribe } from '../../src/render/describe.ts';
import { renderError } from '../../src/render/error.ts';
import { renderList } from '../../src/render/experiment-list.ts';
import { createLog } from '../../src/render/log-lines.ts';
import { themeFor } from '../../src/render/theme.ts';
import { replayObject, replayRecord, type ReplayChange } from '../../src/replay/replay.ts';
import { jsonText } from '../../src/report/json-text.ts';
import { jsonView } from '../../src/report/json-view.ts';
import { parseDurationMs } from '../../src/text/duration.ts';
import { credentialsIn, hideCredentials } from '../../src/text/credentials.ts';
import { redact } from '../../src/text/redact.ts';
import { sanitizeLine, sanitizeText } from '../../src/text/sanitize.ts';
import { checkExperiment } from '../../src/validation/validate.ts';
import { experimentView, listRow } from '../../src/view/experiment-view.ts';
import { damagedJson, damagedText, wordSalad } from './mutate.ts';

export interface Target<T = unknown> {
  readonly name: string;
  readonly inputs: fc.Arbitrary<T>;
  /** How much longer one input takes than others do; so many fewer are tried. */
  readonly cost?: number;
  /** Gives what is shown of it; throws what nobody has foreseen. */
  readonly shown: (input: T) => string;
}

/** An experiment that may be looked at, with all that `run` would say of it. */
function strictly(value: unknown): { readonly issues: readonly Issue[] } {
  const { value: experiment, issues } = parseExperiment(value);
  return experiment === undefined ? { issues } : { issues: [...issues, ...checkExperiment(experiment)] };
}

const NOW = Date.parse('2026-11-26T00:00:00Z');
const theme = themeFor({ isTTY: false }, { mode: 'never', env: {} });
const folder = import.meta.dirname;
const recorded = path.join(folder, '../fixtures/recorded');
const ours = ['canary', 'abn'].map((name) => readFileSync(path.join(folder, `corpus/${name}.json`), 'utf8'));
const theirs = readdirSync(recorded)
  .filter((name) => readdirSync(path.join(recorded, name)).includes('final.yaml'))
  .map((name) => readFileSync(path.join(recorded, name, 'final.yaml'), 'utf8'));
const objects: unknown[] = [...ours.map((text) => JSON.parse(text) as unknown), ...theirs.map((text) => load(text))];
const records = ['canary', 'abn'].map((name) =>
  readFileSync(path.join(folder, `corpus/${name}.ndjson`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown),
);
const metricSpecs = [
  {
    urlTemplate: 'https://u:p@prom.example/api/v1/query?token=x&k=${key}',
    params: [{ name: 'query', value: 'sum(rate(x{v="$name",r=\'${rev}\'}[${elapsedTime}s])) > $rev' }],
    headerTemplates: [{ name: 'Authorization', value: 'Bearer ${token}' }],
    secret: 'a/b',
  },
  {
    method: 'POST',
    urlTemplate: 'http://${host}/x',
    body: '{"query":"sum(x{v=\\"$name\\"})","t":$elapsedTime,"s":"$rev"}',
    authType: 'Basic',
    secret: 's',
  },
].map((spec) => ({
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Metric',
  metadata: { name: 'm', namespace: 'n' },
  spec,
}));

/** A sentence instead of what was asked for. */
function orSentence(work: () => string): string {
  try {
    return work();
  } catch (error) {
    if (error instanceof Iter8Error) return renderError(error, theme);
    throw error;
  }
}

function asSentence(issues: readonly Issue[]): string {
  return renderError(new InvalidManifestError('not valid', issues), theme);
}

/** As the commands that look do; undefined with sentences about what is wrong. */
function lookedAt(value: unknown): { readonly experiment: Experiment } | { readonly refused: string } {
  const { value: parsed, issues } = parseExperiment(value);
  if (parsed === undefined) return { refused: asSentence(issues) };
  const { name = 'x', namespace = 'default' } = parsed.metadata;
  return { experiment: refuseDamage(withDefaults(parsed, { name, namespace })) };
}

function everyView(experiment: Experiment): string {
  const view = experimentView(experiment, NOW);
  return [
    renderDescribe(view, { theme, columns: 80 }),
    jsonText(jsonView(view), 2),
    writeYaml(jsonView(view)),
    jsonText(experiment),
    renderList([listRow(experiment)], { theme, namespace: undefined, now: NOW }),
  ].join('\n');
}

const describeTarget: Target = {
  name: 'describe',
  inputs: damagedJson(objects),
  shown: (value) =>
    orSentence(() => {
      const looked = lookedAt(value);
      return 'refused' in looked ? looked.refused : everyView(looked.experiment);
    }),
};

const listTarget: Target = {
  name: 'list-and-watch',
  cost: 2,
  inputs: fc.tuple(damagedJson(objects), damagedJson(objects)),
  // A list and a watcher refuse nothing: one damaged object must not hide the others.
  shown: (pair) =>
    orSentence(() => {
      const [before, after] = (pair as unknown[]).map((value) => {
        const { value: parsed } = parseExperiment(value);
        return parsed === undefined ? undefined : withDefaults(parsed, { name: 'x', namespace: 'default' });
      });
      if (after === undefined) return '';
      const log = createLog(theme);
      const events = eventsBetween(before, after, NOW).map((event) => log(event) ?? '');
      return [...events, everyView(after)].join('\n');
    }),
};

const replayChange: fc.Arbitrary<ReplayChange> = fc.record({
  objectives: fc.oneof(
    fc.constant(undefined),
    fc.constantFrom('p95<=300ms', 'error-rate<=1%', 'mean>=1', 'p99.9<=0.5s').map((slo) => [parseSlo(slo)]),
  ),
  strength: fc.constantFrom({}, { confidence: 'none' }, { confidence: 0.99 }, { minRequests: 5 }),
});

const replayObjectTarget: Target<[unknown, ReplayChange]> = {
  name: 'replay-object',
  inputs: fc.tuple(damagedJson(objects), replayChange),
  shown: ([value, change]) =>
    orSentence(() => {
      const looked = lookedAt(value);
      return 'refused' in looked ? looked.refused : everyView(replayObject(looked.experiment, change));
    }),
};

const replayRecordTarget: Target<[unknown, ReplayChange]> = {
  name: 'replay-record',
  cost: 5,
  inputs: fc.tuple(damagedJson(records), replayChange),
  shown: ([lines, change]) =>
    orSentence(() => (Array.isArray(lines) ? everyView(replayRecord(lines, change)) : 'no lines')),
};

const manifestTarget: Target<string> = {
  name: 'manifest',
  inputs: damagedText([...ours, ...theirs]),
  shown: (text) =>
    orSentence(() => {
      const { objects: found, issues } = readManifest(text, 'm.yaml');
      const more = found.flatMap(({ value, locate, kind }) =>
        (kind === 'Metric' ? parseMetric(value) : strictly(value)).issues.map(locate),
      );
      return asSentence([...issues, ...more]);
    }),
};

const STORED = { key: { namespace: 'default', name: 'e' }, path: '/x/e.yaml' };
const storeTarget: Target<string> = {
  name: 'store',
  inputs: fc.oneof(
    damagedText(objects.map((object) => fileOf(object as Parameters<typeof fileOf>[0], STORED).text)),
    damagedText([...ours, ...theirs]),
  ),
  shown: (text) =>
    orSentence(() => {
      const file = readObjectFile({ ...STORED, text });
      const written = fileOf(file.object, STORED);
      const again = readObjectFile(written);
      if (!isDeepStrictEqual(again.object, file.object)) throw new Error('what was written reads otherwise');
      if ((file.object as { kind?: unknown }).kind === 'Metric') metricIn(file);
      return everyView(experimentIn(file));
    }),
};

const EXPRESSIONS = [
  ['CandidateWon()', 'WinnerFound()', 'Status', 'Status.Analysis', 'Spec.VersionInfo', 'nil', 'true', 'false', '1'],
  ['and', 'or', 'not', '&&', '||', '!', '==', '!=', '<', '>=', '+', '-', '*', '/', '%', '(', ')', '[', ']', ','],
  ['.', '"a"', "'b'", '0', '1e9', '..', '?', ':', 'in', 'matches', 'len', 'this', '__proto__', 'constructor'],
].flat();
const conditionTarget: Target<string> = {
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
const placeholderTarget: Target<string> = {
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
const queryTarget: Target<[unknown, string, string]> = {
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
const counterTarget: Target<[unknown, unknown]> = {
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
const smallTarget: Target<string> = {
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
const secretTarget: Target<[unknown, string]> = {
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

export const TARGETS = [
  describeTarget,
  listTarget,
  replayObjectTarget,
  replayRecordTarget,
  manifestTarget,
  storeTarget,
  conditionTarget,
  placeholderTarget,
  queryTarget,
  counterTarget,
  smallTarget,
  secretTarget,
] as readonly Target[];

/** Longer than anybody waits for a sentence; far above what any of them takes on a busy machine. */
const LONGEST_MS = 20_000;

/** Throws for what must not be. */
export function checkInput(target: Target, input: unknown): void {
  const start = performance.now();
  const shown = target.shown(input);
  const ms = performance.now() - start;
  if (ms > LONGEST_MS) throw new Error(`it takes ${Math.round(ms)} ms`);
  if (sanitizeText(shown) !== shown) {
    const clean = sanitizeText(shown);
    let at = 0;
    while (shown[at] === clean[at]) at += 1;
    throw new Error(`a raw character is shown: ${JSON.stringify(shown.slice(Math.max(0, at - 40), at + 20))}`);
  }
}
