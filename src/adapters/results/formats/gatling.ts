/**
 * Results of Gatling: `simulation.log` in text, as Gatling 3.3 to 3.10 write it. Newer ones write it in binary, which is refused.
 *
 * Source: Gatling 3.10, gatling-core, DataWriterMessageSerializer of LogFileDataWriter: fields between tabs, `REQUEST`, groups, name,
 * start and end in ms since 1970, `OK` or `KO`, message. The file has no codes: a KO is a check that failed, or no answer. The message of
 * a check quotes what it has read; where there was no answer it is that of an exception: "j.n.ConnectException: Connection refused",
 * "Request timeout after 60000 ms", "Premature close".
 */
import { readLineBatches, type LineResult } from '../lines.ts';
import { failureClass } from '../failure-texts.ts';
import { latency, type Batch, type ResultFormat } from '../measured-request.ts';

export const gatling: ResultFormat = {
  name: 'gatling',
  title: 'Gatling, simulation.log',
  // A redirect that it follows is a line of its own.
  facts: { model: 'unknown', isDrained: true, startErrorMs: 1, isDated: true, recordsHops: true },
  recognises: (head) => /^(?:ASSERTION\t[^\n]*\n)*RUN\t/.test(head),
  read: readSimulation,
};

async function* readSimulation(chunks: AsyncIterable<Buffer>): AsyncGenerator<Batch> {
  let underWay = 0;
  const lineOf = (line: string): LineResult => {
    const [, end] = /^USER\t[^\t]*\t(?:\d+\t)?(START|END)\t/.exec(line) ?? [];
    if (end !== undefined) underWay += end === 'START' ? 1 : -1;
    return requestOf(line);
  };
  // What a user had sent who has not ended is in no line.
  yield* readLineBatches(chunks, lineOf, { isIncomplete: () => underWay > 0 });
}

const NO_ANSWER = /^(?:(?:\w+\.)+\w*(?:Exception|Error)\b|Request timeout|Premature close)/i;

function requestOf(line: string): LineResult {
  const fields = line.split('\t');
  if (fields[0] !== 'REQUEST') {
    return /^(RUN|USER|GROUP|ERROR|ASSERTION)$/.test(fields[0]!) ? undefined : 'no record of Gatling';
  }
  const [, group, name, start = '', end = '', result, message = ''] = fields;
  const isTimed = /^\d{10,}$/.test(start) && /^\d{10,}$/.test(end);
  const times = isTimed ? latency(Number(end) - Number(start), { below: 1, above: 1 }) : undefined;
  if (times === undefined || (result !== 'OK' && result !== 'KO')) return 'no start, end and OK or KO';
  const isOk = result === 'OK';
  // "status.find.is(200), but actually found 503"
  const code = /\bfound (\d{3})\b/.exec(message)?.[1];
  const failure = NO_ANSWER.test(message) ? failureClass(message) : 'other';
  const named: Readonly<Record<string, string | undefined>> = { group, name, result };
  return {
    startMs: Number(start),
    ...times,
    code: isOk ? 'OK' : (code ?? failure),
    // A check that failed has read an answer, and does not always say so.
    unanswered: isOk || code !== undefined ? false : failure === 'other' ? 'perhaps' : true,
    error: !isOk,
    field: (field) => (Object.hasOwn(named, field) ? named[field] : undefined),
  };
}
