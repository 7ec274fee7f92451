/** What is read has limits of size and time, whatever lies at a path. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { readBounded, readLines } from '../../../src/adapters/manifest/bounded-read.ts';
import { run } from '../../../src/cli/program.ts';
import { iter8ctl, testIo } from '../../support/test-io.ts';
import { testServer } from '../../support/test-server.ts';

const folder = () => mkdtempSync(path.join(tmpdir(), 'iter8ctl-bounded-'));
const fifo = (name: string): string => {
  const file = path.join(folder(), name);
  execFileSync('mkfifo', [file]);
  return file;
};
const all = async (lines: AsyncIterable<string>) => {
  const list: string[] = [];
  for await (const line of lines) list.push(line);
  return list;
};

it('a file is read whole up to its limit', async () => {
  const file = path.join(folder(), 'f');
  writeFileSync(file, Buffer.alloc(200_000, 'x'));
  expect(await readBounded(file, { maxBytes: 200_000 })).toHaveLength(200_000);
  await expect(readBounded(file, { maxBytes: 199_999 })).rejects.toThrow(/^has more than 195 KB$/);
  await expect(readBounded(path.dirname(file), { maxBytes: 1 })).rejects.toThrow(/^is a folder$/);
  await expect(readBounded('/dev/zero', { maxBytes: 1 })).rejects.toThrow(/^is a device, not a file$/);
  await expect(readBounded(`${file}2`, { maxBytes: 1 })).rejects.toThrow(/ENOENT/);
});

it('a pipe is read to its end, waited for, and bounded', async () => {
  const late = fifo('late');
  const writer = spawn('sh', ['-c', 'sleep 0.2; printf abc; sleep 0.1; printf def'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const through = spawn('sh', ['-c', `cat > ${late}`], { stdio: [writer.stdout, 'inherit', 'inherit'] });
  expect((await readBounded(late, { maxBytes: 100 })).toString()).toBe('abcdef');
  through.kill();
  await expect(readBounded(fifo('silent'), { maxBytes: 100, timeoutMs: 50 })).rejects.toThrow(
    /^is a pipe that does not end within 0.05 s$/,
  );
  const endless = fifo('endless');
  const zeros = spawn('sh', ['-c', `cat /dev/zero > ${endless}`], { stdio: 'ignore' });
  await expect(readBounded(endless, { maxBytes: 1_000_000 })).rejects.toThrow(/^has more than/);
  zeros.kill();
});

it('lines are split wherever chunks end, and none is longer than its limit', async () => {
  const file = path.join(folder(), 'f');
  const lines = Array.from({ length: 5_000 }, (_, i) => 'é'.repeat(i % 100));
  writeFileSync(file, lines.join('\r\n'));
  expect(await all(readLines(file, { maxBytes: 1e9, maxLine: 1_000 }))).toEqual(lines);
  truncateSync(file, 700_000_000);
  await expect(all(readLines(file, { maxBytes: 1e9, maxLine: 1_000_000 }))).rejects.toThrow(/^has a line of more than/);
});

it('a link is followed, or refused where it must not be', async () => {
  const dir = folder();
  writeFileSync(path.join(dir, 'f'), 'x\n');
  symlinkSync('f', path.join(dir, 'link'));
  expect(await all(readLines(path.join(dir, 'link'), { maxBytes: 9, maxLine: 9 }))).toEqual(['x']);
  await expect(readBounded(path.join(dir, 'link'), { maxBytes: 9, noLinks: true })).rejects.toThrow(/ELOOP/);
});

/** Whatever is given to `-f`: a sentence, in the words of a person. */
async function refusal(file: string, cwd = folder()): Promise<{ code: number; err: string }> {
  const { code, err } = await iter8ctl(['plan', '--local', '-f', file], { cwd });
  return { code, err };
}

