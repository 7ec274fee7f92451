/** The real engine: what a program may take, and that the next one does not suffer from it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createJq } from '../../../src/adapters/metrics/jq.ts';
import { firstOf, inFull } from '../../support/search-depth.ts';
import { processCpuMs } from '../../support/test-io.ts';

const jq = createJq({ longestMs: 20_000, cpuMs: processCpuMs });
afterAll(() => jq.close());

const unharmed = async () => expect(await jq.first('{"a": [1, 2]}', '.a | add')).toEqual({ kind: 'result', text: '3' });

describe('programs of whoever may write a metric', () => {
  it.each(
    firstOf<[string, string, RegExp]>(2, [
      ['print a value that is too long', '"x" * 9000000', /prints more than a program may/],
      ['nest lists without an end', 'def f: [f]; f', /needs more memory than a program may have/],
      ['recur without an end', 'def f: 1 + f; f', /needs more memory than a program may have/],
      ['write a value that is nested too deeply', 'reduce range(100000) as $i (1; [.]) | tojson', /needs more memory/],
    ]),
  )('that %s end with a sentence', async (_what, program, message) => {
    expect(await jq.first('{}', program)).toEqual({
      kind: 'error',
      cause: 'limit',
      message: expect.stringMatching(message) as string,
    });
    await unharmed();
  });

  // What ends these is the time: without a bound on what is printed the whole process ran out of memory before.
  it.each([
    ['print', 'repeat(1)'],
    ['warn', 'def f: (1 | stderr) | f; f'],
  ])('that %s without an end run into the limit of time', async (_what, program) => {
    const hasty = createJq({ longestMs: 1_000, cpuMs: processCpuMs });
    expect(await hasty.first('{}', program)).toEqual({ kind: 'timeout', seconds: 1 });
    expect(await hasty.first('1', '.')).toEqual({ kind: 'result', text: '1' });
    await hasty.close();
  });

  it('may take long where the processor is busy with others, until others have waited long enough', async () => {
    const program = 'reduce range(300000) as $i (0; . + 1)';
    const starved = createJq({ longestMs: 1, longestWallMs: 60_000, cpuMs: () => 0 });
    expect(await starved.first('{}', program)).toEqual({ kind: 'result', text: '300000' });
    await starved.close();
    const impatient = createJq({ longestMs: 1, longestWallMs: 200, cpuMs: () => 0 });
    expect(await impatient.first('{}', 'last(repeat(1))')).toEqual({ kind: 'timeout', seconds: 0.2 });
    await impatient.close();
  });

  it('stay within their memory, however large the answer is', inFull, async () => {
    const objects = `[${'{},'.repeat(3_300_000)}{}]`;
    expect(await jq.first(objects, 'length')).toMatchObject({
      kind: 'error',
      message: expect.stringMatching(/memory/),
    });
    await unharmed();
    const rows = Array.from({ length: 100_000 }, (_, i) => ({ metric: { pod: `shop-${i}` }, value: [1.7e9, `${i}`] }));
    const answer = JSON.stringify({ data: { result: rows } });
    expect(await jq.first(answer, '[.data.result[].value[1] | tonumber] | add')).toEqual({
      kind: 'result',
      text: '4999950000',
    });
  });

  it('are programs, even where they look like an option', async () => {
    expect(await jq.first('[1, 2]', '-length')).toEqual({ kind: 'result', text: '-2' });
    expect(await jq.first('[1, 2]', '--version')).toMatchObject({ kind: 'error' });
    expect(await jq.first('[1, 2]', '-n')).toMatchObject({ kind: 'error' });
  });

  it('know nothing of the program that was there before', async () => {
    await jq.first('"secret of another"', '.');
    expect(await jq.first('1', '[., input_line_number]')).toEqual({ kind: 'result', text: '[1,0]' });
    expect(await jq.first('1', '[inputs]')).toEqual({ kind: 'result', text: '[]' });
  });
});

it('is limited in the WebAssembly itself, where nothing can go around it', async () => {
  const build: string = path.resolve('scripts/bounded-jq.mjs');
  const { limitMemory } = (await import(build)) as { limitMemory: (wasm: Uint8Array, megabytes: number) => Uint8Array };
  const plain = readFileSync('node_modules/jq-web/jq.wasm');
  expect(Buffer.from(limitMemory(plain, 256)).equals(readFileSync('dist/jq.wasm'))).toBe(true);
  expect(() => limitMemory(plain, 4096)).toThrow(/cannot be limited/);
});
