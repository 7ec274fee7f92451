/** A series that was there at the start is over, too, when its process is seen to restart by another one. */
import { expect, it } from 'vitest';
import { readCounterRows } from '../../../src/adapters/metrics/counter-answer.ts';
import {
  addSamples,
  ledgerValue,
  startLedger,
  type CounterLedger,
} from '../../../src/evidence/counters/counter-growth.ts';
import type { CounterAnswer } from '../../../src/evidence/counters/counter-samples.ts';

const POD = { job: 'shop', instance: '10.0.0.1:8080' };
const fine = (at: number, n: number) => ({ series: { ...POD, code: '200' }, at, others: n });
const failed = (at: number, n: number) => ({ series: { ...POD, code: '500' }, at, hits: n });
const answer = (...shares: object[]) => readCounterRows({ shares }, 0) as CounterAnswer;

it('failures that come again with a higher count than before are all counted', () => {
  let ledger: CounterLedger = startLedger(answer(fine(1000, 5000), failed(1000, 40)), {
    limits: [],
    inFlightMs: 10_000,
  });
  // It restarts; its counter of failures is not there until the first failure.
  for (const step of [[fine(1030, 100)], [fine(1060, 400), failed(1060, 45)]])
    ledger = addSamples(ledger, answer(...step)) as CounterLedger;
  expect(ledgerValue(ledger)).toEqual({ n: 445, value: 45 / 445 });
});
