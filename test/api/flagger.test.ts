/** The webhooks of Flagger over real HTTP, as Flagger documents its calls. */
import { beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_RECORD, withRecord } from '../../src/judge/record/stored-record.ts';
import { ALICE, apiUnderTest, counters, NOW, question } from '../support/api-under-test.ts';

const api = apiUnderTest();
const { serve, post, create, decide } = api;

describe('webhooks of Flagger', () => {
  beforeEach(() => serve());
  /** As Flagger documents it. */
  const call = (hook: string, metadata: Readonly<Record<string, string>> = {}, how: Parameters<typeof post>[2] = {}) =>
    post(
      `/flagger/v1/${hook}`,
      {
        name: 'shop',
        namespace: 'a',
        phase: 'Progressing',
        checksum: '85d557f47b',
        metadata: { token: ALICE, ...metadata },
      },
      { token: null, ...how },
    );

  it.each([
    ['promote', [200, 200, 403]],
    ['do not promote', [403, 403, 200]],
    ['undecided', [200, 403, 403]],
    ['failed', [200, 403, 403]],
  ] as const)('answer for an experiment that says %s', async (verdict, expected) => {
    await create();
    await decide(verdict);
    const answers = [await call('rollout'), await call('confirm-promotion'), await call('rollback')];
    expect(answers.map(({ status }) => status)).toEqual(expected);
    for (const { text } of answers) expect(text).toContain(`because of ${verdict}`);
    // Of a yes, such as that to a rollback, Flagger keeps no reason.
    expect(api.logged).toEqual(
      ['rollout', 'confirm-promotion', 'rollback'].map((hook, k) =>
        expect.stringMatching(
          new RegExp(`^Flagger is answered ${expected[k] === 200 ? 'yes' : 'no'} .*"${hook}".*because of ${verdict}`),
        ),
      ),
    );
  });

  it('take no experiment of an earlier release for this one', async () => {
    await create();
    await decide('promote', { at: '2026-03-01T11:00:00Z' });
    for (const hook of ['rollout', 'confirm-promotion', 'rollback']) {
      const { status, text } = await call(hook);
      expect([status, text]).toEqual([403, expect.stringContaining('earlier release')]);
    }
    expect((await call('confirm-promotion', { maxAge: '2h' })).status).toBe(200);
  });

  it('take none that stopped in an earlier release for this one either', async () => {
    await create();
    await decide('promote', { at: '2026-03-01T11:00:00Z', ended: false });
    for (const hook of ['rollout', 'confirm-promotion', 'rollback']) {
      const { status, text } = await call(hook);
      expect([status, text]).toEqual([403, expect.stringContaining('earlier release')]);
    }
    await decide('promote', { ended: false });
    expect((await call('confirm-promotion')).status).toBe(200);
  });

  it('learn what a load that takes longer than that shows while it is under way', async () => {
    await create();
    const began = '2026-03-01T11:00:00Z';
    const recommendation = {
      verdict: 'do not promote',
      version: 'v1',
      keepsBaseline: false,
      reasons: ['errors'],
    } as const;
    const load = { task: 'start/0', elapsedSeconds: 3_600, ratePerSec: 8, versions: [], late: 0 };
    await api.store.patchStatus(
      { namespace: 'a', name: 'shop' },
      withRecord(
        { stage: 'Initializing', initTime: began, lastUpdateTime: began },
        { ...EMPTY_RECORD, recommendation, load: { ...load, state: 'running', extending: false } },
        new Date(NOW).toISOString(),
      ),
    );
    const answers = [await call('rollout'), await call('rollback')];
    expect(answers.map(({ status, text }) => [status, text.includes('earlier release')])).toEqual([
      [403, false],
      [200, false],
    ]);
  });

  it('judge now', async () => {
    const verdict = JSON.stringify(question());
    expect((await call('rollout', { verdict })).status).toBe(200);
    expect((await call('confirm-promotion', { verdict })).status).toBe(403);
    api.answered = { status: 'success', data: { result: [counters('200', 0, 2_000)] } };
    expect((await call('confirm-promotion', { verdict })).status).toBe(200);
  });

  it('note events', async () => {
    const { status, text } = await call('event', {
      eventMessage: 'New\u001b[2J revision',
      eventType: 'Normal',
      timestamp: '1',
    });
    expect([status, text]).toEqual([200, 'noted\n']);
    expect(api.logged.join()).toContain('revision');
  });

  it('need a token, the right, an experiment, and a call of Flagger', async () => {
    expect((await call('rollout', { token: 'x' })).status).toBe(401);
    expect((await call('rollout')).status).toBe(404);
    await create();
    api.rights = () => false;
    expect((await call('rollout')).status).toBe(403);
    expect((await post('/flagger/v1/rollout', [], { token: null })).status).toBe(400);
    expect((await call('rollout', { verdict: '{' })).status).toBe(400);
    expect((await call('rollout', { verdict: '{}', experiment: 'x' })).status).toBe(400);
    expect((await call('rollout', { maxAge: 'x' })).status).toBe(400);
  });

  it('never show the token', async () => {
    for (const hook of ['rollout', 'event', 'rollback']) expect((await call(hook)).text).not.toContain(ALICE);
    expect(api.logged.join()).not.toContain(ALICE);
  });
});
