import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseShape } from '../../../src/experiment/schema-issues.ts';
import { collectInputs } from '../../../src/experiment/tasks/collect-inputs.ts';
import { taskSettings } from '../../../src/experiment/tasks/timeout-retries-ignore-failure.ts';
import { httpNotificationInputs, slackInputs } from '../../../src/experiment/tasks/notification-inputs.ts';
import { inputsSchema, TASK_NAMES } from '../../../src/experiment/tasks/task-inputs.ts';
import { readinessInputs } from '../../../src/experiment/tasks/readiness-inputs.ts';
import { runInputs } from '../../../src/experiment/tasks/run-inputs.ts';

const versions = [{ name: 'v', url: 'http://v/' }];
const collect = (inputs: Record<string, unknown>) =>
  collectInputs({ task: 'metrics/collect', with: { versions, ...inputs } });
const issuesOf = (task: string | undefined, inputs: Record<string, unknown>) => {
  const schema = inputsSchema(task === undefined ? { run: 'true' } : { task });
  return parseShape(schema!, inputs, ['with'], 'input').issues.map(({ path, message }) => `${path}: ${message}`);
};

describe('inputs of metrics/collect', () => {
  it('have the defaults of Iter8', () => {
    expect(collect({})).toEqual({
      qps: 8,
      plannedRequests: 100,
      loadOnly: false,
      versions: [{ name: 'v', endpoints: [expect.objectContaining({ url: 'http://v/', method: 'GET', headers: {} })] }],
    });
  });

  it.each([
    [{ time: '5s' }, 40],
    [{ time: '5s', qps: 0.5 }, 3],
    [{ time: '100ms', qps: 1 }, 1],
    [{ time: '50s', qps: 1.1 }, 55], // 50 * 1.1 is a little more than 55 in doubles
    [{ time: '1m', numQueries: 20 }, 20],
    [{ numQueries: 20, qps: 0 }, 20],
    [{ qps: 0 }, 100],
  ])('%o plan %d requests', (inputs, requests) => {
    expect(collect(inputs).plannedRequests).toBe(requests);
    expect(collect(inputs).plannedSeconds).toBeUndefined();
  });

  it('are bounded by time alone in a closed loop without a number of requests', () => {
    expect(collect({ qps: 0, time: '5s' })).toMatchObject({
      plannedRequests: Number.POSITIVE_INFINITY,
      plannedSeconds: 5,
      connections: 4,
    });
  });

  it('cap connections only when they are written, or in a closed loop', () => {
    expect(collect({}).connections).toBeUndefined();
    expect(collect({ connections: 2 }).connections).toBe(2);
    expect(collect({ connections: 2, qps: 0 }).connections).toBe(2);
  });

  it('read timeout and warm-up', () => {
    expect(collect({ timeout: '1m30s' }).timeoutMs).toBe(90_000);
    expect(collect({ warmup: 10 }).warmup).toEqual({ requests: 10 });
    expect(collect({ warmup: '2s' }).warmup).toEqual({ requests: 16 });
    expect(collect({ warmup: 0 }).warmup).toBeUndefined();
  });

  it.each([
    [{}, 'GET'],
    [{ payloadStr: '{}' }, 'POST'],
    [{ payloadStr: '' }, 'POST'],
    [{ payloadURL: 'http://x/' }, 'POST'],
    [{ contentType: 'text/plain' }, 'POST'],
  ])('%o make a %s', (inputs, method) => {
    expect(collect(inputs).versions[0]!.endpoints[0]!.method).toBe(method);
  });

  it('give endpoints what the task and the version say, the nearest first', () => {
    const { versions: read } = collect({
      headers: { A: 'task', B: 'task' },
      tls: { caFile: 'task.pem' },
      versions: [
        {
          name: 'v',
          headers: { B: 'version' },
          headersFrom: { secret: 's' },
          resolve: 'v:80:127.0.0.1',
          endpoints: [
            { name: 'search', url: 'http://v/search' },
            {
              name: 'checkout',
              url: 'http://v/checkout',
              headers: { B: 'endpoint' },
              tls: { insecureSkipVerify: true },
              payloadStr: 'x',
              resolve: ['v:80:::1'],
            },
          ],
        },
      ],
    });
    expect(read[0]!.endpoints).toEqual([
      expect.objectContaining({
        name: 'search',
        method: 'GET',
        headers: { A: 'task', B: 'version' },
        headersFrom: { secret: 's' },
        tls: { caFile: 'task.pem' },
        resolve: ['v:80:127.0.0.1'],
      }),
      expect.objectContaining({
        name: 'checkout',
        method: 'POST',
        headers: { A: 'task', B: 'endpoint' },
        tls: { insecureSkipVerify: true },
        payloadStr: 'x',
        resolve: ['v:80:::1'],
      }),
    ]);
  });

  it.each([
    [{ versions, nunQueries: 5 }, 'with.nunQueries: unknown input; did you mean numQueries?'],
    [{ versions, numQueries: 0 }, 'with.numQueries: expected a number of at least 1, got 0'],
    [{ versions, numQueries: '100' }, 'with.numQueries: expected a number, got "100"'],
    [{ versions, qps: -1 }, 'with.qps: expected a number of at least 0, got -1'],
    [{ versions, time: 5 }, 'with.time: expected a duration above 0 such as 30s or 1m30s, got 5'],
    [{ versions, time: '5' }, 'with.time: expected a duration above 0 such as 30s or 1m30s, got "5"'],
    [{ versions, timeout: '0s' }, 'with.timeout: expected a duration above 0 such as 30s or 1m30s, got "0s"'],
    [{ versions, warmup: 'soon' }, 'with.warmup: expected a number of requests or a duration such as 10s, got "soon"'],
    [{}, 'with.versions: is missing; expected a list'],
    [{ versions: [] }, 'with.versions: is empty'],
    [{ versions: [{ name: 'v' }] }, 'with.versions[0]: expected either url or endpoints, got neither'],
    [
      { versions: [{ name: 'v', url: 'http://v', endpoints: [{ name: 'a', url: 'http://v' }] }] },
      'with.versions[0]: expected either url or endpoints, got both',
    ],
    [
      { versions: [{ name: 'v', url: 'v:8080/x' }] },
      'with.versions[0].url: expected an http or https URL, got "v:8080/x"; did you mean http://v:8080/x?',
    ],
    [
      { versions: [{ name: 'v', url: 'ftp://v' }] },
      'with.versions[0].url: expected an http or https URL, got "ftp://v"',
    ],
    [
      { versions: [{ name: 'v', url: 'http://' }] },
      'with.versions[0].url: expected an http or https URL, got "http://"',
    ],
    [{ versions: [{ name: 'v', Url: 'http://v' }] }, 'with.versions[0].Url: unknown input; did you mean url?'],
    [
      { versions: [{ name: 'v', url: 'http://v', headers: { 'a b': 'x' } }] },
      'with.versions[0].headers["a b"]: expected the name of a header, got "a b"',
    ],
    [
      { versions: [{ name: 'v', url: 'http://v', headers: { a: 'x\ny' } }] },
      'with.versions[0].headers.a: expected a header value on one line, in Latin-1, got "x\\ny"',
    ],
    [
      { versions: [{ name: 'v', url: 'http://v', headers: { a: 1 } }] },
      'with.versions[0].headers.a: expected a text, got 1; quote it: "1"',
    ],
    [
      { versions: [{ name: 'v', url: 'http://v', tls: { insecure: true } }] },
      'with.versions[0].tls.insecure: unknown input; there are: secret, caFile, serverName, insecureSkipVerify',
    ],
    [
      { versions: [{ name: 'v', url: 'http://v', resolve: 'v' }] },
      'with.versions[0].resolve: expected host:port:address, got "v"',
    ],
    [
      { versions: [{ name: 'v', endpoints: [{ name: 'a/b', url: 'http://v' }] }] },
      'with.versions[0].endpoints[0].name: expected a name without a slash, got "a/b"',
    ],
  ])('refuse %o', (inputs, issue) => {
    expect(issuesOf('metrics/collect', inputs)).toContain(issue);
  });

  // regression: a list of which nothing is right is empty, which the list itself refuses
  it('never throw, and leave out what cannot be read', () => {
    expect(collect({ versions: [{ name: 'v', url: 'nowhere' }], qps: 'fast', numQueries: 5 })).toMatchObject({
      qps: 8,
      plannedRequests: 5,
      versions: [],
    });
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom('versions', 'qps', 'time', 'numQueries', 'warmup', 'tls', '__proto__', 'x'),
          fc.anything(),
        ),
        (inputs) => {
          expect(collectInputs({ task: 'metrics/collect', with: inputs }).qps).toBeGreaterThanOrEqual(0);
        },
      ),
    );
    expect(collectInputs({ task: 'metrics/collect' }).versions).toEqual([]);
  });
});

