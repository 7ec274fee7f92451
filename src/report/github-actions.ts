/**
 * What GitHub Actions understands: workflow commands, which are lines of a log, and the files of outputs and of the job summary.
 * Source: docs.github.com, "Workflow commands for GitHub Actions"; what is escaped: github.com/actions/toolkit, command.ts.
 */
import type { LimitAssessment } from '../judge/assessment.ts';
import { rowSentence } from '../judge/wording/row-sentence.ts';
import { answerOf, type ExperimentView } from '../view/experiment-view.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { renderMarkdown } from './markdown.ts';

export type Level = 'error' | 'warning' | 'notice';
export type Annotation = readonly [level: Level, message: string, title: string];

/** More of one level are not shown for a step. */
const MOST_OF_A_LEVEL = 10;

/** Of a job summary, for one step; what is larger is not shown at all. */
const SUMMARY_BYTES = 1024 * 1024;

/** One line. Nothing in the texts can end it, or begin another command. */
export function workflowCommand(name: string, message: string, title?: string): string {
  const properties = title === undefined ? '' : ` title=${escapeProperty(title)}`;
  return `::${name}${properties}::${escapeData(sanitizeLine(message))}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(sanitizeLine(text)).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** The answer, then each objective that is not satisfied. */
export function annotations(view: ExperimentView): string[] {
  const title = `${view.namespace}/${view.name}`;
  const { reasons } = view.recommendation;
  const rows = view.objectives
    .filter(({ verdict }) => verdict !== 'satisfied')
    .map((one): Annotation => [levelOf(one), rowSentence(one), `${title}: ${one.version}`]);
  const answer = [view.headline, ...reasons.slice(0, 1)].join(': ');
  return annotationLines([[levelOfAnswer(view), answer, title], ...rows]);
}

/** As many of each level as are shown. */
export function annotationLines(all: readonly Annotation[]): string[] {
  const left: Record<Level, number> = { error: MOST_OF_A_LEVEL, warning: MOST_OF_A_LEVEL, notice: MOST_OF_A_LEVEL };
  return all
    .filter(([level]) => left[level]-- > 0)
    .map(([level, message, title]) => workflowCommand(level, message, title));
}

function levelOf({ verdict }: LimitAssessment): Level {
  return verdict === 'violated' ? 'error' : 'warning';
}

function levelOfAnswer(view: ExperimentView): Level {
  const verdict = answerOf(view);
  if (verdict === 'promote') return 'notice';
  return verdict === 'undecided' ? 'warning' : 'error';
}

/** Outputs of the step, as its file takes them. `delimiter`: in no value, and known to nobody who could write one. */
export function outputs(view: ExperimentView, reports: readonly string[], delimiter: string): string {
  const verdict = answerOf(view);
  const { recommendation, versions } = view;
  // Before the end the one to keep is the baseline, whoever is ahead so far.
  const version =
    verdict === recommendation.verdict
      ? recommendation.version
      : versions.find(({ role }) => role === 'baseline')?.name;
  return outputsText({ verdict, version: version ?? '', report: reports.join('\n') }, delimiter);
}

export function outputsText(values: Readonly<Record<string, string>>, delimiter: string): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}<<${delimiter}\n${value}\n${delimiter}\n`)
    .join('');
}

/** The part of the job summary that is about this experiment. */
export function jobSummary(view: ExperimentView): string {
  return summaryText(renderMarkdown(view));
}

/** What is too large for a summary is left out, but for its heading. */
export function summaryText(markdown: string): string {
  const text = `${markdown}\n`;
  if (Buffer.byteLength(text) <= SUMMARY_BYTES) return text;
  const [heading = ''] = text.split('\n', 1);
  return `${heading}\n\nThe rest is too large for a job summary: see the report.\n\n`;
}
