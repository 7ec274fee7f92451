/**
 * An experiment as GitHub Flavored Markdown, for pull requests and job summaries: the answer, then a table of objectives, then
 * what was seen. No text of an object can break a table, open a tag, a link or a mention.
 */
import { shortName } from '../experiment/metric-names.ts';
import type { LimitAssessment, Verdict } from '../judge/assessment.ts';
import { boundText, limitText, observedText } from '../judge/wording/limit-texts.ts';
import type { RecommendationKind } from '../judge/recommendation.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { patternText, problemTexts, progressText, trafficText } from '../view/header-texts.ts';
import { observationCells, observationHead } from './observation-cells.ts';
import { rowSentence } from '../judge/wording/row-sentence.ts';
import { formatCount } from '../text/units.ts';
import { answerOf, type ExperimentView } from '../view/experiment-view.ts';

const MARKS: Readonly<Record<RecommendationKind, string>> = {
  promote: '✅',
  'do not promote': '❌',
  undecided: '❔',
  failed: '⚠️',
};
const VERDICTS: Readonly<Record<Verdict, string>> = { satisfied: '✅', violated: '❌', undecided: '❔' };

const reference = (character: string): string => `&#${character.charCodeAt(0)};`;

/**
 * What Markdown, HTML or GitHub could act upon stands as a reference to itself, which shows the same: marks and tags everywhere,
 * `:` where it makes a link or an emoji, `www.`, and what would make a list or a rule of the text.
 */
export function markdownText(text: string): string {
  return sanitizeLine(text)
    .replace(/[\\`*_{}[\]<>#|~&@$]/g, reference)
    .replace(/:(?=\/\/|[\w+-]+:)/g, reference)
    .replace(/w(?=\.)/gi, reference)
    .replace(/^(\s*\d*)([-+.)=])/, (_, before: string, mark: string) => before + reference(mark));
}

export function renderMarkdown(view: ExperimentView): string {
  return `${[answer(view), facts(view), objectives(view), details(view), observed(view), warnings(view)]
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

function answer(view: ExperimentView): string {
  const { headline, judgedAgain, recommendation } = view;
  return [
    `## ${MARKS[answerOf(view)]} ${markdownText(headline)}`,
    ...(judgedAgain === undefined ? [] : ['', `Judged again: ${markdownText(judgedAgain)}`]),
    ...(recommendation.reasons.length === 0 ? [] : ['']),
    ...recommendation.reasons.map((reason) => `- ${markdownText(reason)}`),
  ].join('\n');
}

function facts(view: ExperimentView): string {
  const traffic = trafficText(view);
  const rows = [
    ['Experiment', `${view.name} (${view.namespace})`],
    ['Target', view.target],
    ['Pattern', patternText(view)],
    ['Stage', progressText(view)],
    ...(traffic === '' ? [] : [['Traffic', traffic]]),
  ];
  return table(
    ['', ''],
    rows.map((row) => row.map(markdownText)),
  );
}

function objectives(view: ExperimentView): string {
  if (view.objectives.length === 0) return '';
  const rows = view.objectives.map((one) => [
    `${VERDICTS[one.verdict]} ${one.verdict}`,
    ...[one.version, shortName(one.metric), limitText(one), observedText(one) ?? '-', boundText(one) ?? '-'].map(
      markdownText,
    ),
    formatCount(one.n),
  ]);
  return `### Objectives\n\n${table(['Verdict', 'Version', 'Metric', 'Limit', 'Observed', 'Bound', 'Requests'], rows, [6])}`;
}

/** Why each of them has its verdict. */
function details({ objectives: all }: ExperimentView): string {
  const sentences = all.map((one: LimitAssessment) => `- ${markdownText(rowSentence(one))}`);
  if (sentences.length === 0) return '';
  return `<details><summary>Evidence</summary>\n\n${sentences.join('\n')}\n\n</details>`;
}

const PERCENTILES = [50, 90, 95, 99];

function observed({ observations }: ExperimentView): string {
  if (observations.length === 0) return '';
  const rows = observations.map((one) => observationCells(one, PERCENTILES).map(markdownText));
  return `### Observed\n\n${table(observationHead('Codes', PERCENTILES), rows, [1, 2, 4, 5, 6, 7, 8, 9])}`;
}

function warnings(view: ExperimentView): string {
  return problemTexts(view)
    .map((text) => `> ${markdownText(text)}`)
    .join('\n>\n');
}

/** Cells are Markdown already. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, at) => (right.includes(at) ? '---:' : '---'))), ...rows.map(line)].join('\n');
}
