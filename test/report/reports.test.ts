/** Reports for people and CI servers: whatever an object holds, they are what they claim to be, and say what is so. */
import fc from 'fast-check';
import { marked } from 'marked';
import { parse } from 'parse5';
import { expect, it } from 'vitest';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { readRecord, withRecord } from '../../src/judge/record/stored-record.ts';
import { renderHtml } from '../../src/report/html/html-report.ts';
import { renderJunit } from '../../src/report/experiment-junit.ts';
import { markdownText, renderMarkdown } from '../../src/report/markdown.ts';
import { reportModel } from '../../src/report/report-model.ts';
import { renderDescribe } from '../../src/render/describe.ts';
import { themeFor } from '../../src/render/theme.ts';
import { sanitizeLine } from '../../src/text/sanitize.ts';
import { experimentView, type ExperimentView } from '../../src/view/experiment-view.ts';
import { elements, skeleton, textOf, xmlElements } from '../support/markup.ts';
import { drivenCanary, drivenConformance, hostileText, withTexts } from '../support/reported.ts';
import { runs } from '../support/search-depth.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const html = (experiment: Experiment) => renderHtml(reportModel(experiment, NOW));
const markdown = (experiment: Experiment) => renderMarkdown(experimentView(experiment, NOW));
const junit = (experiment: Experiment) => renderJunit(experimentView(experiment, NOW));

it('an HTML report has the same elements whatever its texts are', async () => {
  const experiment = await drivenCanary();
  const expected = skeleton(html(withTexts(experiment, 'x')));
  expect(expected.length).toBeGreaterThan(200);
  fc.assert(
    fc.property(hostileText, (text) => {
      const page = html(withTexts(experiment, text));
      expect(skeleton(page)).toEqual(expected);
      // eslint-disable-next-line no-control-regex
      expect(page).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202a-\u202e\ufffe]/);
    }),
    { numRuns: runs(60) },
  );
});

it('an HTML report loads nothing and runs nothing', async () => {
  const page = html(await drivenCanary());
  const all = elements(parse(page));
  expect(
    all
      .filter(({ tagName }) => ['script', 'link', 'img', 'iframe', 'object', 'a'].includes(tagName))
      .map(({ tagName, attrs }) => [tagName, attrs]),
  ).toEqual([
    [
      'a',
      [
        { name: 'class', value: 'skip' },
        { name: 'href', value: '#main' },
      ],
    ],
  ]);
  expect(
    all.flatMap(({ attrs }) => attrs).filter(({ name }) => name.startsWith('on') || name === 'src' || name === 'style'),
  ).toEqual([]);
  expect(page).not.toMatch(/url\(|@import/);
});

it('an HTML report names every chart for those who do not see it', async () => {
  const all = elements(parse(html(await drivenCanary())));
  const ids = new Map(
    all.flatMap((one) => one.attrs.filter(({ name }) => name === 'id').map(({ value }) => [value, one] as const)),
  );
  const charts = all.filter(({ attrs }) => attrs.some(({ name, value }) => name === 'role' && value === 'img'));
  expect(charts.length).toBeGreaterThan(13);
  for (const { attrs } of charts) {
    const of = (wanted: string) => attrs.find(({ name }) => name === wanted)?.value;
    const named = (of('aria-labelledby') ?? '').split(' ').filter((id) => id !== '');
    expect(of('aria-label') ?? '', JSON.stringify(attrs)).toSatisfy(
      (label: string) => label !== '' || named.length === 2,
    );
    for (const id of named) expect(ids.has(id), id).toBe(true);
  }
  expect(ids.size).toBe(all.flatMap(({ attrs }) => attrs.filter(({ name }) => name === 'id')).length);
});

it.each([0.35, 2.4, 4.9, 11, 200, 4000])(
  'charts of %d s mark each place by a text of its own, whole and beside the others',
  async (seconds) => {
    const model = reportModel(await drivenCanary(), NOW);
    const { moments, curves } = model;
    const [first, last] = [moments[0]!.time, moments.at(-1)!.time];
    const lasting = moments.map((moment) => ({
      ...moment,
      time: first + ((moment.time - first) / (last - first)) * seconds * 1000,
    }));
    const tail = curves.map((curve) => ({ ...curve, points: [...curve.points, { percent: 99.99, ms: 500 }] }));
    const page = renderHtml({ ...model, moments: lasting, curves: tail });
    const charts = page.split('<figure').slice(1);
    expect(charts.length).toBeGreaterThan(3);
    for (const text of charts) {
      const marks = [...text.matchAll(/<text class="(mid|end)" x="([\d.]+)" y="276">([^<]*)<\/text>/g)].map(
        ([, anchor, x, mark]) => {
          // About the widest that a usual font has.
          const width = mark!.length * 7.8;
          const end = anchor === 'end' ? Number(x) : Number(x) + width / 2;
          return { mark, start: end - width, end };
        },
      );
      expect(marks.length, text).toBeGreaterThan(1);
      expect(new Set(marks.map(({ mark }) => mark)).size, JSON.stringify(marks)).toBe(marks.length);
      for (const [at, { start, end }] of marks.entries()) {
        expect(end).toBeLessThanOrEqual(480);
        expect(start).toBeGreaterThan(at === 0 ? 0 : marks[at - 1]!.end);
      }
    }
  },
);

it('reports say of the traffic what the terminal says', async () => {
  const model = reportModel(await drivenCanary(), NOW);
  const [a, b] = model.view.versions.map(({ name }) => name) as [string, string];
  const split = (one: number) => [
    { name: a, value: one },
    { name: b, value: 100 - one },
  ];
  const shown = (weights: ExperimentView['weights']) => {
    const view = { ...model.view, weights };
    const page = renderHtml({ ...model, view });
    const theme = themeFor({ isTTY: false }, { mode: 'never', env: { LANG: 'C.UTF-8' } });
    return {
      hasChart: page.includes('Weights over time'),
      traffic: [
        /<dt>Traffic<\/dt><dd>(.*?)<\/dd>/.exec(page)![1],
        /^\| Traffic \| (.*) \|$/m.exec(renderMarkdown(view))![1],
        /^Traffic {2,}(.*)$/m.exec(renderDescribe(view, { theme, columns: 200 }))![1],
      ],
    };
  };
  // No object says how it is split: the default is no news beside what a backend counted.
  const counted = { known: false, now: split(100), recommended: split(100), observed: split(50) };
  const observed = `observed: ${a} 50 %, ${b} 50 %`;
  expect(shown(counted)).toEqual({ hasChart: false, traffic: [observed, observed, observed] });
  const stepped = `${a} 70 %, ${b} 30 % (${observed}; recommended: ${a} 60 %, ${b} 40 %)`;
  const known = { ...counted, known: true, now: split(70), recommended: split(60) };
  expect(shown(known)).toEqual({ hasChart: true, traffic: [stepped, stepped, stepped] });
});

it('an HTML report of a million requests, of ten versions and of nothing stays small and whole', async () => {
  const experiment = await drivenConformance();
  const record = readRecord(experiment)!;
  const histogram = Array.from({ length: 20_000 }, (_, at) => (at % 2 === 0 ? at / 2 + 1_000 : 100));
  const many = record.scopes.map((scope) => ({
    ...scope,
    tally: {
      ...scope.tally,
      response: { ...scope.tally.response, n: 1_000_000, histogram },
      service: { ...scope.tally.service, n: 1_000_000, histogram },
    },
  }));
  const large = {
    ...experiment,
    status: withRecord(experiment.status!, { ...record, scopes: many }, '2026-11-25T12:00:00Z'),
  };
  expect(html(large).length).toBeLessThan(1_000_000);
  expect(html(large)).toContain('1,000,000');
  const { status: _, ...never } = experiment;
  expect(html(never as Experiment)).toContain('Nothing was judged yet.');
});

it('a text in Markdown shows as it is, and is nothing but text', () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      for (const page of [
        `| a |\n| --- |\n| ${markdownText(text)} |\n`,
        `- ${markdownText(text)}\n`,
        `## ${markdownText(`x ${text}`)}\n`,
      ]) {
        const all = elements(parse(marked.parse(page, { async: false, gfm: true })));
        const names = all
          .map(({ tagName }) => tagName)
          .filter(
            (name) =>
              !['html', 'head', 'body', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'ul', 'li', 'h2'].includes(name),
          );
        expect(names, page).toEqual([]);
        expect(
          textOf(all[0]!)
            .replace(page.startsWith('|') ? /^\s*a\s+/ : '', '')
            .replace(/\s+/g, ' ')
            .trim(),
          page,
        ).toBe((page.startsWith('##') ? sanitizeLine(`x ${text}`) : sanitizeLine(text)).replace(/\s+/g, ' ').trim());
      }
    }),
    // The text that was once taken for the heading of its table.
    { numRuns: runs(300), examples: [['a']] },
  );
});

