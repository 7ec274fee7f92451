/** What people see, at any width: nothing is wider than the terminal, no number torn from its unit, no version without a name. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../src/adapters/manifest/parse-documents.ts';
import type { Event } from '../../src/drive/events.ts';
import { withDefaults } from '../../src/experiment/defaults.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { parseExperiment } from '../../src/experiment/parse.ts';
import { compileQuestion } from '../../src/judge/question/question.ts';
import { decidability } from '../../src/preflight/decidability.ts';
import { renderDescribe } from '../../src/render/describe.ts';
import { renderStory } from '../../src/render/event-history.ts';
import { renderList } from '../../src/render/experiment-list.ts';
import { afterEvent, EMPTY_LIVE, frame } from '../../src/render/live-view.ts';
import { eventText } from '../../src/render/progress-lines.ts';
import { renderPlan } from '../../src/render/plan.ts';
import { themeFor } from '../../src/render/theme.ts';
import { displayWidth } from '../../src/text/width.ts';
import type { Preflight } from '../../src/view/plan-view.ts';
import { experimentView, listRow } from '../../src/view/experiment-view.ts';
import { hostileText, withTexts } from '../support/reported.ts';
import { badNumber } from '../support/numbers-in-text.ts';
import { canary, driveInMemory, failing, healthy } from '../support/driving.ts';
import { runs } from '../support/search-depth.ts';

const NOW = Date.parse('2026-11-24T08:02:00Z');
const theme = themeFor({ isTTY: false }, { mode: 'never', env: { LANG: 'C.UTF-8' } });
const MANY_ROWS = 1_000;

/** Names as teams give them: words with the part that distinguishes them at the end. */
const name = fc
  .tuple(fc.array(fc.constantFrom('checkout', 'shop', 'v', 'svc', 'payments-api'), { maxLength: 4 }), fc.nat(9_999))
  .map(([words, number]) => [...words, `r${number}`].join('-'));

/** A canary with a candidate that fails now and then, and its events: driven once, with other names in it each time. */
const driving = driveInMemory(
  canary({
    objectives: [
      { metric: 'iter8-system/mean-latency', upperLimit: '500' },
      { metric: 'iter8-system/error-rate', upperLimit: '0.01' },
      { metric: 'iter8-system/latency-99.87th-percentile', upperLimit: '1234.5' },
    ],
  }),
  { service: (version, k) => (version === 'new' ? failing(7)(version, k) : healthy(version, k)) },
);

async function driven([experiment, old, fresh]: readonly string[], percentile: string) {
  const { outcome, events } = await driving;
  const text = JSON.stringify({ experiment: outcome.experiment, events })
    .replaceAll('hello-experiment', experiment!)
    .replaceAll(/\bold\b/g, old!)
    .replaceAll(/\bnew\b/g, fresh!)
    .replaceAll('99.87th', percentile);
  return JSON.parse(text) as { readonly experiment: Experiment; readonly events: readonly Event[] };
}

function planOf(experiment: Experiment): Preflight {
  const question = compileQuestion(experiment, undefined);
  return {
    name: experiment.metadata.name,
    source: 'manifests/experiment.yaml',
    problems: ['a warning about 3 min 20 s, and 1,234 requests'],
    permissions: { granted: 2, total: 3, missing: ['patch experiments.iter8.tools/status in namespace default'] },
    gates: [{ task: 'loop/0', message: 'All of it? \u0007', timeoutSeconds: 86_400, condition: 'CandidateWon()' }],
    targets: question.versions.map((version) => ({
      version: version.name,
      url: `http://${version.name}.shop.example.com:8080/`,
      ok: version.name.endsWith('1'),
      text: '200 in 3 ms',
    })),
    metrics: question.versions.map((version) => ({
      metric: 'default/checkouts',
      version: version.name,
      ok: true,
      text: '0.5, n = 120',
      query: 'sum(rate(checkouts_total))',
    })),
    wouldBeDecided: true,
    expectation: { outlook: 'decided', reasons: ['error-rate needs 250 requests on average'] },
    power: decidability(question, {}),
    load: question.load,
  };
}

/** Every screen of an experiment, by what it is, at any width. */
function screensOf(experiment: Experiment, events: readonly Event[]): (columns: number) => Record<string, string> {
  const view = experimentView(experiment, NOW);
  const live = events.reduce(afterEvent, EMPTY_LIVE);
  const halfWay = events.slice(0, Math.ceil(events.length / 2)).reduce(afterEvent, EMPTY_LIVE);
  const plan = planOf(experiment);
  const story = events.flatMap((event, at) => {
    const text = eventText(event);
    return text === undefined
      ? []
      : [{ time: event.time, text, priority: at % 2 === 0 ? 1 : 3, source: 'record' } as const];
  });
  const row = listRow(experiment);
  const rows = [row, { ...row, waitsFor: `experiment shop/${experiment.metadata.name}` }];
  const at = (columns: number) => ({ theme, columns, now: NOW });
  return (columns) => ({
    describe: renderDescribe(view, at(columns)),
    'describe with bars': renderDescribe(view, { ...at(columns), bars: true }),
    live: frame(live, { columns, rows: MANY_ROWS }, theme).join('\n'),
    'live, half way': frame(halfWay, { columns, rows: MANY_ROWS }, theme).join('\n'),
    list: renderList(rows, { ...at(columns), namespace: 'default' }),
    'list of all': renderList(rows, { ...at(columns), namespace: undefined, wide: true }),
    debug: renderStory(experiment.metadata, story, at(columns)),
    plan: renderPlan(plan, at(columns)),
  });
}

