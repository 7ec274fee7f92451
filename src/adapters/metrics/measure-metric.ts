/**
 * Measures a custom metric of a version: the query is made, sent, and its answer read with jq. What cannot be measured is
 * data, not an exception: the experiment goes on and says so (docs/architecture.md "Rooms and arrows").
 */
import { ForbiddenError, Iter8Error, messageOf, UnavailableError } from '../../errors.ts';
import { keyText, qualifiedKey, type ObjectKey } from '../../experiment/experiment.ts';
import { readCounterRows } from './counter-answer.ts';
import type { Clock } from '../../io.ts';
import type { Metric } from '../../experiment/metric.ts';
import { TLS_ANNOTATIONS } from '../../experiment/unverified-tls.ts';
import { metricOutOfReach } from '../../experiment/metric-names.ts';
import { toNumber } from '../../experiment/quantity.ts';
import type { Measurement, MetricSource, SecretReader } from '../../drive/ports.ts';
import type { NoValueReason } from '../../judge/no-value-reasons.ts';
import { noValueText } from '../../judge/wording/no-value-sentences.ts';
import { isDeepStrictEqual } from 'node:util';
import { hideCredentials } from '../../text/credentials.ts';
import { redact, REDACTED } from '../../text/redact.ts';
import { sanitizeLine } from '../../text/sanitize.ts';
import { QUERY_TIMEOUT_MS, fetchMetric, type Fetched, type MetricTls } from './send-query.ts';
import { AnswerRoom } from './answer-room.ts';
import { FairQueue } from './fair-queue.ts';
import type { JqEngine } from './jq.ts';
import { parseJson, readNumber, reportedError, warningsIn } from './read-answer.ts';
import { resolveQuery, secretsOf, type MetricRequest } from './build-query.ts';

export interface MetricSourcePorts {
  readonly secrets: SecretReader;
  /** The metric as it is stored now. Absent: experiments hold their metrics with all that belongs to them. */
  readonly readMetric?: ((key: ObjectKey, signal?: AbortSignal) => Promise<Metric>) | undefined;
  readonly jq: JqEngine;
  readonly clock: Pick<Clock, 'now'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Uniform in [0, 1): for mock gauges. */
  readonly random: () => number;
  /** Where secrets without a namespace are: where Iter8 is installed. */
  readonly systemNamespace: string;
  readonly timeoutMs?: number | undefined;
  /**
   * Experiments of many are asked for: a metric uses secrets of its own namespace alone, so that who may write it does not gain others
   * by it, and an experiment uses metrics of its own namespace, and shared ones.
   */
  readonly ownNamespaceOnly?: boolean | undefined;
  /** Of all answers that are read at once. */
  readonly mostAnswerBytes?: number | undefined;
}

const MAX_BYTES = 10 * 1024 * 1024;
/** Of an answer that has no value. */
const SHOWN_BODY = 200;
const LONGEST_TYPE = 60;
/** Answers that a proxy gives itself, as often as a backend does. */
const MAY_BE_OF_PROXY = new Set([403, 502, 503, 504]);

export function createMetricSource(ports: MetricSourcePorts): MetricSource {
  const room = new AnswerRoom(ports.mostAnswerBytes);
  const queue = new FairQueue();
  return {
    measure: async ({ metric: recorded, namespace, version, elapsedSeconds, lookbackSeconds, signal }) => {
      if (recorded.spec.mock !== undefined) return mocked(recorded, version.name, elapsedSeconds, ports);
      const at = new Date(ports.clock.now()).toISOString();
      let metric = recorded;
      let secret: Readonly<Record<string, string>> = {};
      let query: MetricRequest | undefined;
      try {
        refuseForeign(recorded, namespace, ports);
        metric = await withCredentials(recorded, namespace, ports, signal);
        if (metric.spec.secret !== undefined) secret = await ports.secrets.read(secretKey(metric, ports), signal);
        query = resolveQuery(metric, version, { elapsedSeconds, lookbackSeconds, secret });
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof Iter8Error)) throw error;
        const message = noValueText('cannot-ask', cleanText(messageOf(error), secretsOf(metric, secret, version)));
        return { kind: 'error', reason: 'cannot-ask', message, at, query: query?.shown ?? '' };
      }
      const about = { at, query: query.shown, hidden: secretsOf(metric, secret, version) };
      const timeoutMs = ports.timeoutMs ?? QUERY_TIMEOUT_MS;
      const seat = room.open(namespace);
      try {
        const fetched = await fetchMetric(query, {
          tls: tlsOf(metric),
          timeoutMs,
          maxBytes: MAX_BYTES,
          take: seat.take,
          env: ports.env,
          signal,
        });
        if (fetched.kind === 'timeout') return failed(about, 'timed-out', `${timeoutMs / 1000} s${fetched.way}`);
        if (fetched.kind === 'error')
          return failed(about, fetched.isAnswered ? 'unusable-answer' : 'unreachable', fetched.message);
        // What is made of an answer may take many times its room, and its program much time: one after another.
        return await queue.run(namespace, () => {
          signal?.throwIfAborted();
          return readAnswer(fetched, { ...about, program: metric.spec.jqExpression ?? '.', jq: ports.jq });
        });
      } finally {
        seat.leave();
      }
    },
  };
}

/** What was asked, and what must not be shown of it. */
interface About {
  readonly at: string;
  readonly query: string;
  readonly hidden: readonly string[];
}

