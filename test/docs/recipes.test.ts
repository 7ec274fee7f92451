/** docs/recipes.md: every command and manifest of the page, word for word, against servers that behave as each recipe says. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/io.ts';
import { sectionsOfPage, shows, type PageCommand } from '../support/docs/page.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { inFull } from '../support/search-depth.ts';
import { iter8ctl } from '../support/test-io.ts';
import { ok, testServer } from '../support/test-server.ts';

const root = path.join(import.meta.dirname, '../..');
const sections = sectionsOfPage(readFileSync(path.join(root, 'docs/recipes.md'), 'utf8'));

type Answer = (request: IncomingMessage, response: ServerResponse, k: number) => void;
/** What stands behind the two addresses of the page in one recipe. */
interface Setting {
  /** http://127.0.0.1:8080/ */
  readonly service?: Answer;
  /** http://127.0.0.1:9090: a Prometheus, by the clock of the command. */
  readonly prometheus?: (clock: Clock) => Answer;
}

const fails =
  (is: (k: number) => boolean): Answer =>
  (_, response, k) => {
    if (is(k)) response.statusCode = 503;
    response.end('ok');
  };

const result = (response: ServerResponse, resultType: 'vector' | 'matrix', series: readonly object[]) =>
  void response
    .writeHead(200, { 'Content-Type': 'application/json' })
    .end(JSON.stringify({ status: 'success', data: { resultType, result: series } }));

const SCRAPE_SECONDS = 15;
const LABELS = { job: 'default/prices-v2', http_response_status_code: '200' };

/** Raw samples of one histogram in seconds: `share` of the requests took at most so long. The service is a day old. */
const counting =
  (perSecond: number, share: Readonly<Record<string, number>> = { '+Inf': 1 }) =>
  (clock: Clock): Answer => {
    const began = Math.floor(clock.now() / 1000) - 86_400;
    return (request, response) => {
      const query = new URL(request.url!, 'http://x').searchParams.get('query')!;
      const lookback = Number(/\[(\d+)s\]$/.exec(query)![1]);
      const now = clock.now() / 1000;
      const last = Math.floor(now / SCRAPE_SECONDS) * SCRAPE_SECONDS;
      const times: number[] = [];
      for (let at = last; at >= now - lookback; at -= SCRAPE_SECONDS) times.unshift(at);
      const values = (of: number) =>
        times.map((at) => [at, String(Math.floor(Math.floor((at - began) * perSecond) * of))]);
      const name = 'http_server_request_duration_seconds';
      const series = query.includes('(_bucket)?')
        ? Object.entries(share).map(([le, of]) => ({
            metric: { __name__: `${name}_bucket`, ...LABELS, le },
            values: values(of),
          }))
        : [{ metric: { __name__: `${name}_count`, ...LABELS }, values: values(1) }];
      result(response, 'matrix', series);
    };
  };

/** No traffic: a division of rates is NaN, a raw counter stands still. */
const idle = (clock: Clock): Answer => {
  const still = counting(0)(clock);
  return (request, response, k) =>
    /[?&]query=sum/.test(request.url!)
      ? result(response, 'vector', [{ metric: {}, value: [clock.now() / 1000, 'NaN'] }])
      : still(request, response, k);
};

const SETTINGS: Readonly<Record<string, Setting>> = {
  'No data': { prometheus: () => (_, response) => result(response, 'vector', []) },
  NaN: { prometheus: idle },
  'Low traffic': { prometheus: counting(1) },
  'One stray 5xx': { service: fails((k) => k === 300) },
  'Choosing a limit': { service: ok },
  'How many requests': { service: ok },
  'Percentiles on coarse buckets': {
    prometheus: counting(20, { '0.25': 0.9, '0.5': 1, '+Inf': 1 }),
  },
  'Cold starts': { service: fails((k) => k < 50) },
  gRPC: {},
};
/** Files of an earlier recipe, or of another tool. */
const BROUGHT: Readonly<Record<string, (folder: string, toReal: (text: string) => string) => void>> = {
  NaN: (folder, toReal) => {
    for (const step of sections[0]!.steps)
      if (step.kind === 'file') writeFileSync(path.join(folder, step.name), toReal(step.text));
  },
  gRPC: (folder) => copyFileSync(path.join(root, 'test/fixtures/results/ghz.json'), path.join(folder, 'ghz.json')),
};

/** The words of a command line as bash reads them, and the file that its output goes to. */
function words(line: string): { readonly argv: readonly string[]; readonly file?: string } {
  const [, command, file] = /^iter8ctl (.*?)(?: > ([\w.-]+))?$/.exec(line)!;
  const printed = execFileSync('bash', ['-c', `printf '%s\\0' ${command}`], { encoding: 'utf8' });
  return { argv: printed.split('\0').slice(0, -1), ...(file === undefined ? {} : { file }) };
}

describe('docs/recipes.md', inFull, () => {
  it('has a setting for each recipe', () => {
    expect(sections.map(({ title }) => title)).toEqual(Object.keys(SETTINGS));
  });

  it.concurrent.each(sections)('$title', async ({ title, steps }) => {
    const { service = ok, prometheus } = SETTINGS[title]!;
    const clock = prometheus === undefined ? undefined : fakeClock(Date.now());
    // Each command meets the service as the page says it is: just started, for instance.
    let k = 0;
    await using shop = await testServer((request, response) => service(request, response, k++));
    await using backend = await testServer(prometheus?.(clock!) ?? ok);
    const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-recipe-'));

    const toReal = (text: string) =>
      text
        .replaceAll('127.0.0.1:8080', `127.0.0.1:${shop.port}`)
        .replaceAll('127.0.0.1:9090', `127.0.0.1:${backend.port}`);
    BROUGHT[title]?.(folder, toReal);
    const perform = async ({ line, code, shown }: PageCommand) => {
      if (!line.startsWith('iter8ctl ')) return void execFileSync('bash', ['-ec', line], { cwd: folder });
      k = 0;
      const { argv, file } = words(toReal(line));
      const ran = await iter8ctl(argv, { cwd: folder, ...(clock === undefined ? {} : { clock }) });
      expect(ran.code, `${line}\n${ran.out}${ran.err}`).toBe(code);
      if (file !== undefined) writeFileSync(path.join(folder, file), ran.out);
      expect(shows(ran.out, shown), `${line}\nshould print\n${shown.join('\n')}\nand prints\n${ran.out}`).toBe(true);
    };
    for (const step of steps)
      if (step.kind === 'command') await perform(step);
      else writeFileSync(path.join(folder, step.name), toReal(step.text));
    rmSync(folder, { recursive: true });
  });
});
