/**
 * Whatever came from a secret, from the userinfo of a URL, or from a field named like a credential, is in no output and in no
 * file that a run leaves: canaries in every place that may hold one, and a backend that answers with all that it was sent, in
 * every encoding.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { kubeEventsOf } from '../../src/report/kube-events.ts';
import type { Event } from '../../src/drive/events.ts';
import { folderWith, liveExperiment, metricObject } from '../support/live-manifest.ts';
import { iter8ctl } from '../support/test-io.ts';
import { testServer } from '../support/test-server.ts';
import { runs } from '../support/search-depth.ts';

/** Each form is written by a function of its own, not by what hides it. */
const html = (text: string) => text.replaceAll(/[^\w]/g, (char) => `&#${char.codePointAt(0)};`);
const NAMED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
const ENCODINGS: readonly ((text: string) => string)[] = [
  (text) => text,
  encodeURIComponent,
  (text) => encodeURIComponent(text).toLowerCase(),
  (text) => new URLSearchParams([['', text]]).toString().slice(1),
  (text) => JSON.stringify(text).slice(1, -1),
  (text) => JSON.stringify(JSON.stringify(text)).slice(3, -3),
  html,
  (text) => text.replaceAll(/[&<>"']/g, (char) => NAMED[char]!),
  (text) => text.replaceAll(/[^\w]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
  (text) => Buffer.from(text).toString('hex'),
  (text) => Buffer.from(text).toString('hex').toUpperCase(),
  (text) => Buffer.from(text).toString('base64url'),
  ...[0, 1, 2].map(
    (before) => (text: string) =>
      Buffer.from(`${'x'.repeat(before)}${text}`)
        .toString('base64')
        .slice(before === 0 ? 0 : before + 1, -4),
  ),
];

function expectNothingOf(canaries: readonly string[], text: string, where: string): void {
  for (const canary of canaries)
    for (const encode of ENCODINGS) {
      const form = encode(canary);
      const at = text.indexOf(form);
      if (at >= 0) expect.fail(`${where} shows ${canary}: ${text.slice(Math.max(0, at - 200), at + form.length)}`);
    }
}

/** Says all that it was sent, in the encoding of its path. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const encode = ENCODINGS[Number(/^\/(\d+)/.exec(request.url ?? '')?.[1] ?? 0)]!;
    const { authorization = '', 'x-query-key': key = '', 'x-other': other = '' } = request.headers;
    const basic = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();
    const url = new URL(request.url ?? '', 'http://x');
    const sent = [authorization, basic, key, other, ...url.searchParams.values(), decodeURIComponent(url.pathname)];
    response.statusCode = 403;
    // Short enough that nothing is cut, one after another.
    response.end(
      `denied: ${encode(
        sent
          .map(String)
          .filter((one) => one !== '')
          .join(' '),
      )}`,
    );
  });
}

/** What a file says that a command wrote: of an experiment its status, since its spec is the user's own. */
function writtenIn(cwd: string): string {
  const files = readdirSync(path.join(cwd, '.iter8'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(ya?ml|ndjson|json)$/.test(file),
  );
  return files
    .filter((file) => !/^(secrets|metrics)/.test(file))
    .map((file) => {
      const text = readFileSync(path.join(cwd, '.iter8', file), 'utf8');
      if (!file.startsWith('experiments')) return text;
      const { status } = load(text) as { status?: unknown };
      return JSON.stringify(status);
    })
    .join('\n');
}

const REPORTS = ['markdown', 'html', 'junit'];

async function expectHidden(cwd: string, name: string, canaries: readonly string[]): Promise<void> {
  for (const args of [
    ['plan', '--local', '-f', 'all.json'],
    ['plan', '--local', '-f', 'all.json', '-o', 'json'],
    [
      'run',
      '--local',
      '-f',
      'all.json',
      '-o',
      'ndjson',
      ...REPORTS.flatMap((one) => ['--report', `${one}=run.${one}`]),
    ],
    ['describe', name, '--local'],
    ['describe', name, '--local', '-o', 'json'],
    ['describe', name, '--local', '-o', 'yaml'],
    ['describe', name, '--local', '-o', 'raw'],
    ['replay', `.iter8/records/default/${name}.ndjson`],
    ['assert', name, '--local', '-c', 'winnerFound'],
    ['get', name, '--local', '-o', 'raw'],
    ['get', name, '--local', '-o', 'jsonpath={$}'],
    ['get', name, '--local', '-o', 'custom-columns=SPEC:.spec,ANNOTATIONS:.metadata.annotations'],
    ['debug', name, '--local'],
    ['get', '--local'],
    ['get', '--local', '-o', 'json'],
    ['watch', name, '--local'],
  ]) {
    const { code, out, err } = await iter8ctl(args, { cwd });
    expect(code, `${args.join(' ')}: ${err}`).not.toBe(70);
    expect(`${out}${err}`, args.join(' ')).not.toBe('');
    expectNothingOf(canaries, `${out}\n${err}`, args.join(' '));
    if (args.includes('ndjson'))
      for (const line of out.trim().split('\n'))
        for (const { message } of kubeEventsOf(JSON.parse(line) as Event, 't'))
          expectNothingOf(canaries, message, 'an event of Kubernetes');
  }
  expectNothingOf(canaries, writtenIn(cwd), 'the folder');
  for (const one of REPORTS)
    expectNothingOf(canaries, readFileSync(path.join(cwd, `run.${one}`), 'utf8'), `run.${one}`);
}

/** Characters that some encoding changes, after something by which it is found. */
const canary = (kind: string, unit: string) =>
  fc
    .string({ unit: fc.constantFrom(...unit.split('')), minLength: 6, maxLength: 14 })
    .map((text) => `${kind}${text.replaceAll(' ', '_')}end`);
const ANY = `aZ09+/=&?#%"'\\<>:;@,$!~|.é`;
const IN_HEADER = ANY.replace('é', '').replace('$', '');
const PLAIN = 'aZ09-_.~';

it('an object that kubectl applied is JSON when it is printed, whatever its URL', async () => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-applied-'));
  const experiment = liveExperiment({ criteria: {} });
  // The manifest as text, as `kubectl apply` leaves it.
  const applied = JSON.stringify({ url: 'http://shop.example/?api_key=QUERY1234', name: 'v1' });
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': applied };
  const object = { ...experiment, metadata: { name: 'e', annotations } };
  writeFileSync(path.join(cwd, 'e.json'), JSON.stringify(object));
  const { out, err } = await iter8ctl(['describe', '-f', 'e.json', '-o', 'raw'], { cwd });
  expect(JSON.parse(out), err).toMatchObject({
    metadata: {
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': applied.replace('QUERY1234', '***'),
      },
    },
  });
});

describe('secrets', () => {
  it('of metrics are shown and stored nowhere, whatever they are and whatever echoes them', async () => {
    await using backend = await testServer(echo);
    let encoding = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          token: canary('TOKEN', IN_HEADER),
          password: canary('PASSW', ANY.replace(':', '')),
          inQuery: canary('QUERY', ANY),
          inPath: canary('PATHS', PLAIN + '+=&"'),
          header: canary('HEADR', PLAIN + '+/='),
          param: canary('PARAM', ANY.replace('$', '')),
          url: canary('URLTK', PLAIN),
          userinfo: canary('UINFO', PLAIN),
        }),
        async (c) => {
          const at = `${backend.url}${encoding++ % ENCODINGS.length}`;
          const common = { type: 'Gauge', jqExpression: '.' };
          const metrics = {
            bearer: {
              secret: 'default/cred',
              authType: 'Bearer',
              headerTemplates: [{ name: 'Authorization', value: 'Bearer ${token}' }],
              urlTemplate: at,
            },
            basic: { secret: 'default/cred', authType: 'Basic', urlTemplate: at },
            templated: { secret: 'default/cred', urlTemplate: `${at}/\${inPath}?k=\${inQuery}` },
            literal: {
              headerTemplates: [
                { name: 'X-Query-Key', value: c.header },
                { name: 'X-Other', value: `Other ${c.header}2` },
              ],
              params: [{ name: 'api_key', value: c.param }],
              urlTemplate: `${at}?access_token=${c.url}`,
            },
            userinfo: { urlTemplate: at.replace('http://', `http://user:${c.userinfo}@`) },
            refused: { urlTemplate: `http://user:${c.userinfo}@127.0.0.1:1/`, params: [{ name: 'q', value: 'x' }] },
          };
          const cwd = folderWith([
            liveExperiment({
              criteria: { objectives: Object.keys(metrics).map((metric) => ({ metric, upperLimit: '1' })) },
            }),
            ...Object.entries(metrics).map(([name, spec]) => metricObject(name, { ...common, ...spec })),
          ]);
          mkdirSync(path.join(cwd, '.iter8/secrets/default'), { recursive: true });
          writeFileSync(
            path.join(cwd, '.iter8/secrets/default/cred.yaml'),
            JSON.stringify({
              apiVersion: 'v1',
              kind: 'Secret',
              metadata: { name: 'cred', namespace: 'default' },
              stringData: {
                token: c.token,
                username: 'me',
                password: c.password,
                inQuery: c.inQuery,
                inPath: c.inPath,
              },
            }),
            { mode: 0o600 },
          );
          await expectHidden(cwd, 'e', Object.values(c));
        },
      ),
      { numRuns: ENCODINGS.length, endOnFailure: true },
    );
  });

  it('of a load are shown and stored nowhere when it fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ password: canary('UINFO', PLAIN), key: canary('PARAM', PLAIN), header: canary('HEADR', PLAIN) }),
        async ({ password, key, header }) => {
          const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-secrets-'));
          const url = `http://user:${password}@127.0.0.1:1/?api_key=${key}`;
          const collect = {
            task: 'metrics/collect',
            with: {
              numQueries: 5,
              qps: 50,
              headers: { Authorization: `Bearer ${header}` },
              versions: [{ name: 'v1', url }],
            },
          };
          const experiment = liveExperiment({
            criteria: {
              objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.5' }],
              strength: { extend: false },
            },
          }) as { spec: { strategy: object } };
          experiment.spec.strategy = { testingPattern: 'Conformance', actions: { start: [collect] } };
          writeFileSync(path.join(cwd, 'all.json'), JSON.stringify(experiment));
          await expectHidden(cwd, 'e', [password, key, header]);
        },
      ),
      { numRuns: runs(3), endOnFailure: true },
    );
  });

  it('are not repeated by what refuses a manifest or cannot read one', async () => {
    const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-secrets-'));
    const manifest = (collect: object) => {
      const experiment = liveExperiment({ criteria: {} }) as { spec: { strategy: object } };
      experiment.spec.strategy = {
        testingPattern: 'Conformance',
        actions: { start: [{ task: 'metrics/collect', with: collect }] },
      };
      return JSON.stringify(experiment);
    };
    for (const collect of [
      { versions: [{ name: 'v1', url: 'http://user:CANARY0123@127.0.0.1:99999/' }] },
      { versions: [{ name: 'v1', url: `http://user:CANARY0123${'x'.repeat(80)}@127.0.0.1:99999/` }] },
      { versions: [{ name: 'v1', url: 'user:CANARY0123@127.0.0.1/' }] },
      { versions: [{ name: 'v1', url: 'http://user:CANARY0123/x@h/' }] },
      { versions: [{ name: 'v1', url: 'http://h/', headers: { Authorization: 'Bearer CANARY0123\n' } }] },
      { versions: [{ name: 'v1', url: 'http://h/', headers: { 'X-Api-Key': ['CANARY0123'] } }] },
      { payloadURL: 'ftp://user:CANARY0123@h/?token=CANARY0123', versions: [{ name: 'v1', url: 'http://h/' }] },
    ]) {
      writeFileSync(path.join(cwd, 'm.json'), manifest(collect));
      const { code, out, err } = await iter8ctl(['run', '--local', '-f', 'm.json'], { cwd });
      expect([code, `${out}${err}`]).toEqual([2, expect.not.stringContaining('CANARY')]);
    }
    const url = 'http://user:CANARY0123@127.0.0.1:1/x?token=CANARY0123';
    const { code, out, err } = await iter8ctl(['plan', '--local', '-f', url], { cwd });
    expect([code, `${out}${err}`]).toEqual([7, expect.not.stringContaining('CANARY')]);
  });
});

