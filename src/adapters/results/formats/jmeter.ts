/**
 * Results of JMeter: JTL files as CSV and as XML.
 *
 * Source: Apache JMeter User's Manual, "Introduction to listeners": "CSV Log format" (a heading names the columns) and "XML Log format
 * 2.1" (t: elapsed ms, ts: ms since 1970, rc: response code, s: success, lb: label; samples hold the samples they are made of). A
 * transaction is a sample that holds others and is no request itself: its message is "Number of samples in transaction : N, ...".
 */
import sax from 'sax';
import type { LineResult } from '../lines.ts';
import {
  failureClass,
  latency,
  outcomeOf,
  type Batch,
  type FormatFacts,
  type MeasuredRequest,
  type ResultFormat,
} from '../measured-request.ts';
import { readRowBatches } from '../rows.ts';

const FACTS: FormatFacts = { model: 'closed', isDrained: true, startErrorMs: 1, isDated: true };

const TRANSACTION = /^Number of samples in transaction/;

function requestOf(sample: {
  readonly elapsed: string | undefined;
  readonly time: string | undefined;
  readonly code: string;
  readonly message: string;
  readonly success: string | undefined;
  readonly field: (name: string) => string | undefined;
}): LineResult {
  if (TRANSACTION.test(sample.message)) return undefined;
  const times = latency(wholeNumber(sample.elapsed), { below: 1, above: 1 });
  const startMs = wholeNumber(sample.time);
  if (times === undefined || Number.isNaN(startMs)) return 'no elapsed time and timeStamp';
  const outcome = outcomeOf(sample.code, failureClass(`${sample.code} ${sample.message}`));
  // An assertion may call an answer with the code 200 a failure.
  return { startMs, ...times, ...outcome, error: outcome.error || sample.success === 'false', field: sample.field };
}

const wholeNumber = (text: string | undefined): number => (/^\d+$/.test(text ?? '') ? Number(text) : Number.NaN);

export const jmeterCsv: ResultFormat = {
  name: 'jmeter-csv',
  title: 'JMeter, CSV',
  facts: FACTS,
  recognises: (head) => /^[^\n]*\btimeStamp,[^\n]*\belapsed\b/.test(head),
  read: (chunks) =>
    readRowBatches(chunks, { needed: ['timeStamp', 'elapsed', 'responseCode', 'success'] }, (cell) =>
      requestOf({
        elapsed: cell('elapsed'),
        time: cell('timeStamp'),
        code: cell('responseCode') ?? '',
        message: cell('responseMessage') ?? '',
        success: cell('success'),
        field: cell,
      }),
    ),
};

export const jmeterXml: ResultFormat = {
  name: 'jmeter-xml',
  title: 'JMeter, XML',
  facts: FACTS,
  recognises: (head) => /<testResults[\s>]/.test(head),
  read: readXml,
};

/** Samples that stand by themselves, or in a transaction; those that a request is made of (redirects, images) are part of it. */
async function* readXml(chunks: AsyncIterable<Buffer>): AsyncGenerator<Batch> {
  let requests: MeasuredRequest[] = [];
  let unread: string[] = [];
  const around: { readonly isSample: boolean; readonly isTransaction: boolean }[] = [];
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
    const isTransaction = isSample && TRANSACTION.test(attribute('rm') ?? '');
    if (isSample && broken === undefined && around.every((one) => !one.isSample || one.isTransaction)) {
      const result = requestOf({
        elapsed: attribute('t'),
        time: attribute('ts'),
        code: attribute('rc') ?? '',
        message: attribute('rm') ?? '',
        success: attribute('s'),
        field: (key) => attribute({ label: 'lb', threadName: 'tn' }[key] ?? key),
      });
      if (typeof result === 'string') unread.push(`line ${parser.line + 1}: ${result}`);
      else if (result !== undefined) requests.push(result);
    }
    around.push({ isSample, isTransaction });
  };
  Object.assign(parser, { onerror, onopentag, onclosetag: () => void around.pop() });
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
  yield { requests, unread: broken === undefined ? unread : [...unread, broken], isTorn: broken !== undefined };
}
