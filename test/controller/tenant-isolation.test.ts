import { expect, it } from 'vitest';
import { refusals } from '../../src/controller/tenant-isolation.ts';
import { limitedTurns } from '../../src/controller/concurrency-limit.ts';
import { plainExperiment } from '../support/plain-experiment.ts';
import type { Experiment, WrittenExperiment } from '../../src/experiment/experiment.ts';

const experiment = (spec: Partial<WrittenExperiment['spec']>) => plainExperiment(spec, { namespace: 'shop' });
const start = (...tasks: Record<string, unknown>[]) => ({
  strategy: { testingPattern: 'Conformance' as const, actions: { start: tasks } },
});
const collect = (version: object) =>
  start({ task: 'metrics/collect', with: { versions: [{ name: 'v', url: 'http://v/', ...version }] } });
const NOTHING = { allowScripts: false };

it.each<[string, Partial<WrittenExperiment['spec']>, RegExp | undefined]>([
  ['its own secret', collect({ headersFrom: { secret: 'mine' } }), undefined],
  ['its own secret by its whole name', collect({ headersFrom: { secret: 'shop/mine' } }), undefined],
  [
    'a secret of another namespace for headers',
    collect({ headersFrom: { secret: 'kube-system/x' } }),
    /kube-system\/x is of another namespace/,
  ],
  [
    'a secret of another namespace for TLS',
    collect({ tls: { secret: 'shopping/x' } }),
    /shopping\/x is of another namespace/,
  ],
  [
    'a secret of another namespace for a notification',
    start({ task: 'notification/http', with: { url: 'http://x/', secret: 'other/x' } }),
    /secret other\/x is of another namespace/,
  ],
  [
    'a secret of another namespace for headers of a notification',
    start({ task: 'notification/http', with: { url: 'http://x/', headersFrom: { secret: 'other/x' } } }),
    /secret other\/x is of another namespace/,
  ],
  [
    'a secret of another namespace for Slack',
    start({ task: 'notification/slack', with: { channel: 'c', secret: 'other/x' } }),
    /secret other\/x is of another namespace/,
  ],
  [
    'objects of another namespace that are to be ready',
    start({ task: 'common/readiness', with: { objRefs: [{ kind: 'Secret', name: 'x', namespace: 'other' }] } }),
    /Secret x is of namespace other; the controller looks at objects of shop only/,
  ],
  [
    'objects of its own that are to be ready',
    start({ task: 'common/readiness', with: { objRefs: [{ kind: 'Service', name: 'x', namespace: 'shop' }] } }),
    undefined,
  ],
  ['a file of the controller', collect({ tls: { caFile: '/var/run/secrets/token' } }), /caFile/],
  [
    'a secret of another namespace for a script',
    start({ run: 'id', with: { secret: 'other/x' } }),
    /other\/x|scripts are not allowed/,
  ],
  ['a script', start({ run: 'id' }), /without --allow-scripts/],
  [
    'a weight elsewhere',
    { versionInfo: { baseline: { name: 'v', weightObjRef: { namespace: 'other' } } } },
    /moves traffic in shop only/,
  ],
  ['a metric elsewhere', { criteria: { objectives: [{ metric: 'other/m', upperLimit: 1 }] } }, /metric other\/m/],
  // It was not looked at: only objectives, indicators and rewards were.
  ['a request count elsewhere', { criteria: { objectives: [], requestCount: 'other/n' } }, /metric other\/n/],
  ['a shared metric', { criteria: { objectives: [{ metric: 'iter8-system/m', upperLimit: 1 }] } }, undefined],
])('%s', (_, spec, expected) => {
  const found = refusals(experiment(spec), NOTHING);
  if (expected === undefined) expect(found).toEqual([]);
  else expect(found.map(({ message }) => message).join('; ')).toMatch(expected);
});

it('allows scripts where they are allowed', () => {
  expect(refusals(experiment(start({ run: 'id' })), { ...NOTHING, allowScripts: true })).toEqual([]);
});

it('gives no more turns than it may, and gives them back once', async () => {
  const held = () =>
    Promise.resolve({ held: { lost: new AbortController().signal, release: () => Promise.resolve() } });
  const turns = limitedTurns({ acquire: held }, 2);
  const self = { identity: 'x', description: 'x' };
  const take = () => turns.acquire(experiment({}), self);
  const [first, second, third] = [await take(), await take(), await take()];
  expect([first, second, third].map((answer) => 'held' in answer)).toEqual([true, true, false]);
  if ('held' in first) await Promise.all([first.held.release(), first.held.release()]);
  expect(['held' in (await take()), 'held' in (await take())]).toEqual([true, false]);
});

it('who waits for a person leaves its place, and goes before who has not begun when it comes back', async () => {
  const held = () =>
    Promise.resolve({ held: { lost: new AbortController().signal, release: () => Promise.resolve() } });
  const turns = limitedTurns({ acquire: held }, 1);
  const self = { identity: 'x', description: 'x' };
  const begun: Partial<Experiment> = { status: { conditions: [{ type: 'TargetAcquired', status: 'True' }] } };
  const take = async (change: Partial<Experiment> = {}) => {
    const answer = await turns.acquire({ ...experiment({}), ...change }, self);
    return 'held' in answer ? answer.held : undefined;
  };
  const first = (await take())!;
  expect(await take()).toBeUndefined();
  first.rest!();
  first.rest!();
  const second = (await take())!;
  expect(first.mayWork!()).toBe(false);
  second.rest!();
  expect(await take()).toBeUndefined();
  expect([first.mayWork!(), first.mayWork!(), second.mayWork!()]).toEqual([true, true, false]);
  // One that had its target has it again at once, and its place later.
  const third = (await take(begun))!;
  expect(third.mayWork!()).toBe(false);
  await Promise.all([first.release(), second.release()]);
  expect(third.mayWork!()).toBe(true);
  await third.release();
  expect(await take()).toBeDefined();
});