function failed({ at, query, hidden }: About, reason: NoValueReason, detail: string): Measurement {
  return { kind: 'error', reason, message: noValueText(reason, cleanText(detail, hidden)), at, query };
}

async function readAnswer(
  { status, text, type, way }: Extract<Fetched, { kind: 'answer' }>,
  { program, jq, ...asked }: About & { readonly program: string; readonly jq: JqEngine },
): Promise<Measurement> {
  const { at, query, hidden } = asked;
  const json = parseJson(text);
  const reported = reportedError(json);
  if (status < 200 || status > 299)
    return failed(
      asked,
      status < 500 ? 'rejected' : 'server-error',
      `${status}${MAY_BE_OF_PROXY.has(status) ? way : ''}: ${shortened(reported ?? text, hidden)}`,
    );
  if (reported !== undefined) return failed(asked, 'backend-error', shortened(reported, hidden));
  const warnings = warningsIn(json).map((warning) => cleanText(shortened(warning, hidden), hidden));
  const about = warnings.length === 0 ? {} : { warnings };
  const result = await jq.first(text, program);
  const rows = result.kind === 'result' ? readCounterRows(parseJson(result.text), Date.parse(at)) : undefined;
  if (typeof rows === 'string')
    return { ...failed(asked, 'no-number', `gives no rows of counters: ${rows}`), ...about };
  if (rows !== undefined) return { kind: 'counters', answer: rows, at, query, ...about };
  const read = readNumber(result, {
    text,
    json,
    type: type.slice(0, LONGEST_TYPE),
    beginning: shortened(text, hidden),
  });
  if ('value' in read) return { kind: 'value', value: read.value, at, query, ...about };
  return { ...failed(asked, read.reason, shortened(read.detail, hidden)), ...about };
}

/** Long enough for every secret that begins in what is shown. */
const LOOKED_AT = 20_000;

/** The beginning of an answer. What is cut in its middle is not recognised any more, so secrets go first. */
function shortened(text: string, secrets: readonly string[]): string {
  return redact(text.trim().slice(0, LOOKED_AT), secrets).slice(0, SHOWN_BODY);
}

function cleanText(text: string, secrets: readonly string[]): string {
  return sanitizeLine(redact(text, secrets));
}

/** @throws ForbiddenError */
function refuseForeign({ metadata }: Metric, namespace: string, { ownNamespaceOnly }: MetricSourcePorts): void {
  const problem = ownNamespaceOnly === true ? metricOutOfReach(metadata, namespace) : undefined;
  if (problem !== undefined) throw new ForbiddenError(problem);
}

/**
 * Experiments hold their metrics without the credentials that are written in them (find-metrics.ts): they are read again from
 * the metric itself. It must be the same but for them, since whoever can write the status could send them elsewhere; and so must a
 * shared one whose credentials are in a secret, which they may not read themselves.
 *
 * @throws Iter8Error
 */
async function withCredentials(
  recorded: Metric,
  experimentNamespace: string,
  ports: MetricSourcePorts,
  signal?: AbortSignal,
): Promise<Metric> {
  const { spec, metadata } = recorded;
  const isShared = ports.ownNamespaceOnly === true && metadata.namespace !== experimentNamespace;
  const needsIt = (isShared && spec.secret !== undefined) || JSON.stringify(spec).includes(REDACTED);
  if (ports.readMetric === undefined || !needsIt) return recorded;
  const { name, namespace } = metadata;
  const stored = await ports.readMetric({ namespace, name }, signal);
  const present: unknown = JSON.parse(JSON.stringify(hideCredentials(stored.spec)));
  if (isDeepStrictEqual(present, JSON.parse(JSON.stringify(spec)))) return stored;
  throw new UnavailableError(
    `metric ${namespace}/${name} was changed since the experiment began, and its credentials are for what it is now: start a new experiment`,
  );
}

/** `namespace/name`, or `name` where Iter8 is installed. @throws ForbiddenError */
function secretKey({ spec, metadata }: Metric, ports: MetricSourcePorts): ObjectKey {
  const key = qualifiedKey(spec.secret ?? '', ports.systemNamespace);
  if (ports.ownNamespaceOnly === true && key.namespace !== metadata.namespace) {
    throw new ForbiddenError(
      `secret ${keyText(key)} is of another namespace than metric ${metadata.namespace}/${metadata.name}, which may not use it here`,
    );
  }
  return key;
}

function tlsOf({ metadata: { annotations = {} } }: Metric): MetricTls {
  return {
    ca: annotations[TLS_ANNOTATIONS.ca],
    insecureSkipVerify: annotations[TLS_ANNOTATIONS.insecureSkipVerify] === 'true',
  };
}

/** A Counter is `level` a second since the start; a Gauge is random around `level`, never negative. */
function mocked(metric: Metric, version: string, elapsedSeconds: number, ports: MetricSourcePorts): Measurement {
  const at = new Date(ports.clock.now()).toISOString();
  const query = `mock of ${metric.metadata.name}`;
  const mock = metric.spec.mock?.find(({ name }) => name === version);
  if (mock === undefined) {
    const message = noValueText('cannot-ask', `there is no mock for ${version}`);
    return { kind: 'error', reason: 'cannot-ask', message, at, query };
  }
  const level = toNumber(mock.level);
  const value = metric.spec.type === 'Counter' ? level * Math.max(0, elapsedSeconds) : level * (0.5 + ports.random());
  return { kind: 'value', value, at, query };
}
