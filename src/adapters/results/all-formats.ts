/** The formats that are read, in the order in which a file is tried: the first that recognises its beginning. */
import { UsageError } from '../../errors.ts';
import { envoy, nginx } from './formats/access-log.ts';
import { fortio } from './formats/fortio.ts';
import { gatling } from './formats/gatling.ts';
import { ghz } from './formats/ghz.ts';
import { hey } from './formats/hey.ts';
import { jmeterCsv, jmeterXml } from './formats/jmeter.ts';
import { jsonLines } from './formats/json-lines.ts';
import { k6Csv, k6Json } from './formats/k6.ts';
import { vegetaCsv, vegetaJson } from './formats/vegeta.ts';
import type { ResultFormat } from './measured-request.ts';

export const FORMATS: readonly ResultFormat[] = [
  k6Json,
  k6Csv,
  vegetaJson,
  vegetaCsv,
  hey,
  jmeterCsv,
  jmeterXml,
  ghz,
  gatling,
  fortio,
  nginx,
  envoy,
  jsonLines,
];

/** @throws UsageError when it is none of them */
export function recogniseFormat(head: Buffer, shown: string): ResultFormat {
  const text = head.toString('utf8');
  const found = FORMATS.find((format) => format.recognises(text));
  if (found !== undefined) return found;
  // vegeta writes the encoding of Go's gob by default.
  const isGob = head.includes('Attack') && head.includes('Latency');
  throw new UsageError(`${shown} is in no format that is known here`, {
    hint: isGob
      ? 'vegeta encode --to json turns what vegeta attack writes into lines that can be read'
      : `--format names it (${FORMATS.map(({ name }) => name).join(', ')})`,
  });
}
