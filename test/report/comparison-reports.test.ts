/** Reports of comparisons: whatever the names are they are what they claim to be, and say what is so. */
import fc from 'fast-check';
import { marked } from 'marked';
import { parse } from 'parse5';
import { expect, it } from 'vitest';
import { runComparisonJunit, selfComparisonJunit } from '../../src/report/comparison-junit.ts';
import { runComparisonPage } from '../../src/report/html/run-comparison-page.ts';
import { selfComparisonPage } from '../../src/report/html/self-comparison-page.ts';
import { runComparisonMarkdown } from '../../src/report/run-comparison.ts';
import { selfComparisonMarkdown } from '../../src/report/self-comparison.ts';
import { sanitizeLine } from '../../src/text/sanitize.ts';
import { comparedRuns, comparedWithItself } from '../support/compared.ts';
import { elements, skeleton, textOf, xmlElements } from '../support/markup.ts';
import { hostileText } from '../support/reported.ts';

const page = (text: string) =>
  runComparisonPage(comparedRuns(text), 'x') + selfComparisonPage(comparedWithItself(text), 'x');
const shape = (xml: string) =>
  xmlElements(xml).map(({ name, attributes }) => `${name} ${Object.keys(attributes).join(' ')}`);

it('an HTML page has the same elements whatever the names are, loads nothing and runs nothing', () => {
  const plain = page('x');
  const expected = skeleton(plain);
  expect(expected.length).toBeGreaterThan(150);
  fc.assert(
    fc.property(hostileText, (text) => {
      expect(skeleton(page(text))).toEqual(expected);
    }),
    { numRuns: 15 },
  );
  const tags = elements(parse(plain)).map(({ tagName }) => tagName);
  for (const tag of ['script', 'link', 'img', 'iframe']) expect(tags).not.toContain(tag);
  expect(plain).not.toMatch(/url\(|@import|\son\w+=/);
});

it('an HTML page shows the answer first, both estimates, and each difference as a picture that is named in words', () => {
  const view = comparedRuns('x');
  const all = elements(parse(runComparisonPage(view, 'iter8ctl 1')));
  const h1 = all.find(({ tagName }) => tagName === 'h1')!;
  expect(textOf(h1)).toBe(view.headline);
  const rows = all.filter(({ tagName, parentNode }) => tagName === 'tr' && parentNode!.nodeName === 'tbody');
  const p50 = textOf(rows.find((row) => textOf(row).includes('p50'))!);
  expect(p50.replaceAll(/\s+/g, ' ')).toMatch(/worse p50 ?200 and 60 20 ms.* 40 ms.*\+20 ms \(\+100/);
  const labels = all.flatMap(({ attrs }) =>
    attrs.filter(({ name }) => name === 'aria-label').map(({ value }) => value),
  );
  expect(labels).toContainEqual(expect.stringMatching(/^B - A: \+20 ms.*: worse$/));
  expect(labels).toContainEqual(expect.stringMatching(/no difference is shown$/));
});

it('a bar ends in an arrow where a bound is not known, and stands within its picture', () => {
  const bars = elements(parse(page('x'))).filter(({ attrs }) => attrs.some(({ value }) => value.startsWith('bar')));
  expect(bars.length).toBeGreaterThan(6);
  for (const bar of bars)
    for (const { attrs } of elements(bar))
      for (const { name, value } of attrs)
        if (['x', 'x1', 'x2', 'cx', 'width'].includes(name)) {
          expect(Number(value)).toBeGreaterThanOrEqual(0);
          expect(Number(value)).toBeLessThanOrEqual(200);
        }
  expect(page('x').includes('class="beyond"')).toBe(true);
});

it('JUnit has a case for each row and one for the answer: a regression fails, what cannot be determined is skipped', () => {
  const view = comparedRuns('x');
  const cases = xmlElements(runComparisonJunit(view)).filter(({ name }) => name === 'testcase');
  expect(cases).toHaveLength(view.rows.length + 1);
  const all = xmlElements(runComparisonJunit(view));
  const worse = view.rows.filter(({ answer }) => answer === 'worse');
  const failures = all.filter(({ name }) => name === 'failure');
  expect(failures.map(({ attributes }) => attributes['type'])).toEqual([...worse, 1].map(() => 'regression'));
  expect(failures[0]!.text).toMatch(/^p50 is worse: 20 ms in A, 40 ms in B; B - A is \+20 ms/);
  const suite = all.find(({ name }) => name === 'testsuite')!.attributes;
  const skipped = view.rows.filter(({ answer }) => answer === 'unknown' || answer === 'not-judged');
  expect(suite).toMatchObject({ failures: String(failures.length), skipped: String(skipped.length) });
  const open = { ...view, answer: 'undecided', rows: skipped } as const;
  expect(xmlElements(runComparisonJunit(open)).find(({ name }) => name === 'failure')!.attributes['type']).toBe(
    'undecided',
  );
});

it('JUnit of a run against itself fails by false alarms, or where nothing could be determined, by type', () => {
  const view = comparedWithItself('x');
  const types = (answer: typeof view.answer) =>
    xmlElements(selfComparisonJunit({ ...view, answer }))
      .filter(({ name }) => name === 'failure')
      .map(({ attributes }) => attributes['type']);
  expect([types('within'), types('more'), types('open')]).toEqual([[], ['false-alarms'], ['undecided']]);
});

it('JUnit and Markdown keep their shape whatever the names are', () => {
  const documents = (text: string) => [
    shape(runComparisonJunit(comparedRuns(text))),
    shape(selfComparisonJunit(comparedWithItself(text))),
  ];
  const expected = documents('x');
  fc.assert(
    fc.property(hostileText, (text) => {
      expect(documents(text)).toEqual(expected);
      for (const markdown of [
        runComparisonMarkdown(comparedRuns(text)),
        selfComparisonMarkdown(comparedWithItself(text)),
      ]) {
        const tags = elements(parse(marked.parse(markdown, { async: false, gfm: true }))).map(({ tagName }) => tagName);
        for (const tag of ['script', 'a', 'img', 'code', 'em', 'strong', 'del'])
          expect(tags, sanitizeLine(text)).not.toContain(tag);
      }
    }),
    { numRuns: 15 },
  );
});
