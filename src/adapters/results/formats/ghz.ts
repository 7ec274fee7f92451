/**
 * Results of ghz: `ghz -O json` and `-O pretty`, whose `details` hold every call.
 *
 * Source: ghz v0.93.0, runner/reporter.go and stats_handler.go: latency in ns, `timestamp` when the call ended, `status` the name of
 * the gRPC status; of more than a million calls only the first million is kept. `concurrency` callers wait for their answers unless
 * it is `async`.
 */
import { JSONParser } from '@streamparser/json';
import { UsageError } from '../../../errors.ts';
import { latency, type Batch, type MeasuredRequest, type ResultFormat } from '../measured-request.ts';
import { textOf, type LineResult } from '../lines.ts';

/** Services answer with these, and clients and proxies give them where nobody does: in no time, or when they have waited long enough. */
const PERHAPS_WITHOUT_ANSWER = new Set(['Canceled', 'DeadlineExceeded', 'Unavailable']);

export const ghz: ResultFormat = {
  name: 'ghz',
  title: 'ghz, JSON',
  facts: { model: 'closed', isDrained: true, startErrorMs: 0, isDated: true },
  recognises: (head) => /^\s*\{/.test(head) && /"load-schedule":/.test(head) && /"concurrency-schedule":/.test(head),
  read: readDetails,
};

async function* readDetails(chunks: AsyncIterable<Buffer>): AsyncGenerator<Batch> {
  let requests: MeasuredRequest[] = [];
  let unread: string[] = [];
  let number = 0;
  let isBroken = false;
  let isLimited = false;
  const parser = new JSONParser({ paths: ['$.details.*'], keepStack: false });
  parser.onValue = ({ value }) => {
    number += 1;
    isLimited = number >= MOST_DETAILS;
    const result = callOf(value);
    if (typeof result === 'string') unread.push(`call ${number}: ${result}`);
    else if (result !== undefined) requests.push(result);
  };
  parser.onError = () => {
    isBroken = true;
  };
  for await (const chunk of chunks) {
    parser.write(chunk);
    yield { requests, unread };
    requests = [];
    unread = [];
    if (isBroken) break;
  }
  if (isLimited) throw new UsageError('its details are the first million calls: the others are not in it');
  const isTorn = isBroken || !parser.isEnded;
  if (isTorn) unread.push(`behind call ${number}: it breaks off`);
  yield { requests, unread, isTorn };
}

const MOST_DETAILS = 1_000_000;

function callOf(value: unknown): LineResult {
  if (typeof value !== 'object' || value === null) return 'not an object';
  const call = value as Readonly<Record<string, unknown>>;
  const ns = call['latency'];
  const times = latency(typeof ns === 'number' ? ns / 1e6 : Number.NaN);
  const endMs = Date.parse(textOf(call, 'timestamp') ?? '');
  if (times === undefined || Number.isNaN(endMs)) return 'no timestamp and latency';
  const status = textOf(call, 'status') ?? '';
  const isOk = status === 'OK' && (textOf(call, 'error') ?? '') === '';
  return {
    startMs: endMs - times.atMostMs,
    ...times,
    code: status === '' ? 'other' : status,
    unanswered: PERHAPS_WITHOUT_ANSWER.has(status) || status === '' ? 'perhaps' : false,
    error: !isOk,
    field: (name) => textOf(call, name),
  };
}