it('the tables of a Markdown report have as many cells in each row as in the head, whatever the names', async () => {
  const experiment = await drivenCanary();
  fc.assert(
    fc.property(hostileText, (text) => {
      for (const token of marked.lexer(markdown(withTexts(experiment, text)))) {
        if (token.type !== 'table') continue;
        expect((token as unknown as { rows: unknown[] }).rows.length).toBeGreaterThan(0);
      }
      const tables = marked.lexer(markdown(withTexts(experiment, text))).filter(({ type }) => type === 'table');
      expect(tables).toHaveLength(3);
    }),
    { numRuns: runs(60) },
  );
});

it('JUnit has a case for each objective and version, and fails those that are not satisfied, by type', async () => {
  const experiment = await drivenCanary();
  const { objectives } = experimentView(experiment, NOW);
  const all = xmlElements(junit(experiment));
  const cases = all.filter(({ name }) => name === 'testcase');
  expect(cases).toHaveLength(objectives.length + 1);
  const failures = all.filter(({ name }) => name === 'failure');
  const expected = objectives.filter(({ verdict }) => verdict !== 'satisfied').map(({ verdict }) => verdict);
  expect(failures.slice(0, expected.length).map(({ attributes }) => attributes['type'])).toEqual(expected);
  const suite = all.find(({ name }) => name === 'testsuite')!;
  expect(suite.attributes['failures']).toBe(String(failures.length));
  expect(suite.attributes['tests']).toBe(String(cases.length));
});

it('JUnit stays well-formed whatever the texts are', async () => {
  const experiment = await drivenCanary();
  const shape = (xml: string) =>
    xmlElements(xml).map(({ name, attributes }) => `${name} ${Object.keys(attributes).join(' ')}`);
  const expected = shape(junit(withTexts(experiment, 'x')));
  fc.assert(
    fc.property(hostileText, (text) => {
      expect(shape(junit(withTexts(experiment, text)))).toEqual(expected);
    }),
    { numRuns: runs(100) },
  );
});