it('headers and parameters that are named like credentials are in no object that is printed, nor in what kubectl applied', async () => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-printed-'));
  await using server = await testServer((_, response) => void response.end('ok'));
  const load = ['--url', `${server.url}?api_key=QUERY1234`, '--header', 'X-Auth-Token: HEADER1234', '--qps', '100'];
  const flags = [...load, '--requests', '20', '--slo', 'error-rate<=50%', '--name', 'shop'];
  const { out: manifest } = await iter8ctl(['init', ...flags], { cwd });
  expect(manifest).toContain('HEADER1234');
  const applied = JSON.stringify({ headers: { 'X-Auth-Token': 'HEADER1234' } });
  const annotation = JSON.stringify({ 'kubectl.kubernetes.io/last-applied-configuration': applied });
  writeFileSync(
    path.join(cwd, 'e.yaml'),
    manifest.replace(/^ {2}name: shop$/m, `  name: shop\n  annotations: ${annotation}`),
  );
  const ran = await iter8ctl(['run', '--local', '-f', 'e.yaml', '-o', 'raw'], { cwd });
  expect(JSON.parse(ran.out), ran.err).toMatchObject({ metadata: { name: 'shop' }, kind: 'Experiment' });
  const others = await Promise.all(
    [
      ['describe', 'shop', '-o', 'raw'],
      ['get', '-o', 'raw'],
      ['get', 'shop', '-o', 'jsonpath={.spec}'],
      ['get', '-o', 'custom-columns=NAME:.metadata.name,ALL:.metadata.annotations'],
    ].map((args) => iter8ctl([...args, '--local'], { cwd })),
  );
  for (const { out } of [ran, ...others]) {
    expect(out).toContain('***');
    expect(out).not.toMatch(/HEADER1234|QUERY1234/);
  }
});
