/** Whom an experiment waits for, in the live view: with commands that can be pasted, at any width. */
import { expect, it } from 'vitest';
import type { Event } from '../../src/drive/events.ts';
import { plainExperiment } from '../support/plain-experiment.ts';
import { EMPTY_RECORD, withRecord, type Iter8Record } from '../../src/judge/record/stored-record.ts';
import { eventsBetween } from '../../src/drive/events-of-changes.ts';
import { afterEvent, EMPTY_LIVE, frame } from '../../src/render/live-view.ts';
import { themeFor } from '../../src/render/theme.ts';

const AT = { time: '2026-11-26T08:00:00.000Z', experiment: { namespace: 'team', name: 'shop' } };
const theme = themeFor({ isTTY: false }, { mode: 'never', env: {} });
const waiting = {
  kind: 'gate',
  task: 'finish/0',
  since: '2026-11-26T08:00:00Z',
  message: 'Is the new checkout to be shown to everybody from tomorrow on, also in the shops of the partners?',
} as const;

function stored(record: Partial<Iter8Record>) {
  const experiment = plainExperiment(
    { versionInfo: { baseline: { name: 'v1' } } },
    { name: 'shop', namespace: 'team' },
  );
  return { ...experiment, status: withRecord({ stage: 'Finishing' }, { ...EMPTY_RECORD, ...record }, AT.time) };
}

it.each([40, 80, 200])('of who drives it has the commands whole, each on one line, at %i columns', (columns) => {
  const text =
    'gate of finish waits for approval: Promote it? (undecided: v1); approve with: iter8ctl approve shop --local; or: iter8ctl reject shop --local';
  const events: Event[] = [
    { ...AT, kind: 'object', object: stored({ waiting }) },
    { ...AT, kind: 'waiting', text },
    { ...AT, kind: 'object', object: stored({ waiting }) },
  ];
  const state = events.reduce(afterEvent, EMPTY_LIVE);
  const lines = frame(state, { columns, rows: 40 }, theme);
  expect(lines.filter((line) => line.includes('iter8ctl approve shop --local'))).toHaveLength(1);
  expect(lines.filter((line) => line.includes('iter8ctl reject shop --local'))).toHaveLength(1);
  const narrow = frame(state, { columns: 24, rows: 40 }, theme);
  expect(narrow.filter((line) => line.length > 24)).toEqual([]);
  const answered = afterEvent(state, { ...AT, kind: 'answered', text: 'gate of finish was approved by alice' });
  const after = frame(answered, { columns, rows: 40 }, theme).join('\n');
  expect([after.includes('iter8ctl approve'), after.replaceAll(/\s+/g, ' ').includes('was approved by alice')]).toEqual(
    [false, true],
  );
});

it('of who watches says the same from what is stored, once', () => {
  const [before, now] = [stored({}), stored({ waiting })];
  const events = eventsBetween(before, now, Date.parse(AT.time));
  const lines = frame(events.reduce(afterEvent, EMPTY_LIVE), { columns: 60, rows: 40 }, theme);
  expect(lines.join('\n')).toContain('iter8ctl approve shop -n team');
  const said = events.flatMap((event) => (event.kind === 'waiting' ? [event.text] : []));
  expect(said).toEqual([expect.stringContaining('shop: for approval at gate finish/0: Is the new checkout')]);
  expect(eventsBetween(now, stored({ waiting }), Date.parse(AT.time)).filter(({ kind }) => kind === 'waiting')).toEqual(
    [],
  );
});
