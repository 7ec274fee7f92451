/**
 * What is printed for programs is what its JSON Schema says (docs/output.md "Schemas"), and nothing else. Every run in memory and
 * every command that a test runs is checked so (test/support/output-shape.ts); these are for what must be among them.
 */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/drive/events.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { jsonList, jsonView } from '../../src/report/json-view.ts';
import { ndjsonLine } from '../../src/report/ndjson.ts';
import { experimentView } from '../../src/view/experiment-view.ts';
import { drivenCanary, drivenConformance } from '../support/reported.ts';
import { conformance, driveInMemory, measuring, storeWithMetrics } from '../support/driving.ts';
import { checkOutputs, schemaErrors } from '../support/output-shape.ts';
import { jsonSchema, PUBLISHED, type Output } from '../support/reference/output-schemas/output-schemas.ts';
import { iter8ctl } from '../support/test-io.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
const viewOf = (experiment: Experiment) => plain(jsonView(experimentView(experiment, NOW)));

const recorded = path.join(import.meta.dirname, '../fixtures/recorded');
const finals = readdirSync(recorded).map((name) => path.join(recorded, name, 'final.yaml'));

const objectsIn = (value: unknown): Record<string, unknown>[] =>
  typeof value !== 'object' || value === null
    ? []
    : [...(Array.isArray(value) ? [] : [value as Record<string, unknown>]), ...Object.values(value).flatMap(objectsIn)];

/** As its schema says, and refused with one thing more at any depth. Maps take any name, and refuse the text. */
function expectDescribed(name: Output, output: unknown): void {
  expect(schemaErrors(name, output)).toEqual([]);
  for (const one of objectsIn(output)) {
    one['another'] = 'x';
    expect(schemaErrors(name, output), JSON.stringify(one)).not.toEqual([]);
    delete one['another'];
  }
}

describe('the view of an experiment', () => {
  it('is described wholly: nothing may be there that is not, at any depth', async () => {
    expectDescribed('experiment-view', viewOf(await drivenCanary()));
  });

  it('with a metric of a backend that fails has its reason', async () => {
    const { outcome } = await driveInMemory(
      conformance({ objectives: [{ metric: 'errors', upperLimit: '0.05' }], actions: {} }),
      { store: await storeWithMetrics({ errors: { type: 'Gauge' } }), metrics: measuring(() => undefined) },
    );
    const view = viewOf(outcome.experiment);
    expect(view['measured']).toMatchObject([{ metric: 'errors', failure: { reason: 'empty-answer' } }]);
    expect(schemaErrors('experiment-view', view)).toEqual([]);
  });

  it.each(finals)('of an object of Iter8 0.7 too: %s', async (file) => {
    // `iter8ctl` checks what it prints.
    const { out } = await iter8ctl(['describe', '-f', file, '-o', 'json'], { cwd: recorded });
    expect(JSON.parse(out)).toMatchObject({ kind: 'ExperimentView' });
  });

  it('in a list has the fields that it has alone', async () => {
    const views = [await drivenCanary(), await drivenConformance()].map((one) => experimentView(one, NOW));
    expect(schemaErrors('experiment-view-list', plain(jsonList(views)))).toEqual([]);
    expect(schemaErrors('experiment-view-list', plain(jsonList([])))).toEqual([]);
  });
});

describe('an event', () => {
  it('of each kind that a run has is described, with nothing besides', async () => {
    const { events } = await driveInMemory(conformance());
    const first = new Map<string, Event>(events.map((event) => [event.kind, event]));
    expect([...first.keys()]).toEqual(
      expect.arrayContaining(['driving', 'condition', 'load', 'recommendation', 'object']),
    );
    for (const event of first.values()) {
      const line = JSON.parse(ndjsonLine(event)) as Record<string, unknown>;
      expect(schemaErrors('event', line)).toEqual([]);
      expect(schemaErrors('event', { ...line, another: 1 }), event.kind).not.toEqual([]);
    }
  });

  it('of another kind is none', () => {
    const line = {
      apiVersion: 'iter8ctl/v1',
      time: '',
      experiment: { namespace: 'a', name: 'b' },
      kind: 'other',
      text: '',
    };
    expect(schemaErrors('event', line)).not.toEqual([]);
    expect(schemaErrors('event', { ...line, kind: 'warning' })).toEqual([]);
  });
});

describe('what else is printed', () => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-schemas-'));
  const printed = async (...args: string[]) =>
    JSON.parse((await iter8ctl([...args, '-o', 'json'], { cwd })).out) as Record<string, unknown>;
  const written = (file: string, object: unknown): string => {
    writeFileSync(path.join(cwd, file), JSON.stringify(object));
    return file;
  };

  it('a plan, of load at a rate and of a closed loop without an end', async () => {
    const collect = { versions: [{ name: 'hello', url: 'http://127.0.0.1:1/' }] };
    const file = (qps: number) => written(`${qps}.json`, conformance({ collect: { ...collect, qps, numQueries: 60 } }));
    const open = await printed('plan', '--local', '-f', file(50));
    expect(open).toMatchObject({ kind: 'Plan', load: { closedLoop: false }, targets: [{ ok: false }] });
    expectDescribed('plan', open);
    const closed = await printed('plan', '--local', '-f', file(0));
    expect(closed).toMatchObject({ load: { closedLoop: true, tasks: [{ plannedSeconds: null }] } });
    expectDescribed('plan', closed);
  });

  it('an explanation, and the story that debug shows', async () => {
    const file = written('driven.json', await drivenCanary());
    const explained = await printed('explain', '-f', file);
    expect(explained).toMatchObject({ kind: 'Explanation', limits: [{ within: {} }, {}, {}, {}, {}, {}] });
    expectDescribed('explanation', explained);
    const story = await printed('debug', '-f', file);
    expect((story['lines'] as unknown[]).length).toBeGreaterThan(3);
    expectDescribed('story', story);
  });

  it('is refused by every test that prints a field which is not described', () => {
    expect(() =>
      checkOutputs('{"apiVersion":"iter8ctl/v1","kind":"Story","experiment":"a","namespace":"b","lines":[]}'),
    ).not.toThrow();
    expect(() =>
      checkOutputs('{"apiVersion":"iter8ctl/v1","kind":"Story","experiment":"a","namespace":"b","lines":[],"x":1}'),
    ).toThrow(/"x"/);
    expect(() => checkOutputs('a line\n{"apiVersion":"iter8ctl/v1","kind":"unknown"}\n')).toThrow(/not as its schema/);
  });
});

describe('what is published', () => {
  it.each(PUBLISHED)('%s is a file of the package, by the version of the output', (name) => {
    const file = path.join(import.meta.dirname, '../../schemas/v1', `${name}.schema.json`);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(jsonSchema(name, 'published'));
  });

  it('takes fields and reasons that a later version adds, and refuses a field that is gone or of another type', async () => {
    const view = viewOf(await drivenCanary());
    const errors = (change: object) => schemaErrors('experiment-view', { ...view, ...change }, 'published');
    const [objective] = view['objectives'] as Record<string, unknown>[];
    expect(errors({ another: 1 })).toEqual([]);
    expect(errors({ objectives: [{ ...objective, reason: 'a-new-one', another: 1 }] })).toEqual([]);
    expect(errors({ objectives: [{ ...objective, limit: '1' }] })).not.toEqual([]);
    expect(errors({ objectives: undefined })).not.toEqual([]);
  });
});
