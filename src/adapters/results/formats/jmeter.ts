/**
 * Results of JMeter: JTL files as CSV and as XML.
 *
 * Source: Apache JMeter User's Manual, "Introduction to listeners": "CSV Log format" (a heading names the columns) and "XML Log format
 * 2.1" (t: elapsed ms, ts: ms since 1970, rc: response code, s: success, lb: label; samples hold the samples they are made of). A
 * transaction is a sample that holds others and is no request itself: its message is "Number of samples in transaction : N, ...".
 */
import sax from 'sax';
import type { LineResult } from '../lines.ts';
import { failureClass } from '../failure-texts.ts';
import {
  latency,
  outcomeOf,
  type Batch,
  type FormatFacts,
  type MeasuredRequest,
  type ResultFormat,
} from '../measured-request.ts';
import { readRowBatches, wholeNumber, type Cell } from '../rows.ts';
import { SubResults } from './jmeter-sub-results.ts';
import { samplesOfTransaction, TransactionParts, type Timed } from './jmeter-transactions.ts';

const FACTS: FormatFacts = { model: 'closed', isDrained: true, startErrorMs: 1, isDated: true };

interface Sample {
  readonly elapsed: string | undefined;
  readonly time: string | undefined;
  readonly thread: string | undefined;
  readonly code: string;
  readonly message: string;
  readonly success: string | undefined;
  readonly field: (name: string) => string | undefined;
}

const timed = ({ thread, time, elapsed, field }: Sample): Timed => ({
  thread,
  idleMs: wholeNumber(field('IdleTime')),
  startMs: wholeNumber(time),
  elapsedMs: wholeNumber(elapsed),
});

/** Of a sample that is no transaction. */
function requestOf(sample: Sample): LineResult {
  const times = latency(wholeNumber(sample.elapsed), { below: 1, above: 1 });
  const startMs = wholeNumber(sample.time);
  if (times === undefined || Number.isNaN(startMs)) return 'no elapsed time and timeStamp';
  const outcome = outcomeOf(sample.code, failureClass(`${sample.code} ${sample.message}`));
  // Samplers of other protocols have codes of their own.
  if (outcome.unanswered === true && sample.success === 'true' && !sample.code.startsWith('Non HTTP response code'))
    return `a success whose responseCode ${JSON.stringify(sample.code.slice(0, 40))} is no HTTP code`;
  // An assertion may call an answer with the code 200 a failure.
  return { startMs, ...times, ...outcome, error: outcome.error || sample.success === 'false', field: sample.field };
}

export const jmeterCsv: ResultFormat = {
  name: 'jmeter-csv',
  title: 'JMeter, CSV',
  facts: FACTS,
  recognises: (head) => /^[^\n]*\btimeStamp,[^\n]*\belapsed\b/.test(head),
  read: (chunks) => {
    const parts = new TransactionParts();
    const subResults = new SubResults();
    const rowOf = (cell: Cell): LineResult => {
      const sample = {
        elapsed: cell('elapsed'),
        time: cell('timeStamp'),
        thread: cell('threadName'),
        code: cell('responseCode') ?? '',
        message: cell('responseMessage') ?? '',
        success: cell('success'),
        field: cell,
      };
      const samples = samplesOfTransaction(sample.message);
      if (samples === undefined) {
        if (subResults.isPart(cell('label') ?? '', timed(sample))) return undefined;
        parts.sample(timed(sample));
        return requestOf(sample);
      }
      parts.transaction(samples, timed(sample));
      return undefined;
    };
    return readRowBatches(chunks, { needed: ['timeStamp', 'elapsed', 'responseCode', 'success'] }, rowOf, {
      last: () => parts.end(),
    });
  },
};

export const jmeterXml: ResultFormat = {
  name: 'jmeter-xml',
  title: 'JMeter, XML',
  facts: FACTS,
  recognises: (head) => /<testResults[\s>]/.test(head),
  read: readXml,
};

interface OpenTransaction {
  readonly samples: number;
  readonly at: Timed;
  hasSamples: boolean;
}

/** Samples that stand by themselves, or in a transaction; those that a request is made of (redirects, images) are part of it. */
async function* readXml(chunks: AsyncIterable<Buffer>): AsyncGenerator<Batch> {
  let requests: MeasuredRequest[] = [];
  let unread: string[] = [];
  const parts = new TransactionParts();
  const around: { readonly isSample: boolean; readonly transaction?: OpenTransaction }[] = [];
  const parser = sax.parser(true);
  let broken: string | undefined;
  const onerror = ({ message }: Error) => {
    broken ??= `line ${parser.line + 1}: ${message.split('\n')[0]!}`;
  };
  const onopentag = ({ name, attributes }: sax.Tag | sax.QualifiedTag) => {
    const isSample = name === 'httpSample' || name === 'sample';
    const attribute = (key: string) => {
      const value = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
      return typeof value === 'string' ? value : undefined;
    };
    if (!isSample || broken !== undefined) {
      around.push({ isSample });
      return;
    }
    const sample = {
      elapsed: attribute('t'),
      time: attribute('ts'),
      thread: attribute('tn'),
      code: attribute('rc') ?? '',
      message: attribute('rm') ?? '',
      success: attribute('s'),
      field: (key: string) => attribute({ label: 'lb', threadName: 'tn', IdleTime: 'it' }[key] ?? key),
    };
    const samples = samplesOfTransaction(sample.message);
    if (samples === undefined && around.every((one) => !one.isSample || one.transaction !== undefined)) {
      parts.sample(timed(sample));
      for (const { transaction } of around) if (transaction !== undefined) transaction.hasSamples = true;
      const result = requestOf(sample);
      if (typeof result === 'string') unread.push(`line ${parser.line + 1}: ${result}`);
      else if (result !== undefined) requests.push(result);
    }
    around.push({
      isSample,
      ...(samples === undefined ? {} : { transaction: { samples, at: timed(sample), hasSamples: false } }),
    });
  };
  // Its samples stand in it, or before it.
  const onclosetag = () => {
    const transaction = around.pop()?.transaction;
    if (transaction === undefined || transaction.hasSamples || broken !== undefined) return;
    parts.transaction(transaction.samples, transaction.at);
  };
  Object.assign(parser, { onerror, onopentag, onclosetag });
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    parser.write(decoder.decode(chunk, { stream: true }));
    yield { requests, unread };
    requests = [];
    unread = [];
    // What stands behind it is not XML any more.
    if (broken !== undefined) break;
  }
  if (broken === undefined) parser.close();
  const left = broken === undefined ? parts.end() : broken;
  yield { requests, unread: left === undefined ? unread : [...unread, left], isTorn: broken !== undefined };
}
