/**
 * Results of vegeta: `vegeta encode --to json` and `--to csv`.
 *
 * Source: vegeta v12.13.0, README "encode command": CSV has no heading, and the columns timestamp (ns since 1970), code, latency
 * (ns), bytes out, bytes in, error, body (base64), attack, sequence number, method, URL, headers (base64). A hit without an answer
 * has the code 0 and an error.
 */
import { parseObject, readLineBatches, textOf, type LineResult } from '../lines.ts';
import { failureClass } from '../failure-texts.ts';
import { latency, outcomeOf, type FormatFacts, type ResultFormat } from '../measured-request.ts';
import { readRowBatches, wholeNumber, type Cell } from '../rows.ts';

const FACTS: FormatFacts = {
  model: 'open',
  isDrained: true,
  startErrorMs: 0,
  isDated: true,
  remark:
    'vegeta times a request from its actual send: what it waited before is not in its latency; an attack with -rate 0 or too few workers is a closed loop: --model closed',
};

function requestOf(hit: {
  readonly startMs: number;
  readonly latencyNs: number;
  readonly code: string;
  readonly error: string;
  readonly field: (name: string) => string | undefined;
}): LineResult {
  const times = latency(hit.latencyNs / 1e6);
  if (times === undefined || !Number.isFinite(hit.startMs)) return 'no timestamp and latency';
  return { startMs: hit.startMs, ...times, ...outcomeOf(hit.code, failureClass(hit.error)), field: hit.field };
}

/** Attacks of one file that are distinguished by their names. */
const MOST_ATTACKS = 10_000;

/** Hits are numbered from 0, attack by attack: a number that was used shows how many there must be. */
class Numbers {
  readonly #attacks = new Map<string, { readonly n: number; readonly needed: number }>();

  see(attack: string, seq: string | undefined): void {
    const { n, needed } = this.#attacks.get(attack) ?? { n: 0, needed: 0 };
    if (n === 0 && this.#attacks.size >= MOST_ATTACKS) return;
    const used = seq !== undefined && /^\d{1,15}$/.test(seq) ? Number(seq) + 1 : 0;
    this.#attacks.set(attack, { n: n + 1, needed: Math.max(needed, used) });
  }

  isIncomplete(): boolean {
    return [...this.#attacks.values()].some(({ n, needed }) => n < needed);
  }
}

export const vegetaJson: ResultFormat = {
  name: 'vegeta-json',
  title: 'vegeta, JSON',
  facts: FACTS,
  recognises: (head) => /^\s*\{"attack":/.test(head) || (/"latency":\d+/.test(head) && /"bytes_in":/.test(head)),
  read: (chunks) => {
    const numbers = new Numbers();
    const lineOf = (line: string): LineResult => {
      const hit = parseObject(line);
      if (hit === undefined) return 'not a JSON object';
      numbers.see(textOf(hit, 'attack') ?? '', textOf(hit, 'seq'));
      return requestOf({
        startMs: Date.parse(textOf(hit, 'timestamp') ?? ''),
        latencyNs: typeof hit['latency'] === 'number' ? hit['latency'] : Number.NaN,
        code: textOf(hit, 'code') ?? '',
        error: textOf(hit, 'error') ?? '',
        field: (name) => textOf(hit, name),
      });
    };
    return readLineBatches(chunks, lineOf, { isIncomplete: () => numbers.isIncomplete() });
  },
};

const COLUMNS = [
  'timestamp',
  'code',
  'latency',
  'bytes_out',
  'bytes_in',
  'error',
  'body',
  'attack',
  'seq',
  'method',
  'url',
  'headers',
];

export const vegetaCsv: ResultFormat = {
  name: 'vegeta-csv',
  title: 'vegeta, CSV',
  facts: FACTS,
  recognises: (head) => /^\d{18,19},\d{1,3},\d+,\d+,\d+,/.test(head),
  read: (chunks) => {
    const numbers = new Numbers();
    const rowOf = (cell: Cell): LineResult => {
      numbers.see(cell('attack') ?? '', cell('seq'));
      return requestOf({
        startMs: wholeNumber(cell('timestamp')) / 1e6,
        latencyNs: wholeNumber(cell('latency')),
        code: cell('code') ?? '',
        error: cell('error') ?? '',
        field: cell,
      });
    };
    return readRowBatches(chunks, { columns: COLUMNS, needed: [] }, rowOf, {
      isIncomplete: () => numbers.isIncomplete(),
    });
  },
};