describe('inputs of the other tasks', () => {
  it('have their defaults', () => {
    expect(readinessInputs({})).toEqual({ initialDelaySeconds: 5, numRetries: 12, intervalSeconds: 5, objRefs: [] });
    expect(httpNotificationInputs({ with: { url: 'http://x/' } })).toMatchObject({
      url: 'http://x/',
      method: 'POST',
      headers: [],
    });
    expect(slackInputs({ with: { channel: 'c', secret: 's' } })).toEqual({
      channel: 'c',
      secret: 's',
      url: 'https://slack.com/api/chat.postMessage',
    });
    const message = { timeoutMs: 10_000, retries: 3, retriesAsked: false, ignoreFailure: true, onResume: 'skip' };
    expect(taskSettings({ task: 'notification/http' })).toEqual(message);
    expect(taskSettings({ task: 'notification/slack' })).toEqual(message);
    expect(taskSettings({ run: 'true' })).toEqual({
      timeoutMs: 3_600_000,
      retries: 0,
      retriesAsked: false,
      ignoreFailure: false,
      onResume: 'fail',
    });
    expect(taskSettings({ task: 'common/readiness' })).toMatchObject({ retries: 0, onResume: 'repeat' });
    const written = { timeout: '2s', retries: 1, ignoreFailure: true, onResume: 'repeat' };
    expect(taskSettings({ run: 'true', with: written })).toEqual({
      ...written,
      timeout: undefined,
      retriesAsked: true,
      timeoutMs: 2_000,
    });
    expect(runInputs({ run: 'true', with: { secret: 's', timeout: '90s' } })).toEqual({
      secret: 's',
      timeoutMs: 90_000,
    });
    expect(runInputs({ run: 'true' })).toEqual({ timeoutMs: 3_600_000 });
  });

  it.each<[string | undefined, Record<string, unknown>, string]>([
    ['common/readiness', { objRefs: [{ kind: 'Service' }] }, 'with.objRefs[0].name: is missing; expected a text'],
    ['common/readiness', { numRetry: 1 }, 'with.numRetry: unknown input; did you mean numRetries?'],
    ['notification/http', { URL: 'http://x/' }, 'with.URL: unknown input; did you mean url?'],
    ['notification/http', { url: 'x' }, 'with.url: expected an http or https URL, got "x"'],
    ['notification/http', {}, 'with.url: is missing; expected an http or https URL'],
    [
      'notification/http',
      { url: 'http://x/', ignoreFailure: 'no' },
      'with.ignoreFailure: expected true or false, got "no"',
    ],
    [undefined, { onResume: 'maybe' }, 'with.onResume: expected one of repeat, skip, fail, got "maybe"'],
    [undefined, { retries: 21 }, 'with.retries: expected a number of at most 20, got 21'],
    ['notification/slack', { channel: 'c' }, 'with.secret: is missing; expected a text'],
    [undefined, { secrets: 'a' }, 'with.secrets: unknown input; did you mean secret?'],
  ])('of %s refuse %o', (task, inputs, issue) => {
    expect(issuesOf(task, inputs)).toContain(issue);
  });

  it('take placeholders in the URL of a notification', () => {
    expect(issuesOf('notification/http', { url: 'http://x/?n=@< .this.metadata.name >@' })).toEqual([]);
    expect(issuesOf('notification/http', { url: '@< .secret.url >@' })).toEqual([]);
  });

  it('are known for all tasks, and for no others', () => {
    for (const task of TASK_NAMES) expect(inputsSchema({ task })).toBeDefined();
    for (const task of ['constructor', '__proto__', 'metrics/collects', ''])
      expect(inputsSchema({ task })).toBeUndefined();
  });
});
