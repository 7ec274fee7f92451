/**
 * JUnit XML as CI servers read it: a test case for each side of an objective and version, so that what is violated and what is
 * undecided are failures of different types. Source of the form: junit-10.xsd of the Jenkins xUnit plugin.
 */
import { shortName } from '../experiment/metric-names.ts';
import type { LimitAssessment } from '../judge/assessment.ts';
import { limitText } from '../judge/wording/sentences.ts';
import { secondsTaken } from '../view/header-texts.ts';
import type { ExperimentView } from '../view/experiment-view.ts';
import { rowSentence } from '../judge/wording/row-sentence.ts';
import { joined, lines, markup, type Markup } from './markup.ts';

interface TestCase {
  readonly name: string;
  readonly className: string;
  readonly failure?: { readonly type: 'violated' | 'undecided' | 'failed'; readonly message: string } | undefined;
}

export function renderJunit(view: ExperimentView): string {
  const cases = [...view.objectives.map((one) => objectiveCase(one, view)), recommendationCase(view)];
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const seconds = secondsOf(view);
  const suite = `${view.namespace}/${view.name}`;
  const document = markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="iter8ctl" tests="${cases.length}" failures="${failures}" errors="0" time="${seconds}">
<testsuite name="${suite}" tests="${cases.length}" failures="${failures}" errors="0" skipped="0" time="${seconds}"${
    view.startedAt === undefined ? undefined : markup` timestamp="${localTime(view.startedAt)}"`
  }>
${joined(cases.map(testCase))}
<system-out>${lines([view.headline, ...view.recommendation.reasons].join('\n'))}</system-out>
<system-err>${lines(view.warnings.join('\n'))}</system-err>
</testsuite>
</testsuites>
`;
  return document.text;
}

function objectiveCase(one: LimitAssessment, view: ExperimentView): TestCase {
  return {
    name: `${shortName(one.metric)} ${limitText(one)}`,
    className: `${view.name}.${one.version}`,
    ...(one.verdict === 'satisfied' ? {} : { failure: { type: one.verdict, message: rowSentence(one) } }),
  };
}

/** The answer itself: objectives may be satisfied and nothing be promoted. */
function recommendationCase(view: ExperimentView): TestCase {
  const { verdict, reasons } = view.recommendation;
  const types = { 'do not promote': 'violated', undecided: 'undecided', failed: 'failed' } as const;
  return {
    name: 'recommendation',
    className: view.name,
    ...(verdict === 'promote'
      ? {}
      : { failure: { type: types[verdict], message: [view.headline, ...reasons].join('\n') } }),
  };
}

function testCase({ name, className, failure }: TestCase): Markup {
  const begin = markup`<testcase classname="${className}" name="${name}" time="0"`;
  if (failure === undefined) return markup`${begin}/>`;
  const [first = ''] = failure.message.split('\n');
  return markup`${begin}><failure type="${failure.type}" message="${first}">${lines(failure.message)}</failure></testcase>`;
}

/** With ms. */
function secondsOf(view: ExperimentView): string {
  const seconds = secondsTaken(view);
  return Number.isFinite(seconds) && seconds > 0 ? seconds.toFixed(3) : '0';
}

/** The schema takes no zone: UTC. */
function localTime(time: string): string {
  return time.replace(/(\.\d+)?Z$/, '');
}