it('-f takes no devices, no endless input, no URL without a host', async () => {
  expect(await refusal('/dev/zero')).toEqual({ code: 2, err: 'error: -f /dev/zero: is a device, not a file\n' });
  expect(await refusal('http://')).toEqual({ code: 2, err: 'error: -f http://: this is no URL\n' });
  const cwd = folder();
  symlinkSync('loop', path.join(cwd, 'loop'));
  expect(await refusal('loop', cwd)).toEqual({
    code: 2,
    err: 'error: -f loop: its symbolic links lead in a circle\n',
  });
  execFileSync('mkfifo', [path.join(cwd, 'x.yaml')]);
  expect((await refusal('.', cwd)).err).toMatch(
    /^error: -f \.: there is no \.yaml, \.yml or \.json file in this folder/,
  );
  const zeros = Readable.from(
    (function* endless() {
      for (;;) yield Buffer.alloc(1024 * 1024);
    })(),
  );
  const io = { ...testIo({ cwd }), stdin: Object.assign(zeros, { isTTY: false }) };
  expect(await run(['plan', '--local', '-f', '-'], io)).toBe(2);
  expect(io.err()).toBe('error: -f -: standard input has more than 30 MB\n');
});

it('-f of standard input that gives nothing ends', async () => {
  let passed = 0;
  const base = testIo({ cwd: folder() });
  const io = {
    ...base,
    stdin: Object.assign(new Readable({ read: () => undefined }), { isTTY: false }),
    clock: { ...base.clock, sleep: (ms: number) => Promise.resolve(void (passed += ms)) },
  };
  expect(await run(['plan', '--local', '-f', '-'], io)).toBe(2);
  expect(io.err()).toBe('error: -f -: standard input did not end within 5 min\n');
  expect(passed).toBe(300_000);
});

it('-f of a server that closes every connection ends with a sentence', async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const { code, err } = await refusal(`http://127.0.0.1:${port}/x`);
  server.close();
  expect({ code, err }).toEqual({
    code: 7,
    err: `error: -f http://127.0.0.1:${port}/x: the connection was closed before the answer ended (other side closed)\n`,
  });
});

it('-f of a URL sends its user and password to that server alone, follows redirects, and takes no endless answer', async () => {
  const seen: (string | undefined)[] = [];
  await using other = await testServer((request, response) => {
    seen.push(request.headers.authorization);
    const more = () => {
      while (response.write(Buffer.alloc(1024 * 1024, 32)));
      response.once('drain', more);
    };
    more();
  });
  await using server = await testServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(302, { Location: `${other.url}big` }).end();
  });
  const { code, err } = await refusal(server.url.replace('://', '://user:p%40ss@'));
  expect([code, err]).toEqual([7, expect.stringMatching(/^error: -f http:\/\/\*\*\*@.*: the answer has more than/)]);
  expect(seen).toEqual([`Basic ${Buffer.from('user:p@ss').toString('base64')}`, undefined]);
});

it('a manifest has so many documents, values and shown problems', async () => {
  const cwd = folder();
  const tried = async (text: string) => {
    writeFileSync(path.join(cwd, 'm.yaml'), text);
    return refusal('m.yaml', cwd);
  };
  expect((await tried('---\n'.repeat(2_000_000))).err).toMatch(/too many documents: more than 10,000/);
  const keys = Array.from({ length: 700_000 }, (_, i) => `k${i}: v\n`).join('');
  expect((await tried(keys)).err).toMatch(/too many values: more than 1,000,000/);
  expect((await tried('- a\n'.repeat(2_000_000))).err).toMatch(/too many values: more than 1,000,000/);
  const unknown = Array.from({ length: 5_000 }, (_, i) => `{"kind":"X${i}"}`).join(',\n');
  const { err } = await tried(`{"kind":"List","items":[${unknown}]}`);
  expect(err).toMatch(/\(5000 problems\)/);
  expect(err.split('\n')).toHaveLength(103);
  expect(err).toMatch(/\n {2}\.\.\. and 4,900 more\n$/);
});

it('a record is read up to a line that is none', async () => {
  const cwd = folder();
  writeFileSync(path.join(cwd, 'r.ndjson'), '');
  truncateSync(path.join(cwd, 'r.ndjson'), 600_000_000);
  const { code, err } = await iter8ctl(['replay', 'r.ndjson'], { cwd });
  expect([code, err]).toEqual([2, 'error: this record is damaged, or none: r.ndjson has a line of more than 32 MB\n']);
});