/** What cli-table3 counts with where it is not built into the program: there it counts with `displayWidth`. */
const tableWidth = createRequire(createRequire(import.meta.url).resolve('cli-table3'))('string-width') as (
  text: string,
) => number;
const isWideAlike = (text: string) =>
  Array.from(text).every((character) => tableWidth(character) === displayWidth(character));

/** The same event about other people's words. */
function hostileEvent(event: Event, text: string): Event {
  return JSON.parse(
    JSON.stringify(event, (key, value: unknown) =>
      ['version', 'text', 'message'].includes(key) && typeof value === 'string' ? `${value}x${text}` : value,
    ),
  ) as Event;
}

/** A number at the end of a line whose unit begins the next. */
const TORN =
  /(?<![\w.-])\d[\d.,]*\n *(?:%|(?:ms|s|min|h|d|requests?|iterations?|errors?|pairs?|times|more requests)(?![\w-])|of \d)/;
const ENDS_OPEN = /(?:[<>]=?|\bn =|\bn|\d of)$/m;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

function expectToFit(shown: Record<string, string>, columns: number): void {
  for (const [what, text] of Object.entries(shown)) {
    for (const line of text.split('\n')) expect(displayWidth(line), `${what}: ${line}`).toBeLessThanOrEqual(columns);
    expect(text, what).not.toMatch(CONTROL);
  }
}

function expectWhole(shown: Record<string, string>, columns: number): void {
  expectToFit(shown, columns);
  for (const [what, text] of Object.entries(shown)) {
    expect(badNumber(text), what).toBeUndefined();
    // Narrower than a number with its unit behind an indent, nothing helps.
    if (columns >= 40) expect(text, what).not.toMatch(TORN);
    if (columns >= 40) expect(text, what).not.toMatch(ENDS_OPEN);
  }
}

const joined = (text: string) => text.replaceAll(/\s/g, '');

describe('every screen', () => {
  it('fits any width, with whole numbers and every version', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name, { minLength: 3, maxLength: 3 }),
        fc.constantFrom('50th', '99th', '99.5th', '99.99th'),
        fc.array(fc.integer({ min: 20, max: 160 }), { minLength: 3, maxLength: 6 }),
        async ([experiment, old, fresh], metric, widths) => {
          const { experiment: object, events } = await driven([experiment!, old!, fresh!], metric);
          const screens = screensOf(object, events);
          for (const columns of [40, 80, ...widths]) {
            const shown = screens(columns);
            expectWhole(shown, columns);
            for (const what of ['describe', 'plan', 'debug'])
              for (const version of [old!, fresh!]) expect(joined(shown[what]!), what).toContain(version);
            // Where a name is shortened, its end distinguishes it from others.
            for (const version of [old!, fresh!])
              expect(joined(shown['live']!), `live, ${columns}`).toContain(version.slice(-5));
            expect(shown['live']).toMatch(/✖|violated/);
            expect(joined(shown['live']!)).toContain('14%');
            expect(joined(shown['list']!)).toContain(experiment!.slice(-5));
          }
        },
      ),
      { numRuns: runs(25), seed: 13 },
    );
  });

  it('fits with the words of others in it, whatever they are', async () => {
    const { outcome, events } = await driving;
    const width = fc.integer({ min: 20, max: 160 });
    fc.assert(
      fc.property(hostileText.filter(isWideAlike), fc.array(width, { minLength: 2, maxLength: 4 }), (text, widths) => {
        const object = withTexts(outcome.experiment, text);
        const others = events.map((event) => ({ ...hostileEvent(event, text), experiment: object.metadata }));
        const screens = screensOf(object, others);
        for (const columns of widths) expectToFit(screens(columns), columns);
      }),
      { numRuns: runs(30), seed: 13 },
    );
  });

  const recorded = path.join(import.meta.dirname, '../fixtures/recorded');
  it.each(readdirSync(recorded))('of %s, which Iter8 0.7 recorded, fits any width', (folder) => {
    const { objects } = readManifest(readFileSync(path.join(recorded, folder, 'final.yaml'), 'utf8'), folder);
    const { value } = parseExperiment(objects.find(({ kind }) => kind === 'Experiment')!.value);
    const experiment = withDefaults(value!, { namespace: 'default' });
    const event = { kind: 'object', object: experiment, time: '2026-11-24T08:00:00Z' } as const;
    const events: Event[] = [{ ...event, experiment: { name: experiment.metadata.name, namespace: 'default' } }];
    const screens = screensOf(experiment, events);
    for (const columns of [20, 40, 57, 80, 120]) expectWhole(screens(columns), columns);
  });
});
