/**
 * Results of hey: `hey -o csv`.
 *
 * Source: rakyll/hey, report.go and print.go: seconds with four decimals, `offset` from the start of the run; a request that failed
 * without an answer is counted in the summary alone, and of more than a million answers only the first million is kept.
 */
import { latency, outcomeOf, type ResultFormat } from '../measured-request.ts';
import { readRowBatches } from '../rows.ts';

/** Half of the last decimal. */
const ROUNDED_MS = 0.05;

export const hey: ResultFormat = {
  name: 'hey',
  title: 'hey, CSV',
  facts: {
    model: 'closed',
    omitsFailures: true,
    isDrained: true,
    startErrorMs: ROUNDED_MS,
    isDated: false,
    remark: 'to hey an answer whose body breaks off is an answer',
  },
  recognises: (head) => head.startsWith('response-time,DNS+dialup,'),
  read: (chunks) =>
    readRowBatches(chunks, { needed: ['response-time', 'status-code', 'offset'] }, (cell) => {
      const times = latency(seconds(cell('response-time')), { below: ROUNDED_MS, above: ROUNDED_MS });
      const startMs = seconds(cell('offset'));
      if (times === undefined || Number.isNaN(startMs)) return 'no response-time and offset';
      return { startMs, ...times, ...outcomeOf(cell('status-code') ?? ''), field: cell };
    }),
};

const seconds = (text: string | undefined): number =>
  text === undefined || text === '' ? Number.NaN : Number(text) * 1000;
