/**
 * What each setting of spec.criteria.strength and each input of a task means, by its path: for docs/reference.md. A test holds
 * them and the schemas together. Source: docs/contract.md 3; docs/behavior.md 5, 6, 11.
 */
import type { FieldDescriptions } from '../../../src/experiment/field-descriptions.ts';

export const STRENGTH_FIELDS: FieldDescriptions = {
  confidence: 'Confidence of every verdict, per side. none compares point values, as Iter8 0.7 did.',
  extend: 'Whether load goes on at the same rate when the planned load leaves an objective undecided.',
  maxSeconds: 'Where extending ends, for each collect task.',
  maxRequests: 'Where extending ends, for each collect task and version.',
  minSeconds: 'No verdict before.',
  minRequests: 'No verdict before; violated never before 50 requests.',
  inFlightSeconds: 'For live counters: how long a request may be under way.',
  rewardDelay:
    'For rewards under a split of traffic that changes: seconds within which a reward arrives. inFlightSeconds where none is written.',
  stopEarly: 'Whether load and iterations end as soon as everything is decided.',
  noData: 'What it means for an objective that there is no data, whatever the reason.',
  noDataFor: 'The same for the objectives of one metric.',
  'noDataFor[].metric': 'The metric, as the objective names it.',
  'noDataFor[].verdict': 'What no data means for its objectives.',
  relative: 'Limits relative to the baseline. Each has one of maxIncreasePercent and maxIncrease.',
  'relative[].metric': 'The metric.',
  'relative[].maxIncreasePercent': "In percent of the baseline's value.",
  'relative[].maxIncrease': 'In the unit of the metric.',
  margin: 'Percent within which versions count as equal, so that the baseline is kept.',
  cap: 'The largest value of a metric that counts; larger ones count as this.',
  'cap[].metric': 'The metric.',
  'cap[].max': 'The value, in the unit of the metric.',
  policy: 'How traffic moves: progressive, or bandit, which gives more to what does better.',
  onChange: 'What follows when a version becomes another build: the answer is undecided, or all is measured again.',
};

export const TASK_DESCRIPTIONS: Readonly<Record<string, string>> = {
  run: 'Runs the script under `run` with bash. An exit code other than 0 is a failure.',
  'metrics/collect': 'Sends HTTP requests to every version, and counts latencies and status codes.',
  'common/readiness': 'Waits until objects, and every weightObjRef, exist and meet their conditions.',
  'notification/http': 'Sends a message to an HTTP server.',
  'notification/slack': 'Posts a message to a channel of Slack.',
  gate: 'Waits until a person approves. Where somebody rejects, or nobody answers in time, it fails.',
};

/** Of all tasks but `metrics/collect`. */
const SETTINGS: FieldDescriptions = {
  timeout: 'Longest time of one try.',
  retries: 'Further tries after the first, after 1 s, 2 s, 4 s and so on up to a minute.',
  ignoreFailure: 'Whether a failure is only a warning, and the experiment goes on.',
  onResume: 'What becomes of a task that was under way when its driver ended.',
};

/** Of messages. */
const SENDING: FieldDescriptions = {
  ...SETTINGS,
  retries:
    'Further tries, after 1 s, 2 s, 4 s and so on up to a minute. Where none is written, only of a message that has surely not been taken; where it is, it may arrive twice.',
};

const ORIGIN: FieldDescriptions = {
  headers: 'Headers of the requests. Those of task, version and endpoint add up; the nearest wins.',
  headersFrom: 'Headers from a secret.',
  'headersFrom.secret': 'The secret; every field of it is a header.',
  tls: 'How TLS is done.',
  'tls.secret': 'Secret with ca.crt, tls.crt and tls.key, as far as they are needed.',
  'tls.caFile': 'File with certificates of authorities to trust.',
  'tls.serverName': 'Name that the certificate of the server must have.',
  'tls.insecureSkipVerify': 'Whether the certificate is not verified.',
  resolve: 'Where a host is reached, as in curl; one, or a list.',
};

const PAYLOAD: FieldDescriptions = {
  method: 'Method of the requests. POST where there is a payload or a content type, else GET.',
  payloadStr: 'Body of the requests.',
  payloadURL: 'Where the body of the requests comes from; wins over payloadStr.',
  contentType: 'Content type of the body.',
};

export const TASK_FIELDS: Readonly<Record<string, FieldDescriptions>> = {
  run: { secret: 'Secret for placeholders such as @< .Secret "token" >@.', ...SETTINGS },
  'metrics/collect': {
    numQueries: 'Requests to each version.',
    time: 'How long requests are sent. Ignored where numQueries is written.',
    qps: 'Requests a second to each version; 0: as fast as the connections allow.',
    connections: 'Most connections to each version. As many as are needed where none is written, but 4 with qps 0.',
    loadOnly: 'Whether load is sent and nothing recorded.',
    ...PAYLOAD,
    versions: 'Where requests go.',
    'versions[].name': 'Name of the version.',
    'versions[].url': 'URL of the requests. Either url or endpoints is written.',
    'versions[].endpoints': 'Several URLs. Requests go to each of them.',
    'versions[].endpoints[].name': 'Name of the endpoint, without a slash.',
    'versions[].endpoints[].url': 'URL of the requests.',
    ...within('versions[].endpoints[]', ORIGIN),
    ...within('versions[].endpoints[]', PAYLOAD),
    'versions[].qps': 'Read as that of the task, where samples of Iter8 0.7 write it.',
    ...within('versions[]', ORIGIN),
    timeout:
      'Longest wait for one answer. The larger of 10 s and twice the largest latency limit where none is written.',
    warmup: 'Requests that are sent first and never counted.',
    ...ORIGIN,
  },
  'common/readiness': {
    initialDelaySeconds: 'Wait before the first try.',
    numRetries: 'Further tries after the first.',
    intervalSeconds: 'Wait between two tries.',
    objRefs: 'Objects that must exist.',
    'objRefs[].kind': 'TYPE, TYPE.GROUP or TYPE.VERSION.GROUP, as kubectl takes it.',
    'objRefs[].name': 'Name of the object.',
    'objRefs[].namespace': 'Its namespace; that of the experiment where none is written.',
    'objRefs[].waitFor': 'Condition that it must meet, as kubectl wait --for takes it.',
    ...SETTINGS,
  },
  'notification/http': {
    url: 'Where the message goes, with placeholders.',
    method: 'Method of the request.',
    body: 'Body, with placeholders. The summary and the experiment as JSON where none is written.',
    headers: 'Headers of the request.',
    'headers[].name': 'Name of the header.',
    'headers[].value': 'Its value, with placeholders.',
    headersFrom: 'Headers from a secret.',
    'headersFrom.secret': 'The secret; every field of it is a header.',
    authType: 'How the request authenticates: Basic by username and password of the secret, Bearer by its token.',
    secret: 'The secret, also for placeholders.',
    ...SENDING,
  },
  'notification/slack': {
    channel: 'The channel.',
    secret: 'Secret with the field token.',
    url: 'Another server that takes what Slack takes.',
    ...SENDING,
  },
  gate: { message: 'What is asked.', timeout: 'How long an answer is waited for.' },
};

function within(path: string, fields: FieldDescriptions): FieldDescriptions {
  return Object.fromEntries(Object.entries(fields).map(([key, text]) => [`${path}.${key}`, text]));
}
