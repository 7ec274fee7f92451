/** `aa`: a run compared with itself. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { displayWidth } from '../../src/text/width.ts';
import { iter8ctl } from '../support/test-io.ts';
import { seeded } from '../support/seeded.ts';

const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-aa-'));

interface Answer {
  readonly answer: string;
  readonly falseAlarms: number;
  readonly rows: readonly { readonly metric: string; readonly noise: number; readonly detectable: number | null }[];
  readonly run: { readonly requests: number };
}

/** Lines of vegeta, ten a second; `msOf` a request. */
function vegeta(name: string, n: number, msOf: (k: number, random: () => number) => number): string {
  const random = seeded(4);
  const lines = Array.from({ length: n }, (_, k) => {
    const timestamp = new Date(1_700_000_000_000 + k * 100).toISOString();
    const latency = Math.round(msOf(k, random) * 1e6);
    return `${JSON.stringify({ attack: '', seq: k, code: random() < 0.02 ? 503 : 200, timestamp, latency, bytes_out: 0, bytes_in: 1, error: '' })}\n`;
  });
  writeFileSync(path.join(cwd, name), lines.join(''));
  return name;
}

async function aa(...args: string[]): Promise<Answer & { readonly code: number }> {
  const { code, out, err } = await iter8ctl(['aa', ...args, '-o', 'json'], { cwd });
  expect(err).toBe('');
  return { code, ...(JSON.parse(out) as Answer) };
}

const steady = vegeta('steady.json', 1200, (_, random) => 20 + 20 * random());

it('has no more false alarms than chance allows where nothing differs, and says what would be shown', async () => {
  const found = await aa(steady, '--splits', '60', '--percentiles', '50');
  expect(found).toMatchObject({ code: 0, answer: 'within', run: { requests: 1200 } });
  expect(found.falseAlarms).toBeLessThanOrEqual(3);
  const p50 = found.rows.find(({ metric }) => metric === 'p50')!;
  expect(p50.noise).toBeGreaterThan(0);
  expect(p50.detectable).toBeGreaterThan(p50.noise);
  expect(await aa(steady, '--splits', '60', '--percentiles', '50')).toEqual(found);
});

it('shows that requests near in time are too much alike', async () => {
  // Minutes of slow and of fast requests: whichever half has more of the slow ones is slower.
  const waves = vegeta('waves.json', 6000, (k, random) => (k % 1000 < 500 ? 20 : 60) + random());
  const found = await aa(waves, '--splits', '40', '--piece', '50s', '--percentiles', '50');
  expect(found).toMatchObject({ code: 1, answer: 'more' });
  expect((await aa(waves, '--splits', '40', '--percentiles', '50')).answer).toBe('within');
});

it('leaves open what so few requests cannot tell', async () => {
  const few = vegeta('few.json', 12, () => 20);
  expect(await aa(few)).toMatchObject({ code: 3, answer: 'open', falseAlarms: 0 });
  const { code, err } = await iter8ctl(['aa'], { cwd });
  expect([code, err]).toEqual([2, expect.stringMatching(/give a file, or --url/)]);
});

it('sends the load itself, and leaves nothing behind', async () => {
  const server = createServer((_, response) => response.end('ok'));
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
  const { port } = server.address() as { port: number };
  const load = ['--qps', '200', '--requests', '60', '--percentiles', '50', '--splits', '20'];
  const { code, out } = await iter8ctl(
    ['aa', '--url', `http://me:hunter2@127.0.0.1:${port}/`, ...load, '-o', 'json', '--report', 'markdown=aa.md'],
    { cwd },
  );
  server.close();
  expect(JSON.parse(out)).toMatchObject({ kind: 'SelfComparison', run: { requests: 60 } });
  expect([0, 3]).toContain(code);
  expect(out + readFileSync(path.join(cwd, 'aa.md'), 'utf8')).not.toContain('hunter2');
  expect(readdirSync(cwd)).not.toContain('.iter8');
});

it('fits into every width', async () => {
  for (const columns of [40, 80]) {
    const { out } = await iter8ctl(['aa', steady, '--splits', '20', '--percentiles', '50'], { cwd, columns });
    for (const line of out.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
  }
});
