/** `judge`: the same requests, in the formats of several tools, in any order, in one file or in several. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { judged, written, type Answer } from '../support/judged-files.ts';
import { SENT, WRITERS, type Sent } from '../support/same-requests.ts';

/** That nothing is missing, and what is not in every format. */
const KNOWN = ['--missing', '0', '--model', 'open', '--timeout', '30s'];
const OBJECTIVES = ['p90<=100ms', 'p50<=40ms', 'mean<=60ms', 'error-rate<=10%', 'error-count<=5'].flatMap((slo) => [
  '--slo',
  slo,
]);

let files = 0;

async function ask(format: string, texts: readonly (string | Buffer)[], flags = KNOWN): Promise<Answer> {
  const names = texts.map((text) => written(`same-${(files += 1)}`, text));
  const [name = '', ...unit] = format.split(' ');
  const fields =
    name === 'json-lines' ? ['--fields', `status=status,duration=duration${unit.join('')},start=start`] : [];
  return judged(...names, '--format', name, ...fields, ...OBJECTIVES, ...flags);
}

const verdicts = ({ objectives }: Answer) => objectives.map(({ verdict }) => verdict);
/** What does not depend on the order in which numbers are added up. */
const counted = ({ objectives, observations }: Answer) => ({
  rows: objectives.map(({ metric, verdict, reason, n, count }) => ({ metric, verdict, reason, n, count })),
  observations,
});

it('gives no verdict in one format that the same requests do not get in an exact one', async () => {
  await fc.assert(
    fc.asyncProperty(SENT, async (sent) => {
      const exact = verdicts(await ask('vegeta-json', [WRITERS['vegeta-json']!(sent)]));
      for (const [format, write] of Object.entries(WRITERS)) {
        const found = await ask(format, [write(sent)]);
        expect(found.observations, format).toMatchObject([{ requests: sent.length }]);
        for (const [row, verdict] of verdicts(found).entries())
          expect([verdict === 'undecided' ? exact[row] : verdict, row, format]).toEqual([exact[row], row, format]);
      }
    }),
    { numRuns: 10 },
  );
});

const formats = fc.constantFrom(...Object.keys(WRITERS));

it('gives the same verdicts whatever the order, the number of files, the ends of lines and the packing', async () => {
  await fc.assert(
    fc.asyncProperty(SENT, formats, fc.gen(), async (sent, format, gen) => {
      const write = WRITERS[format]!;
      const whole = counted(await ask(format, [write(sent)]));
      const shuffled = gen(fc.shuffledSubarray, sent, { minLength: sent.length });
      expect(counted(await ask(format, [write(shuffled)])), format).toEqual(whole);
      const windows = write(sent).replaceAll('\n', '\r\n');
      expect(counted(await ask(format, [gzipSync(windows)])), format).toEqual(whole);
      // Hits of vegeta are numbered by attack: a part of a file shows that others are missing.
      const at = gen(fc.integer, { min: 1, max: sent.length });
      const parts = [sent.slice(at), sent.slice(0, at)].filter(({ length }) => length > 0).map(write);
      expect(counted(await ask(format, new Set(parts).size < parts.length ? [write(sent)] : parts)), format).toEqual(
        whole,
      );
    }),
    { numRuns: 40 },
  );
});

it('counts each request once: judged, left out at an end, of another version, or not to be read', async () => {
  await fc.assert(
    fc.asyncProperty(SENT, fc.constantFrom('k6-json', 'k6-csv', 'nginx', 'envoy'), async (sent, format) => {
      const field = format.startsWith('k6') ? 'status' : 'path';
      const split = field === 'status' ? 'status=200,503' : 'path=/a,/b';
      const answer = await ask(format, [WRITERS[format]!(sent)], ['--timeout', '5s', '--split-by', split]);
      const told = answer.warnings.reduce((sum, text) => {
        const [, n] = /^([\d,]+) requests? (?:is|are|has|have) (?:left out|none of these)/.exec(text) ?? [];
        return sum + (n === undefined ? 0 : Number(n.replaceAll(',', '')));
      }, 0);
      const judgedNow = answer.observations.reduce((sum, { requests }) => sum + requests, 0);
      expect(told + judgedNow, format).toBe(sent.length);
    }),
    { numRuns: 30 },
  );
});

it('is not turned from violated to satisfied, nor from open, by requests that failed or were slow', async () => {
  const worse = fc.constantFrom<Pick<Sent, 'ms' | 'status'>>({ ms: 9000, status: 503 }, { ms: 9000, status: 0 });
  await fc.assert(
    fc.asyncProperty(SENT, formats, worse, fc.integer({ min: 1, max: 60 }), async (sent, format, bad, times) => {
      const before = await ask(format, [WRITERS[format]!(sent)]);
      const more = Array.from({ length: times }, (_, k): Sent => ({ atMs: 60_000 + k, path: '/a', ...bad }));
      const after = verdicts(await ask(format, [WRITERS[format]!([...sent, ...more])]));
      for (const [row, { verdict }] of before.objectives.entries())
        if (verdict !== 'satisfied') expect([format, row, after[row]]).not.toEqual([format, row, 'satisfied']);
    }),
    { numRuns: 30 },
  );
});
